"""The openly licensed sets the kind classifier learns from, each mapped to the five kinds.

A row carries every kind its published label allows: a 'comment' may be praise or something else, a query
about a late card a problem or a question. Training shares the row between the allowed kinds by what the
model believes, so no mapping has to claim more than the label says. `measuring_rows` reads the sets that
may only be measured on.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from topics.records import Kind

P, R, Q, PR, O = Kind  # noqa: E741 - short names for the mapping
OWN_FILE = Path(__file__).with_name("train_own.json")
INTENTS_FILE = Path(__file__).with_name("train_intents.json")
_CAPITALS = 0.7  # of our patterns begin with one
_CAP = 1_500  # rows of one set: above that it only costs time


@dataclass(frozen=True, slots=True)
class Row:
    """One training text: the set it comes from, its language, and every kind its label allows."""

    source: str
    text: str
    allowed: frozenset[Kind]
    language: str = "en"


def _row(source: str, text: str, *allowed: Kind, language: str = "en") -> Row:
    return Row(source, " ".join(text.split()), frozenset(allowed), language)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _stars(row: dict[str, str]) -> int:
    digits = re.match(r"\d", row.get("stars") or "")
    return int(digits.group()) if digits else 3


# --- one reader a set ---

_IJCNLP = {"complaint": P, "bug": P, "request": R, "meaningless": O}


def _ijcnlp(folder: Path) -> Iterator[Row]:
    labels: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in _read(folder / "customer_feedback_ijcnlp17_part.csv"):
        labels[row["lang"], row["text"]].add(row["label"])
    for (language, text), found in labels.items():
        if "undetermined" in found:
            continue
        kinds = {_IJCNLP[label] for label in found if label in _IJCNLP}
        if kinds == {O}:
            yield _row("ijcnlp", text, O, language=language)
        elif kinds - {O}:
            yield _row("ijcnlp", text, *(kinds - {O}), language=language)
        else:
            yield _row("ijcnlp", text, PR, O, language=language)


def _maalej(folder: Path) -> Iterator[Row]:
    reviews: dict[str, tuple[str, int, set[str]]] = {}
    for row in _read(folder / "appreviews_maalej.csv"):
        text = ". ".join(part for part in (row["title"].strip(), row["text"].strip()) if part)
        reviews.setdefault(text, (row["app_id"], _stars(row), set()))[2].add(row["label"])
    for text, (_, stars, labels) in reviews.items():
        kinds = _app_review(labels, stars)
        if kinds and len(text) <= 400:  # noqa: PLR2004 - longer reviews make several points
            yield _row("maalej", text, *kinds)


def _app_review(labels: set[str], stars: int) -> tuple[Kind, ...]:
    if "Bug" in labels:
        return (P, R) if "Feature" in labels else (P,)
    if "Feature" in labels:
        return (R,) if stars > 2 else (P, R)  # noqa: PLR2004 - one or two stars is a disappointment too
    return {1: (P,), 2: (P,), 4: (PR, O), 5: (PR,)}.get(stars, ())


def _urr(folder: Path) -> Iterator[Row]:
    for row in _read(folder / "appreviews_urr.csv"):
        error = "ERROR" in (row["low_level"] or "").split("|") or row["ardoc"] == "PROBLEM_DISCOVERY"
        stars = _stars(row)
        if row["ardoc"] == "INFORMATION_SEEKING" or len(row["text"]) > 400:  # noqa: PLR2004 - several points
            continue
        if stars <= 2:  # noqa: PLR2004 - as above
            yield _row("urr", row["text"], P)
        elif row["ardoc"] == "FEATURE_REQUEST":
            yield _row("urr", row["text"], R, P, PR)
        elif stars >= 4:  # noqa: PLR2004 - four stars and no fault found
            yield _row("urr", row["text"], *((P, PR, R) if error else (PR, R)))


def _intents(name: str) -> dict[str, tuple[Kind, ...]]:
    named = json.loads(INTENTS_FILE.read_text(encoding="utf-8"))[name]
    return {
        intent: () if said.startswith("skipped") else tuple(Kind(kind) for kind in said.split(" or "))
        for said, intents in named.items()
        for intent in intents
    }


def _hint3(folder: Path) -> Iterator[Row]:
    intents = _intents("hint3")
    for row in _read(folder / "hint3_train.csv"):
        if kinds := intents.get(row["label"], (Q,)):
            yield _row("hint3", row["text"], *kinds)


def _banking(folder: Path) -> Iterator[Row]:
    intents = _intents("banking77")
    for row in _read(folder / "banking77_train.csv"):
        kinds = intents.get(row["label"], (Q,)) or ((Q,) if row["text"].rstrip().endswith("?") else ())
        if kinds:
            yield _row("banking77", row["text"], *kinds)


_ASKS = re.compile(
    r"(what|when|where|which|who|how|why|do|does|is|are|can|could|would|will|did|has|have)\b", re.IGNORECASE
)


def _clinc(folder: Path) -> Iterator[Row]:
    intents = _intents("clinc150")
    for row in _read(folder / "clinc150_imbalanced.csv"):
        text = row["text"]
        if kinds := intents.get(row["label"]):
            yield _row("clinc150", text, *kinds)
        elif _ASKS.match(text) and not text.lower().startswith(
            ("can you", "could you", "would you", "will you")
        ):
            yield _row("clinc150", text, Q)


def _dabrowski(folder: Path) -> Iterator[Row]:
    for row in _read(folder / "feature_sentences_dabrowski.csv"):
        if row["feature_negative"]:
            yield _row("dabrowski", row["text"], P, R)
        elif row["feature_positive"]:
            yield _row("dabrowski", row["text"], PR)


def _youtube(folder: Path) -> Iterator[Row]:
    for row in _read(folder / "youtube_reviews_incident.csv"):
        stars = _stars(row)
        if len(row["text"]) <= 300 and stars in (1, 2, 5):  # noqa: PLR2004 - one point, and clear
            yield _row("youtube", row["text"], *((P, R) if stars <= 2 else (PR, R)))  # noqa: PLR2004 - few stars


_ADDS = re.compile(
    r"(\[.*?\] *)?(add|allow|support|implement|provide|enable|please|option|make it|ability|wish|rfe)\b",
    re.IGNORECASE,
)
_CHORES = re.compile(
    r"(\[.*?\] *)?(port|remove|update|fix|make|use|bump|convert|replace|clean|move|rename|switch|drop|"
    r"backport|don.t|do not|stop|change|get rid|sync|revert|re-?enable|disable|rewrite|merge|improve|upgrade|"
    r"prepare|release)\b",
    re.IGNORECASE,
)


def _seamonkey(folder: Path) -> Iterator[Row]:
    for row in _read(folder / "seamonkey_issues.csv"):
        title = row["summary"]
        if _ADDS.match(title):
            yield _row("seamonkey", title, R)
        elif not _CHORES.match(title):
            yield _row("seamonkey", title, P)


def _sms(folder: Path) -> Iterator[Row]:
    for row in _read(folder / "sms_spam.csv"):
        yield _row("sms", row["text"], O)


# --- our own sentences ---


def own_rows(path: Path = OWN_FILE, seed: int = 7) -> list[Row]:
    """Return our own sentences (source `own`), and our patterns filled from our word lists (`patterns`)."""
    own = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        _row("own", text, Kind(kind), language=language)
        for kind, languages in own["sentences"].items()
        for language, texts in languages.items()
        for text in texts
    ]
    chance = random.Random(seed)  # noqa: S311 - repeatable
    return rows + list(_patterns(own["patterns"], own["words"], own["each_pattern"], chance))


def _patterns(
    patterns: dict[str, list[str]], words: dict[str, dict[str, list[str]]], each: int, chance: random.Random
) -> Iterator[Row]:
    for kind, shapes in patterns.items():
        for shape in shapes:
            for field in chance.sample(sorted(words), min(each, len(words))):
                yield _row("patterns", _fill(shape, words[field], chance), Kind(kind))


def _fill(shape: str, words: dict[str, list[str]], chance: random.Random) -> str:
    text = re.sub(r"\{(\w+)\}", lambda slot: chance.choice(words[slot[1]]), shape)
    return text[:1].upper() + text[1:] if chance.random() < _CAPITALS else text


# --- all of them ---

READERS: dict[str, Callable[[Path], Iterable[Row]]] = {
    "ijcnlp": _ijcnlp,
    "maalej": _maalej,
    "urr": _urr,
    "hint3": _hint3,
    "banking77": _banking,
    "clinc150": _clinc,
    "dabrowski": _dabrowski,
    "youtube": _youtube,
    "seamonkey": _seamonkey,
    "sms": _sms,
}


LICENCES: dict[str, dict[str, str]] = {
    name: {"set": name, "file": file, "title": title, "licence": licence}
    for name, file, title, licence in (
        ("banking77", "banking77_train.csv", "BANKING77, PolyAI (Casanueva et al. 2020)", "CC BY 4.0"),
        ("clinc150", "clinc150_imbalanced.csv", "CLINC150, imbalanced (Larson et al. 2019)", "CC BY 3.0"),
        (
            "dabrowski",
            "feature_sentences_dabrowski.csv",
            "App review sentences with features (Dabrowski et al. 2020)",
            "MIT",
        ),
        ("hint3", "hint3_train.csv", "HINT3 (Arora et al. 2020)", "ODbL 1.0"),
        (
            "ijcnlp",
            "customer_feedback_ijcnlp17_part.csv",
            "IJCNLP-2017 task 4, customer feedback analysis (Liu et al. 2017)",
            "shared-task data in an Apache-2.0 repository",
        ),
        ("maalej", "appreviews_maalej.csv", "App reviews by type (Maalej and Nabil 2015)", "CC0"),
        ("own", "topics/train_own.json", "Sentences written for this project", "Apache-2.0"),
        ("patterns", "topics/train_own.json", "Patterns written for this project", "Apache-2.0"),
        ("seamonkey", "seamonkey_issues.csv", "SeaMonkey bug reports", "CC BY 4.0"),
        ("sms", "sms_spam.csv", "SMS Spam Collection (Almeida and Hidalgo 2011)", "CC BY 4.0"),
        ("urr", "appreviews_urr.csv", "User review reference (Ciurumelea et al. 2017)", "MIT"),
        ("youtube", "youtube_reviews_incident.csv", "Dated reviews of a video app around an outage", "MIT"),
    )
}


def training_rows(folder: Path, cap: int = _CAP, seed: int = 7) -> list[Row]:
    """Return the rows of every set found in `folder` and our own, at most `cap` a set, in a fixed order.

    Raises `FileNotFoundError`, naming the file, when a set is missing.
    """
    rows: list[Row] = []
    for reader in READERS.values():
        found = [row for row in reader(folder) if row.text]
        if len(found) > cap and found[0].source != "ijcnlp":
            found = random.Random(seed).sample(found, cap)  # noqa: S311 - repeatable
        rows += found
    return rows + own_rows()


# --- sets that may only be measured on ---


def _airline(folder: Path) -> Iterator[Row]:
    for row in _read(folder / "airline_tweets_feb16-20.csv"):
        text = row["text"]
        if row["sentiment"] == "negative":
            yield _row("airline", text, P)
        else:
            yield _row("airline", text, R, Q, PR, O)


def _forum(folder: Path) -> Iterator[Row]:
    for row in _read(folder / "suggestions_semeval19_train.csv"):
        yield _row("forum", row["text"], *((R,) if row["label"] == "1" else (P, Q, PR, O)))


def measuring_rows(folder: Path) -> list[Row]:
    """Return the rows of the sets whose licence forbids training on them, where `folder` has them.

    A negative tweet allows only a problem, any other tweet all but a problem; a suggestion only a request,
    any other forum sentence all but a request.
    """
    found = []
    for name, reader in (
        ("airline_tweets_feb16-20.csv", _airline),
        ("suggestions_semeval19_train.csv", _forum),
    ):
        if (folder / name).exists():
            found += [row for row in reader(folder) if row.text]
    return found
