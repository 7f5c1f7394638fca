"""Terms: the words of a statement that say what it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path

_LANGUAGES = ("en", "de", "fr", "es", "pt")

_ENGLISH = (
    "the and to of is it for my you was not have with on i this that are be at your no but so"
    " me dont cant wont didnt isnt we they get got what when why how has had been will can again"
)
_COMMON = tuple(
    frozenset(line.split())
    for line in (
        _ENGLISH,
        "der die das und ist nicht ich ein eine zu mit auf es wie den wir sie man von im bei kein auch",
        "le la les et est pas je une des pour dans que vous sur du au il on ne mon ma avec plus c",
        "el la los y es no que en un una por con para mi se las del lo al me muy pero como ya",
        "o a os e é não que em um uma por com para meu minha se as do da no na me mas muito já",
    )
)

# Letters and digits of any script with their combining marks, which Python's \w leaves out; ' and - join.
_MARKS = "\u0300-\u036f\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff"
_WORD = re.compile(rf"[^\W_](?:[\w{_MARKS}]|['\u2019\-](?=[^\W_]))*")
_NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+|(?<!\w)@\w+|<[A-Za-z_]+>|&\w+;")
_CONTRACTION = re.compile(r"['\u2019](?:s|m|d|ll|ve|re)$")


def words(text: str) -> list[str]:
    """Return the lower-case words of `text` in order, without links, handles, addresses and `'s`."""
    return list(_words(text))


@lru_cache(maxsize=16_384)
def _words(text: str) -> tuple[str, ...]:
    """Return what `words` does; the same lines are asked for again and again when titles are weighed."""
    found = _WORD.findall(_NOT_WORDS.sub(" ", text))
    return tuple(_CONTRACTION.sub("", word.lower()).replace("\u2019", "").replace("'", "") for word in found)


@lru_cache(maxsize=8)
def stop_words(language: str) -> frozenset[str]:
    """Return the words of `language` (ISO 639-1) that carry no topic; spaCy's list, with ours for chat.

    Languages other than en, de, fr, es and pt have none.
    """
    if language not in _LANGUAGES:
        return frozenset()
    listed = _spacy_stop_words(language)
    plain = frozenset(word.replace("'", "").replace("\u2019", "") for word in listed)
    return plain - word_list("content") | word_list("chat") if language == "en" else plain


def _spacy_stop_words(language: str) -> frozenset[str]:
    """Return spaCy's list, read from its own file: importing spaCy's French costs 4 s for rules unused here.

    Where the file is not found, the language is imported after all.
    """
    package = find_spec("spacy")
    homes = (package and package.submodule_search_locations) or ()
    for path in (Path(home, "lang", language, "stop_words.py") for home in homes):
        spec = spec_from_file_location(f"_spacy_stop_words_{language}", path) if path.is_file() else None
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return frozenset(module.STOP_WORDS)
    return frozenset(import_module(f"spacy.lang.{language}.stop_words").STOP_WORDS)


@lru_cache(maxsize=8)
def empty_words(language: str) -> frozenset[str]:
    """Return the stop words of `language` and of English."""
    return stop_words(language) | stop_words("en")


@lru_cache(maxsize=8)
def word_list(name: str) -> frozenset[str]:
    """Return our own list `name`: "swear", "chat" (stop words more) or "content" (no stop words)."""
    return frozenset(
        files("topics").joinpath("word_lists", f"{name}.txt").read_text(encoding="utf-8").split()
    )


def language_of(tokens: Sequence[str]) -> str:
    """Guess the language whose commonest words fill most of `tokens`; English when none or on a tie.

    One letter alone is no hint: "a" is a word of several. It only chooses a list of stop words, and a short
    list tells languages apart without loading all five. Whose language an item is, is decided elsewhere.
    """
    hits = [
        (sum(len(token) > 1 and token in common for token in tokens), -i) for i, common in enumerate(_COMMON)
    ]
    return _LANGUAGES[-max(hits)[1]]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a key shared by the forms of one word (bag, bags; delay, delayed); not a word to show."""
    word = word.replace("-", "")
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        root = word[: -len(ending)]
        if word.endswith(ending) and len(root) >= 3 and not word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - letters left to tell words apart
            return _trimmed(root + instead)
    return _trimmed(word)


def _trimmed(root: str) -> str:
    """Undo a doubled consonant and a silent e: stopp(ed), stop; cancell(ed), cancel; charge, charg(ed)."""
    if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeious":  # noqa: PLR2004 - as above
        return root[:-1]
    return root[:-1] if len(root) > 3 and root.endswith("e") else root  # noqa: PLR2004 - as above


def phrases(text: str, banned: frozenset[str] = frozenset()) -> list[tuple[str, ...]]:
    """Return the one- and two-word phrases of `text`, each a tuple of lower-case words, without stop words.

    A pair is two words in a row once stop words are gone, inside one clause: "lost my bag" has
    ("lost", "bag").
    `banned` holds lower-case words to leave out, such as a brand's name.
    """
    found: list[tuple[str, ...]] = []
    stops = empty_words(language_of(words(text)))
    for clause in re.split(r"[.!?;:\n,()]+\s", _NOT_WORDS.sub(" ", text)):
        kept = [
            w for w in words(clause) if w not in stops and w not in banned and len(w) > 1 and not _private(w)
        ]
        found += [(word,) for word in kept if not word.isdigit()]
        found += [pair for pair in pairwise(kept) if _may_pair(pair, banned)]
    return found


def _may_pair(pair: tuple[str, str], banned: frozenset[str]) -> bool:
    """Say whether a pair is more than two numbers and no banned name in two words."""
    return not all(word.isdigit() for word in pair) and "".join(pair) not in banned


def commonest(forms: Counter[str]) -> str:
    """Return the form seen most often; on a tie the shortest, then the first by alphabet."""
    return min(forms, key=lambda form: (-forms[form], len(form), form))


def _private(word: str) -> bool:
    """Say whether `word` looks like a number of someone's: a booking code, a flight, an account."""
    digits = sum(c.isdigit() for c in word)
    return digits >= 5 or bool(re.fullmatch(r"[a-z]{2}\d{2,4}|(?=.*\d)(?=.*[a-z])[a-z0-9]{6,}", word))  # noqa: PLR2004 - error codes are shorter
