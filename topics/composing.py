"""Composing: plain lines of what members have in common, for topics that nobody put in a few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, combinations, count
from typing import Final

from topics.general import general_titles, unread_title
from topics.grammar import is_english, noun_phrases, read_ahead
from topics.keywords import Keyword
from topics.records import Kind
from topics.support import Heard, content_stems, fit, is_brand, is_taboo, may_show
from topics.terms import language_of, stem, word_list, words

_PHRASES: Final = 3  # noun phrases tried
_STATES: Final = 4  # states tried with each
_LINES: Final = 4  # lines returned
_TOGETHER: Final = 0.12  # of the members: so many must say both side by side
_BESIDE: Final = 4  # words between a thing and its state
_EVERYDAY: Final = 0.15  # of all members: what so many say names no topic
_OWN: Final = 2.0  # times as common as in all topics
_TWO: Final = 2
_HALF_SAID: Final = 0.15  # of those who say the half, so many must write the whole
_MOSTLY: Final = 0.6
_COMMON: Final = 0.2  # of the members: so many must say a phrase alone
_FRAMES: Final = {
    Kind.PROBLEM: "problems with {}",
    Kind.REQUEST: "requests about {}",
    Kind.QUESTION: "questions about {}",
    Kind.PRAISE: "praise for {}",
    Kind.OTHER: "mentions of {}",
}
_THEME: Final = 0.25  # of the members: what fewer say is no theme
_GENERAL_FROM: Final = 8  # members of a topic without a theme
_HALF: Final = 0.5  # of the members: what so many say is a theme in a language whose nouns we don't know
_NO_SPACES: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""A letter of Thai, Lao, Burmese, Khmer, Japanese or Chinese."""
_NO_STATE: Final = frozenset({"charged", "overcharged", "waited", "kept", "confusing", "hanged", "need"})


def composed(
    phrases: Iterable[str], topic: Heard, usual: Mapping[str, float] | None = None
) -> dict[str, str]:
    """Return lines such as "lost bags" and "problems with bags" from the noun `phrases` of a topic's members.

    Each comes with its words that the members say.

    The phrases that most members say are joined with the state that members say beside them, and put in a
    frame for the topic's kind. A phrase of words that other topics say nearly as often, by `usual` (stem: its
    mean share in all topics), is left out.
    """
    said = Counter(phrases)
    least = min(_TWO, max(said.values(), default=0))  # the parser takes some verbs for nouns, once
    telling = (phrase for phrase, count in said.items() if count >= least)
    best = _commonest(telling, topic)
    stated = [f"{state} {phrase}" for phrase in best for state in _states(phrase, topic)]
    best = _own(best, topic, usual or {})
    named = best + [f"{one} and {other}" for one, other in combinations(best, 2) if _differ(one, other)]
    lines = {line: line for line in stated}
    lines |= {framed(_hyphened(phrase, topic), topic.kind): phrase for phrase in named}
    best_lines = sorted(lines, key=lambda line: (-round(fit(lines[line], topic), 6), line))
    return {line: lines[line] for line in best_lines[:_LINES] if may_show(line, topic)}


def _own(phrases: Sequence[str], topic: Heard, usual: Mapping[str, float]) -> list[str]:
    """Return the phrases that are the topic's own, all if none is."""
    return [phrase for phrase in phrases if _is_own(phrase, topic, usual)] or list(phrases)


def _is_own(phrase: str, topic: Heard, usual: Mapping[str, float]) -> bool:
    """Say whether a word of `phrase` is clearly commoner in the topic than in all of them."""
    stems = content_stems(words(phrase))
    return any(
        usual.get(s, 0.0) < _EVERYDAY and topic.shares.get(s, 0.0) >= _OWN * usual.get(s, 0.0) for s in stems
    )


def _hyphened(phrase: str, topic: Heard) -> str:
    """Return `phrase` with each verb that is half of a word as that word: "carry" is "carry-on bag"."""
    return " ".join(_whole(word, topic) for word in phrase.split())


def _whole(word: str, topic: Heard) -> str:
    """Return the word with a hyphen that `word` begins and enough members say, or `word`."""
    longer = [w for w in topic.heard_words if w.startswith(f"{word.lower()}-")]
    counts = {w: sum(stem(w) in said for said in topic.said) for w in longer}
    most = min(counts, key=lambda w: (-counts[w], w), default="")
    return (
        most
        if most
        and counts[most] >= max(_TWO, _HALF_SAID * topic.shares.get(stem(word), 0.0) * len(topic.said))
        else word
    )


def framed(phrase: str, kind: Kind) -> str:
    """Return a line that says no more of a topic than its kind and what it is about."""
    return _FRAMES[kind].format(phrase)


def made_up(keywords: Sequence[Keyword], topic: Heard, is_free: Callable[[str], bool]) -> str:
    """Return a line of the best keywords that `is_free`; "general complaints" where members share none."""
    if _is_unread(topic):
        return _first_free([unread_title(topic.kind)], is_free)
    terms = [
        key.term
        for key in keywords
        if not any(is_taboo(word, topic) or is_brand(word, topic) for word in key.term.split())
    ]
    read_ahead(term for term in terms if is_english(term))
    nouns = [term for term in terms if is_english(term) and term in noun_phrases(term)]
    if len(topic.said) >= _GENERAL_FROM:
        nouns = [term for term in nouns if _is_theme(term, topic)]
    is_foreign = language_of(sorted(topic.heard_words)) != "en"  # the parser knows no other nouns
    if not nouns and not (is_foreign and any(_is_theme(term, topic, _HALF) for term in terms)):
        return _first_free(general_titles(topic.kind), is_free)
    named = nouns + [f"{one} and {other}" for one, other in combinations(nouns, 2)]
    plain = [framed(name, topic.kind) for name in named[:20]]
    pairs = [f"{one}: {other}" for i, one in enumerate(terms) for other in terms[i + 1 :]]
    return _first_free([*plain, *pairs[:20], *terms], is_free)


def _first_free(lines: Sequence[str], is_free: Callable[[str], bool]) -> str:
    """Return the first line that is free, or the first of all with a number that makes it so."""
    numbered = (f"{lines[0]} {number}" for number in count(2))
    return next(line for line in chain(lines, numbered) if is_free(line))


def _is_unread(topic: Heard) -> bool:
    """Say whether most members are in a script without spaces, whose words are not told apart here."""
    unread = sum(any(map(_NO_SPACES.search, said)) for said in topic.said)
    return unread > _HALF * len(topic.said)


def _is_theme(term: str, topic: Heard, share: float = _THEME) -> bool:
    """Say whether enough members say all words of a keyword for the topic to be about it."""
    stems = content_stems(term.split())
    return sum(stems <= said for said in topic.said) >= share * len(topic.said)


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
        state: _share_beside(stem(state), stems, topic)
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


def _share_beside(state: str, stems: frozenset[str], topic: Heard) -> float:
    """Return the part of the members that say `state` a few words from all of `stems`, 0 if only one does."""
    count = sum(
        state in said and stems <= said and _is_beside(state, stems, line)
        for said, line in zip(topic.said, topic.lines, strict=True)
    )
    return count / len(topic.said) if count >= min(_TWO, len(topic.said)) else 0.0


def _is_beside(state: str, stems: frozenset[str], line: Sequence[str]) -> bool:
    """Say whether `state` stands a few words from all of `stems`."""
    around = (
        line[max(0, place - _BESIDE) : place + _BESIDE + 1]
        for place, word in enumerate(line)
        if word == state
    )
    return any(stems <= set(words) for words in around)


def _share(stems: frozenset[str], topic: Heard) -> float:
    """Return the part of the members that say all of `stems`, 0 if only one does."""
    count = sum(stems <= said for said in topic.said)
    return count / len(topic.said) if count >= min(_TWO, len(topic.said)) else 0.0
