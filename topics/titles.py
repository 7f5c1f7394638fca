"""Titles: a line that reads like a ticket, from what the most central people said; no language model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from topics.clauses import clauses
from topics.grammar import UNFIT, declared, form
from topics.keywords import Keyword
from topics.records import Kind
from topics.terms import commonest, language_of, stem, stop_words, word_list, words

_LONGEST = 80  # characters of a title
_CENTRAL = 30  # members whose clauses may become the title
_HEARD = 200  # members asked how common a word is
_PARSED = 25  # candidates worth a parse
_INSIDE = re.compile(r"(?<=[\w,'] )\w[\w'-]*")  # a word that does not start its sentence
_MOSTLY = 0.6  # of the times a word is written
_LEAST = 0.35  # a clause scoring less says less than two keywords
_FEW = 3  # below so many members, a word of one of them is still the topic's


@dataclass(frozen=True, slots=True)
class Member:
    """A statement of the topic and how central it is, 0-1."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class _Topic:
    """What a candidate is held against."""

    shares: Mapping[str, float]  # stem: how many of the members say it, relative to the commonest
    keys: Mapping[
        frozenset[str], float
    ]  # the stems of each keyword: its weight, halved if a near topic has it
    alone: frozenset[str]  # stems in one member only: perhaps a name
    forms: Mapping[str, str]  # lower-case word: as people write it inside a sentence


def title(
    members: Sequence[Member],
    keywords: Sequence[Keyword],
    others: Sequence[Sequence[Keyword]],
    *,
    kind: Kind,
    banned: frozenset[str] = frozenset(),
) -> str:
    """Return a title of at most 80 characters, in sentence case, without closing punctuation; never empty.

    The clauses of the 30 most central members, made impersonal, are scored by how central their statement
    is, how common their words are in the topic, how many of its `keywords` they hold (half for those that
    `others`, the keywords of the nearest topics, hold too) and how well they read. `banned` are lower-case
    words that must not show, such as a brand's name. No swear words, and no name or number that only one
    member says. If no clause will do, the two best keywords. The order of `members` does not matter.
    """
    ranked = sorted(set(members), key=lambda member: (-member.weight, member.text))
    topic = _topic(ranked[:_HEARD], keywords, others)
    taboo = word_list("swear") | banned
    scored: dict[str, float] = {}
    for place, member in enumerate(ranked[:_CENTRAL]):
        centrality = 1 - place / _CENTRAL
        for clause in clauses(member.text, kind=kind, banned=banned):
            if _may_show(clause, topic, taboo):
                scored[clause] = max(scored.get(clause, -9.0), 0.2 * centrality + _fit(clause, topic, kind))
    line = _best(scored, kind) or _from_keywords(keywords, taboo) or _from_words(topic, taboo)
    return _cased(line or f"{kind.capitalize()} in a few words", topic.forms)


def _best(scored: Mapping[str, float], kind: Kind) -> str:
    """Return the clause that with its form has the highest score, "" if none is fit."""
    first = sorted(scored, key=lambda clause: (-scored[clause], clause))[:_PARSED]
    read = {clause: declared(clause) for clause in first}
    final = {
        line: scored[clause] + form(line, kind) for clause, line in reversed(read.items()) if _fits(line)
    }
    best = min(final, key=lambda line: (-round(final[line], 6), line), default="")
    return best if best and final[best] >= _LEAST else ""


def _fits(line: str) -> bool:
    """Say whether `line` is short enough."""
    return len(line) <= _LONGEST


def _topic(
    members: Sequence[Member], keywords: Sequence[Keyword], others: Sequence[Sequence[Keyword]]
) -> _Topic:
    """Gather what the members have in common."""
    said = [words(member.text) for member in members]
    heard = Counter(stem_ for tokens in said for stem_ in _content_stems(tokens))
    commonest_count = max(heard.values(), default=1)
    elsewhere = {stem(word) for keys in others for key in keys for word in key.term.split()}
    keys = {
        frozenset(map(stem, key.term.split())): key.weight * (0.5 if _all_in(key.term, elsewhere) else 1.0)
        for key in reversed(keywords)
    }
    alone = {s for s, n in heard.items() if n == 1} if len(members) >= _FEW else set()
    shares = {s: n / commonest_count for s, n in heard.items()}
    return _Topic(shares, keys, frozenset(alone), _written(members))


def _all_in(term: str, stems: set[str]) -> bool:
    """Say whether every word of `term` is among `stems`."""
    return all(stem(word) in stems for word in term.split())


def _content_stems(tokens: Sequence[str]) -> set[str]:
    """Return the stems of the words that carry the topic, in the language of `tokens`."""
    stops = stop_words(language_of(tokens)) | stop_words("en")
    return {stem(token) for token in tokens if token not in stops}


def _fit(clause: str, topic: _Topic, kind: Kind) -> float:
    """Return how much of what the topic is about `clause` says, about 0-0.9."""
    tokens = words(clause)
    stems = _content_stems(tokens)
    if not stems:
        return UNFIT
    common = sum(topic.shares.get(s, 0.0) for s in stems) / len(stems)
    best = sum(sorted(topic.keys.values(), reverse=True)[:3]) or 1.0
    covered = sum(weight for key, weight in topic.keys.items() if key <= stems)
    trouble = 0.12 if kind is Kind.PROBLEM and not word_list("trouble").isdisjoint(tokens) else 0.0
    return 0.4 * common + 0.5 * min(1.0, covered / best) + trouble


def _may_show(clause: str, topic: _Topic, taboo: frozenset[str]) -> bool:
    """Say whether `clause` has no bad word and nothing that could be one person's: a name, a number."""
    tokens = clause.split()
    for place, token in enumerate(tokens):
        bare = (words(token) or [""])[0]
        if bare in taboo:
            return False
        is_marked = any(c.isdigit() for c in token) or (
            place > 0 and token[:1].isupper() and not clause.isupper()
        )
        if is_marked and stem(bare) in topic.alone:
            return False
    return True


def _from_keywords(keywords: Sequence[Keyword], taboo: frozenset[str]) -> str:
    """Return the two best keywords, joined."""
    terms = [key.term for key in keywords if not taboo & set(key.term.split())][:2]
    return ": ".join(terms)


def _from_words(topic: _Topic, taboo: frozenset[str]) -> str:
    """Return the three commonest words of the topic that are no one's alone."""
    fit = [
        w for w in topic.forms if w not in taboo and stem(w) in topic.shares and stem(w) not in topic.alone
    ]
    return " ".join(sorted((w for w in fit if w.isalpha()), key=lambda w: (-topic.shares[stem(w)], w))[:3])


def _written(members: Iterable[Member]) -> dict[str, str]:
    """Return how most people write each word inside a sentence, leaving out those who shout."""
    forms: dict[str, Counter[str]] = {}
    for member in members:
        if not _is_shouted(member.text):
            for match in _INSIDE.finditer(member.text):
                forms.setdefault(match[0].lower(), Counter())[match[0]] += 1
    return {word: _usual(word, seen) for word, seen in forms.items()}


def _usual(word: str, seen: Counter[str]) -> str:
    """Return the form most people use; lower case if it is a stop word or if only one person has another."""
    form = commonest(seen)
    is_own = seen[form] > 1 and seen[form] >= _MOSTLY * seen.total() and word not in stop_words("en")
    return form if is_own else word


def _is_shouted(text: str) -> bool:
    """Say whether more than half of the letters of `text` are capitals."""
    letters = [c for c in text if c.isalpha()]
    return sum(c.isupper() for c in letters) > len(letters) / 2


def _cased(line: str, forms: Mapping[str, str]) -> str:
    """Return `line` with each word as most people write it and a capital at the start."""
    line = re.sub(r"^[^\w\"'(\u201c\u00ab]+", "", line)
    line = re.sub(r"\w[\w'-]*", lambda match: _cased_word(match[0], forms), line)
    return line if any(c.isupper() for c in line.split(" ")[0]) else line[:1].upper() + line[1:]


def _cased_word(word: str, forms: Mapping[str, str]) -> str:
    """Return one word as most people write it; a stop word in lower case, I as I."""
    if word.lower() == "i" or word.lower().startswith("i'"):
        return "I" + word[1:].lower()
    return forms.get(word.lower(), word.lower())
