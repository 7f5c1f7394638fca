"""Composing: plain lines of what members have in common, for topics that nobody put in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations
from typing import Final

from topics.records import Kind
from topics.support import Heard, content_stems, fit, may_show
from topics.terms import stem, word_list, words

_PHRASES: Final = 3  # noun phrases tried
_STATES: Final = 4  # states tried with each
_LINES: Final = 4  # lines returned
_TOGETHER: Final = 0.12  # of the members: so many must say both
_TWO: Final = 2
_MOSTLY: Final = 0.6
_COMMON: Final = 0.2  # of the members: so many must say a phrase alone
_FRAMES: Final = {
    Kind.PROBLEM: "problems with {}",
    Kind.REQUEST: "requests about {}",
    Kind.QUESTION: "questions about {}",
    Kind.PRAISE: "praise for {}",
    Kind.OTHER: "mentions of {}",
}
_NO_STATE: Final = frozenset({"charged", "overcharged", "waited", "kept", "confusing", "hanged", "need"})


def composed(phrases: Iterable[str], topic: Heard) -> dict[str, str]:
    """Return lines such as "lost bags" and "problems with bags" from the noun `phrases` of a topic's members.

    Each comes with its words that the members say.

    The phrases that most members say are joined with the state that members say beside them, and put in a
    frame for the topic's kind.
    """
    said = Counter(phrases)
    least = min(_TWO, max(said.values(), default=0))  # the parser takes some verbs for nouns, once
    best = _commonest((phrase for phrase, count in said.items() if count >= least), topic)
    stated = [f"{state} {phrase}" for phrase in best for state in _states(phrase, topic)]
    named = best + [f"{one} and {other}" for one, other in combinations(best, 2) if _differ(one, other)]
    lines = {line: line for line in stated} | {framed(phrase, topic.kind): phrase for phrase in named}
    best_lines = sorted(lines, key=lambda line: (-round(fit(lines[line], topic), 6), line))
    return {line: lines[line] for line in best_lines[:_LINES] if may_show(line, topic)}


def framed(phrase: str, kind: Kind) -> str:
    """Return a line that says no more of a topic than its kind and what it is about."""
    return _FRAMES[kind].format(phrase)


def _differ(one: str, other: str) -> bool:
    """Say whether two phrases have no word in common."""
    return content_stems(words(one)).isdisjoint(content_stems(words(other)))


def _commonest(phrases: Iterable[str], topic: Heard) -> list[str]:
    """Return the phrases that most members say, one for each set of words."""
    weights: dict[str, float] = {}
    seen: dict[frozenset[str], str] = {}
    for phrase in sorted(set(phrases), key=lambda p: (_noun_rank(p, topic), p)):
        stems = content_stems(words(phrase))
        together = _share(stems, topic)
        if stems and stems.isdisjoint(_empty()) and together >= _COMMON and stems not in seen:
            seen[stems] = phrase
            key = max((w for key, w in topic.keys.items() if key <= stems or stems <= key), default=0.0)
            weights[phrase] = together + key
    longest = [stems for stems in seen if len(stems) > 1]
    for stems, phrase in seen.items():
        if any(stems < more and _share(more, topic) >= _MOSTLY * _share(stems, topic) for more in longest):
            del weights[phrase]  # "cups", where most who say so say "plastic cups"
    return sorted(weights, key=lambda phrase: (-round(weights[phrase], 6), phrase))[:_PHRASES]


@lru_cache(maxsize=1)
def _empty() -> frozenset[str]:
    """Return the stems of words that name nothing to have problems with."""
    return frozenset(map(stem, word_list("chat"))) | {"tonight", "weekend", "morning", "evening", "night"}


def _noun_rank(phrase: str, topic: Heard) -> tuple[bool, int]:
    """Order forms of one phrase: as people write it, plural first."""
    last = phrase.rsplit(maxsplit=1)[-1].lower()
    return (not last.endswith("s"), len(phrase)) if last in topic.forms else (True, 99)


def _states(phrase: str, topic: Heard) -> list[str]:
    """Return the states ("lost", "delayed") that members say beside a phrase, commonest first."""
    stems = content_stems(words(phrase))
    shares = {
        state: _share(stems | {stem(state)}, topic)
        for state in _state_words()
        if stem(state) not in stems and state in topic.heard_words
    }
    fit = [state for state, share in shares.items() if share >= _TOGETHER]
    return sorted(fit, key=lambda state: (-shares[state], state))[:_STATES]


def _state_words() -> list[str]:
    """Return the words of trouble that can stand before a noun."""
    fixed = {
        "lost",
        "broken",
        "stolen",
        "frozen",
        "slow",
        "late",
        "rude",
        "stuck",
        "missing",
        "wrong",
        "unhelpful",
    }
    fixed |= {"hidden", "confusing", "unclear", "misleading", "expensive", "poor", "terrible", "horrible"}
    listed = word_list("trouble")
    return sorted(word for word in listed if (word in fixed or word.endswith("ed")) and word not in _NO_STATE)


def _share(stems: frozenset[str], topic: Heard) -> float:
    """Return the part of the members that say all of `stems`, 0 if only one does."""
    count = sum(stems <= said for said in topic.said)
    return count / len(topic.said) if count >= min(_TWO, len(topic.said)) else 0.0
