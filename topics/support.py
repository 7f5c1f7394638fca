"""Support: how much of what a line says is said by the members of its topic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from topics.keywords import Keyword
from topics.records import Kind
from topics.terms import commonest, empty_words, language_of, stem, stop_words, word_list, words

UNFIT = -9.0  # what no title looks like

_INSIDE = re.compile(r"(?<=[\w,'] )\w[\w'-]*")  # a word that does not start its sentence
_MOSTLY = 0.6  # of the times a word is written
_FEW = 4  # below so many members, a word of one of them is still the topic's
_RARE = 0.1  # of the members: what fewer say is a detail
_NAME_SHARE = 0.15  # of the members: what fewer write with a capital may be somebody's name
_BEST_KEYS = 3
_TROUBLE = 0.15  # what naming the trouble is worth
_LONELY_COST, _RARE_COST = 0.30, 0.12
_ACRONYM, _OFTEN = 4, 0.3  # letters of a word that is one if so many write it in capitals
_PART_LETTERS = 3  # "Jet" is the start of @jetblue
_LONG_PART = 8  # letters of such a start that needs no capital
_BRAND_LETTERS = 6  # "southwest" gives @southwestair away, "us" does not give away @usairways


@dataclass(frozen=True, slots=True)
class Heard:
    """What the members of a topic say, for a candidate to be held against."""

    shares: Mapping[str, float]  # stem: part of the members that say it
    keys: Mapping[frozenset[str], float]  # stems of each keyword: its weight, halved if a near topic has it
    alone: frozenset[str]  # stems in one member only: perhaps a name
    forms: Mapping[str, str]  # lower-case word: as people write it inside a sentence
    said: tuple[frozenset[str], ...]  # the stems of each member
    lines: tuple[tuple[str, ...], ...]  # the stems of each member, in order, empty words too
    heard_words: frozenset[str]  # as they were written, in lower case
    banned: frozenset[str]
    kind: Kind


def heard(
    texts: Sequence[str],
    keywords: Sequence[Keyword],
    rivals: Sequence[Sequence[Keyword]],
    *,
    kind: Kind,
    banned: frozenset[str] = frozenset(),
) -> Heard:
    """Gather what `texts`, the members of a topic, have in common."""
    tokens = [words(text) for text in texts]
    said = tuple(content_stems(said) for said in tokens)
    count = Counter(s for stems in said for s in stems)
    elsewhere = {stem(word) for keys in rivals for key in keys for word in key.term.split()}
    keys = {
        frozenset(map(stem, key.term.split())): key.weight * (0.5 if _all_in(key.term, elsewhere) else 1.0)
        for key in reversed(keywords)
    }
    alone = {s for s, n in count.items() if n == 1} if len(texts) >= _FEW else set()
    return Heard(
        shares={s: n / len(texts) for s, n in count.items()},
        keys=keys,
        alone=frozenset(alone),
        forms=_written(texts),
        said=said,
        lines=tuple(tuple(map(stem, line)) for line in tokens),
        heard_words=frozenset(word for said in tokens for word in said),
        banned=banned,
        kind=kind,
    )


def content_stems(tokens: Sequence[str]) -> frozenset[str]:
    """Return the stems of the words that carry the topic, in the language of `tokens`."""
    stops = empty_words(language_of(tokens))
    return frozenset(stem(token) for token in tokens if token not in stops)


def is_shared(word: str, topic: Heard) -> bool:
    """Say whether `word` carries no detail that only few members give."""
    stems = content_stems(words(word))
    if any(c.isdigit() for c in word):
        return topic.shares.get(stem(word.lower()), 0.0) >= _NAME_SHARE
    return stems <= trouble_stems() or all(
        s not in topic.alone and topic.shares.get(s, 0.0) >= _RARE for s in stems
    )


def fit(line: str, topic: Heard, *, hopeful: bool = False) -> float:
    """Return how much of what `topic` is about `line` says, about -1 to 0.9.

    0.4 for how common its words are, 0.4 for the keywords in it, 0.15 for what is the trouble; 0.3 less for
    each word of one member only, 0.12 less for each that fewer than 10 % say, unless it is a word of trouble
    ("frozen"). A `hopeful` fit leaves such words out: they may be trimmed.
    """
    tokens = words(line)
    stems = content_stems(tokens)
    if not stems:
        return UNFIT
    most = max(topic.shares.values(), default=1.0)
    details = [s for s in stems if s in topic.alone or topic.shares.get(s, 0.0) < _RARE]
    common = [topic.shares.get(s, 0.0) / most for s in stems if not (hopeful and s in details)]
    best = sum(sorted(topic.keys.values(), reverse=True)[:_BEST_KEYS]) or 1.0
    covered = sum(weight for key, weight in topic.keys.items() if key <= stems)
    is_trouble = topic.kind is Kind.PROBLEM and not word_list("trouble").isdisjoint(tokens)
    score = 0.4 * sum(common) / max(1, len(common)) + 0.4 * min(1.0, covered / best) + _TROUBLE * is_trouble
    return score if hopeful else score - sum(_cost(s, topic) for s in details)


def _cost(detail: str, topic: Heard) -> float:
    """Return what a word costs that few members say."""
    cost = _LONELY_COST if detail in topic.alone else _RARE_COST
    return cost / 3 if detail in trouble_stems() else cost


@lru_cache(maxsize=1)
def trouble_stems() -> frozenset[str]:
    """Return the stems of the words that say what is the trouble."""
    return frozenset(map(stem, word_list("trouble")))


def may_show(line: str, topic: Heard) -> bool:
    """Say whether `line` has no swear word, no brand, and no name or number that may be one person's."""
    joined = "".join(words(line))
    if any(len(name) >= _BRAND_LETTERS and name in joined for name in topic.banned):
        return False
    for place, piece in enumerate(line.split()):
        bare = (words(piece) or [""])[0]
        if any(is_taboo(word, topic) or is_brand(word, topic) for word in words(piece)):
            return False
        is_capital = place > 0 and piece[:1].isupper() and not line.isupper() and piece != "I"
        is_name = is_capital or topic.forms.get(bare, "")[:1].isupper()
        if any(c.isdigit() for c in piece) and stem(bare) in topic.alone:
            return False
        if is_name and (stem(bare) in topic.alone or topic.shares.get(stem(bare), 1.0) < _NAME_SHARE):
            return False
    return True


def is_taboo(word: str, topic: Heard) -> bool:
    """Say whether `word` is a swear word or banned."""
    return word in word_list("swear") or word in topic.banned


def is_brand(word: str, topic: Heard) -> bool:
    """Say whether a word that people write with a capital begins a banned name."""
    if any(len(name) >= _BRAND_LETTERS and word.startswith(name) for name in topic.banned):
        return True
    is_name = topic.forms.get(word, "")[:1].isupper() or len(word) >= _LONG_PART
    is_long = len(word) >= _PART_LETTERS and is_name
    return is_long and any(name.startswith(word) for name in topic.banned)


def _all_in(term: str, stems: set[str]) -> bool:
    """Say whether every word of `term` is among `stems`."""
    return all(stem(word) in stems for word in term.split())


def _written(texts: Iterable[str]) -> dict[str, str]:
    """Return how most people write each word inside a sentence, leaving out those who shout."""
    forms: dict[str, Counter[str]] = {}
    for text in texts:
        if not _is_shouted(text):
            for match in _INSIDE.finditer(text):
                forms.setdefault(match[0].lower(), Counter())[match[0]] += 1
    return {word: _usual(word, seen) for word, seen in forms.items()}


def _usual(word: str, seen: Counter[str]) -> str:
    """Return the form most people use; lower case if it is a stop word or if only one person has another."""
    form = commonest(seen)
    if len(word) <= _ACRONYM and seen[word.upper()] >= _OFTEN * seen.total() and seen[word.upper()] > 1:
        return word.upper() if word not in stop_words("en") else word
    is_plain = word in stop_words("en") or word in word_list("trouble")
    is_own = seen[form] > 1 and seen[form] >= _MOSTLY * seen.total() and not is_plain
    return form if is_own else word


def _is_shouted(text: str) -> bool:
    """Say whether more than half of the letters of `text` are capitals."""
    letters = [c for c in text if c.isalpha()]
    return sum(c.isupper() for c in letters) > len(letters) / 2


def cased(line: str, topic: Heard) -> str:
    """Return `line` with each word as most people write it and a capital at the start."""
    line = re.sub(r"^[^\w\"'(\u201c\u00ab]+", "", line)
    line = re.sub(r"\w[\w'-]*", lambda match: _cased_word(match[0], topic.forms), line)
    return line if any(c.isupper() for c in line.split(" ")[0]) else line[:1].upper() + line[1:]


def _cased_word(word: str, forms: Mapping[str, str]) -> str:
    """Return one word as most people write it; a stop word in lower case, I as I."""
    if word.lower() == "i" or word.lower().startswith("i'"):
        return "I" + word[1:].lower()
    return forms.get(word.lower(), word.lower())
