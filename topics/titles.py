"""Titles: a line that reads like a ticket, from what the most central people said; no language model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topics.clauses import clauses, without_owner
from topics.composing import composed, made_up
from topics.grammar import declared, form, is_english, is_person, noun_phrases, read_ahead, shorter
from topics.keywords import Keyword
from topics.records import Kind
from topics.support import (
    UNFIT,
    Heard,
    cased,
    content_stems,
    fit,
    heard,
    is_shared,
    may_show,
)
from topics.terms import word_list, words

_LONGEST = 70  # characters of a title
_HEARD = 200  # members asked how common a word is
_CENTRAL = 60  # members whose clauses may become the title
_PARSED = 12  # clauses worth a parse
_ASKED = 5  # members asked whether a word is a name
_WORDS_READ = 24  # of a clause; trimming makes no title of a longer one
_FINAL = 5  # lines worth a vector
_LEAST = 0.8  # a line scoring less says less than a plain one; with vectors half of `_MEANING` more
_MEANING = 1.0  # what being near to the topic's centre is worth
_SHARED, _ANECDOTE = 0.4, 0.3  # a line that fits less tells one person's story, which costs it so much
_THIN = 0.15  # what a line costs that names a thing and nothing of it
_CLEARLY = 0.3  # by so much a new title must be better than the one so far
_PLAIN = 0.25  # what a composed line reads like
_CENTRED_FROM = 8  # topics whose common direction is worth taking off

_CLEAN = re.compile(r"[^\W_](?:[^\W_]|(?<=\w)['\u2019](?=\w)|[ ,/&%-](?! |$))*")  # words and what joins them

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Member:
    """A statement of the topic and how central it is, 0-1."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A topic that needs a title."""

    members: Sequence[Member]
    keywords: Sequence[Keyword]
    rivals: Sequence[Sequence[Keyword]] = ()  # the keywords of the nearest topics
    kind: Kind = Kind.PROBLEM
    centre: NDArray[np.float32] | None = None  # the mean of its members' vectors
    title: str = ""  # the machine's title so far


def title(
    members: Sequence[Member],
    keywords: Sequence[Keyword],
    others: Sequence[Sequence[Keyword]],
    *,
    kind: Kind,
    banned: frozenset[str] = frozenset(),
) -> str:
    """Return the title of one topic; see `titles`."""
    theme = Theme(members=members, keywords=keywords, rivals=others, kind=kind)
    return titles({0: theme}, banned=banned)[0]


def titles(
    themes: Mapping[int, Theme],
    *,
    banned: frozenset[str] = frozenset(),
    encode: Encode | None = None,
    taken: Collection[str] = (),
) -> dict[int, str]:
    """Return for each theme a title of at most 70 characters, in sentence case; never empty, none twice.

    Candidates are the clauses of the 60 most central members, made impersonal; their shorter forms, without
    details that few members give; and plain lines of what the members have in common ("lost bags", "problems
    with bags"). They are scored by how common their words are in the topic, how many of its keywords they
    hold (half for those that the `rivals` hold too), how well they read, and, with `encode` (texts to unit
    vectors of the same model as the centres), by how near they are to its centre and not to another's.
    `banned` are lower-case words that must not show, such as a brand's name; `taken` are titles of other
    topics. No swear words, no person's name, no number that only one member says. A theme's own title stays
    unless another line is clearly better. The order of members does not matter.
    """
    topics = {number: heard_of(theme, banned) for number, theme in sorted(themes.items())}
    first = {number: _clauses(themes[number], topic, banned) for number, topic in topics.items()}
    read_ahead(clause for found in first.values() for clause in found if is_english(clause))
    lines = {number: _promising(_lines(first[number], topic), topic) for number, topic in topics.items()}
    read_ahead(line for found in lines.values() for line in found if is_english(line))
    final = {number: _scored(lines[number], topic) for number, topic in topics.items()}
    usual = _usual(topics.values())
    plain = {number: _composed(first[number], topic, usual) for number, topic in topics.items()}
    final = {
        number: {**_so_far(themes[number], topics[number]), **plain[number], **found}
        for number, found in final.items()
    }
    if encode is not None:
        final = _with_meaning(final, themes, encode)
    least = _LEAST + (_MEANING / 2 if encode is not None else 0.0)
    used = {_key(line) for line in taken}
    found: dict[int, str] = {}
    for number, topic in topics.items():
        if _stands(themes[number].title, final[number], used):
            found[number] = themes[number].title
            used.add(_key(found[number]))
            continue
        ranked = _ranking(final[number], plain[number], used, least)
        line = next((line for line in ranked if not _names_person(line, topic, themes[number].members)), "")
        line = line or made_up(themes[number].keywords, topic, lambda made: _key(made) not in used)
        found[number] = cased(line, topic)
        used.add(_key(found[number]))
    return found


def heard_of(theme: Theme, banned: frozenset[str]) -> Heard:
    """Return what the members of a theme say, for a line to be held against."""
    texts = [member.text for member in _ranked(theme.members)[:_HEARD]]
    return heard(texts, theme.keywords, theme.rivals, kind=theme.kind, banned=banned)


def _ranked(members: Sequence[Member]) -> list[Member]:
    return sorted(set(members), key=lambda member: (-member.weight, member.text))


def _clauses(theme: Theme, topic: Heard, banned: frozenset[str]) -> dict[str, float]:
    """Return the clauses worth a parse, each with how central it was said."""
    central: dict[str, float] = {}
    for place, member in enumerate(_ranked(theme.members)[:_CENTRAL]):
        for clause in clauses(member.text, kind=theme.kind, banned=banned):
            said = clause.lower() if clause.isupper() else clause
            central.setdefault(said, 0.2 * (1 - place / _CENTRAL))
    promise = {
        clause: weight + fit(clause, topic, hopeful=True) - 0.01 * len(clause.split())
        for clause, weight in central.items()
        if len(clause.split()) <= _WORDS_READ
    }
    best = sorted(promise, key=lambda clause: (-round(promise[clause], 6), clause))[:_PARSED]
    return {clause: central[clause] for clause in best}


def _lines(found: Mapping[str, float], topic: Heard) -> dict[str, float]:
    """Return the clauses and their shorter forms that may show, each with how central it was said."""
    lines: dict[str, float] = {}
    for clause, weight in found.items():
        line = declared(clause)
        cut = shorter(line, lambda word: is_shared(word, topic)) if is_english(line) else []
        cut = [without_owner(form) for form in cut]
        cut = [form for form in cut if _says_trouble(form) or not _says_trouble(line)]
        for said in (line, *cut):
            if len(said) <= _LONGEST and _CLEAN.fullmatch(said) and may_show(said, topic):
                lines[said] = max(weight, lines.get(said, 0.0))
    return lines


def _so_far(theme: Theme, topic: Heard) -> dict[str, float]:
    """Return the title so far with what it would score today, if it may still show."""
    line = theme.title
    if not line or len(line) > _LONGEST or not may_show(line, topic):
        return {}
    return {line: 0.1 + max(_PLAIN, form(line, topic.kind)) + fit(line, topic)}


def _says_trouble(line: str) -> bool:
    """Say whether a line names what is the matter: what is trimmed must not be the point."""
    return not word_list("trouble").isdisjoint(words(line))


def _is_thin(line: str, topic: Heard) -> bool:
    """Say whether a line about a problem has one telling word and no trouble: "crew was sorry"."""
    is_one = len(content_stems(words(line))) < 2  # noqa: PLR2004 - one thing, and what is the matter with it
    return topic.kind is Kind.PROBLEM and is_one and not _says_trouble(line)


def _promising(lines: Mapping[str, float], topic: Heard) -> dict[str, float]:
    """Return the lines that say most of the topic; the rest isn't worth a second reading."""
    scores = {line: weight + fit(line, topic) for line, weight in lines.items()}
    best = sorted(scores, key=lambda line: (-round(scores[line], 6), line))[:_PARSED]
    return {line: lines[line] for line in best}


def _usual(topics: Collection[Heard]) -> dict[str, float]:
    """Return the mean share of each stem in all topics; nothing while these are few."""
    if len(topics) < _CENTRED_FROM:
        return {}
    total: Counter[str] = Counter()
    for topic in topics:
        total.update(topic.shares)
    return {s: share / len(topics) for s, share in total.items()}


def _composed(found: Iterable[str], topic: Heard, usual: Mapping[str, float]) -> dict[str, float]:
    """Return plain lines made of what the clauses have in common, with what they say."""
    phrases = [phrase for clause in found if is_english(clause) for phrase in noun_phrases(clause)]
    return {line: _PLAIN + fit(said, topic) for line, said in composed(phrases, topic, usual).items()}


def _scored(lines: Mapping[str, float], topic: Heard) -> dict[str, float]:
    """Return the best lines by what they say and how they read."""
    fits = {line: fit(line, topic) for line in lines}
    scores = {
        line: weight
        + fits[line]
        + form(line, topic.kind)
        - _ANECDOTE * (fits[line] < _SHARED)
        - _THIN * _is_thin(line, topic)
        for line, weight in lines.items()
    }
    best = sorted(scores, key=lambda line: (-round(scores[line], 6), line))[:_FINAL]
    return {line: scores[line] for line in best if scores[line] > UNFIT / 2}


def _names_person(line: str, topic: Heard, members: Sequence[Member]) -> bool:
    """Say whether a word with a capital is a person's name where members write it."""
    for word in words(line):
        usual = topic.forms.get(word, word)
        if not usual[:1].isupper() or usual.isupper():
            continue
        texts = [member.text for member in _ranked(members) if usual in member.text]
        if texts and is_person(word, texts[:_ASKED]):
            return True
    return False


def _with_meaning(
    final: Mapping[int, Mapping[str, float]], themes: Mapping[int, Theme], encode: Encode
) -> dict[int, dict[str, float]]:
    """Add to each line how near its meaning is to its topic's, beyond how near it is to the next one's."""
    texts = sorted({line for found in final.values() for line in found})
    numbers = [number for number in final if themes[number].centre is not None]
    if not texts or not numbers:
        return {number: dict(found) for number, found in final.items()}
    centres = np.array([themes[number].centre for number in numbers])
    shared = centres.mean(axis=0) if len(numbers) >= _CENTRED_FROM else np.zeros_like(centres[0])
    near = _units(encode(texts) - shared) @ _units(centres - shared).T
    place = {text: i for i, text in enumerate(texts)}
    column = {number: i for i, number in enumerate(numbers)}
    return {
        number: {
            line: score + (_gain(near[place[line]], column[number]) if number in column else 0.0)
            for line, score in found.items()
        }
        for number, found in final.items()
    }


def _gain(near: NDArray[np.float32], own: int) -> float:
    """Return what a line's nearness to its own topic is worth, less where it is nearer to another."""
    rest = float(np.delete(near, own).max()) if len(near) > 1 else 0.0
    return round(_MEANING * float(near[own]) - 0.8 * max(0.0, rest - float(near[own])), 5)


def _units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    units: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return units


def _key(line: str) -> frozenset[str]:
    """Return what makes two titles the same one."""
    return content_stems(words(line)) or frozenset(words(line))


def _stands(line: str, final: Mapping[str, float], used: Collection[frozenset[str]]) -> bool:
    """Say whether the title so far stays: it may show, and no other line is clearly better."""
    if line not in final or _key(line) in used:
        return False
    return max(score for other, score in final.items() if _key(other) not in used) < final[line] + _CLEARLY


def _ranking(
    final: Mapping[str, float], plain: Collection[str], used: Collection[frozenset[str]], least: float
) -> list[str]:
    """Return the free lines, best first: those that are good enough, then the `plain` ones."""
    free = [line for line in final if _key(line) not in used]
    free.sort(key=lambda line: (-round(final[line], 5), line))
    good = [line for line in free if final[line] >= least]
    return good + [line for line in free if line in plain and line not in good]
