"""Evidence: the few statements that show a topic, strong, literal and different from each other."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

_SPAN = timedelta(days=14)  # shorter spans have no "older" and "recent"
_SAME = 0.95  # cosine from which two quotes say the same thing in the same words
_NEED, _WALL = 15, 2_000  # characters: too little to show anything, too much to read
_SHORT, _LONG = 40, 280  # characters a quote reads well in
_MIN_WORDS = 3
_WEIGHTS = {"fits the topic": 0.55, "sure of its kind": 0.15, "reads well": 0.30}
_REPEAT = 0.45  # what the likeness to a chosen quote costs
_NEW_SOURCE, _NEW_TIME = 0.12, 0.12  # what a source or a time not shown yet is worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A statement that could be quoted."""

    key: int  # the caller's own, unique
    text: str
    vector: NDArray[np.float32]  # l2-normalised
    person: str | None  # None: unknown, and then each is a person of its own
    source: str
    said_at: datetime
    strength: float  # 0-1: how well it fits the topic
    kind_score: float  # 0-1: how sure its kind is


@dataclass(frozen=True, slots=True)
class Chosen:
    """A statement to quote: its key, its worth by itself (0-1), and why it was taken."""

    key: int
    score: float
    reason: str


def choose(candidates: Sequence[Candidate], *, limit: int = 7, keep: Collection[int] = ()) -> list[Chosen]:
    """Return up to `limit` quotes, most worth first; the order of `candidates` does not matter.

    Maximal marginal relevance: each step takes the candidate with the highest worth less its likeness to
    those taken, plus a little for a source or a time (older, recent: halves of the span, from 14 days on)
    not shown yet; the last place goes to a time not shown, if someone of half the best's worth spoke then.
    Worth = 0.55 strength + 0.15 kind score + 0.30 how well its length reads (best 40-280 characters). Never
    two of one person nor two near-identical ones (cosine 0.95 or the same words). Statements too small to
    show anything (below 3 words or 15 characters) or above 2,000 characters come only when there is nothing
    else.

    `keep` are keys that are taken first, whatever they are; the others then differ from these.
    """
    pool = sorted((c for c in candidates if c.key in keep or _is_quotable(c.text)), key=_by_worth)
    pool = pool or sorted(candidates, key=_by_worth)[:1]
    middle, plain = _middle(pool), [_plain(c.text) for c in pool]
    worths, likeness = np.array([_worth(c) for c in pool]), np.zeros(len(pool))
    free = np.ones(len(pool), dtype=bool)
    kept = [i for i, c in enumerate(pool) if c.key in keep]
    taken: dict[int, str] = {}
    while len(taken) < limit and (kept or free.any()):
        shown = [pool[i] for i in taken]
        news = np.array([_news(c, shown, middle) for c in pool])
        gains = np.round(worths - _REPEAT * likeness + news, 6)
        best = int(np.argmax(np.where(free & _last_place(pool, shown, middle, limit), gains, -np.inf)))
        if not free[best]:
            best = int(np.argmax(np.where(free, gains, -np.inf)))
        best = kept.pop(0) if kept else best
        taken[best] = "a person chose it" if pool[best].key in keep else _reason(pool[best], shown, middle)
        alike = np.array([_cosine(c.vector, pool[best].vector) for c in pool])
        likeness = np.maximum(likeness, alike)
        free &= [
            not _repeats(c, pool[best]) and alike[i] < _SAME and plain[i] != plain[best]
            for i, c in enumerate(pool)
        ]
    return [Chosen(pool[i].key, round(float(worths[i]), 4), taken[i]) for i in sorted(taken)]


def _last_place(
    pool: Sequence[Candidate], shown: Sequence[Candidate], middle: datetime | None, limit: int
) -> NDArray[np.bool_]:
    """Say who may take the next place: all, but for the last one only a time not shown yet."""
    if middle is None or not shown or len(shown) < limit - 1:
        return np.ones(len(pool), dtype=bool)
    times = {_is_recent(c, middle) for c in shown}
    least = _worth(pool[0]) / 2
    return np.array(
        [len(times) > 1 or (_is_recent(c, middle) not in times and _worth(c) >= least) for c in pool]
    )


def _worth(candidate: Candidate) -> float:
    """Return what a statement is worth as a quote by itself, 0-1."""
    return worth(candidate.text, candidate.strength, candidate.kind_score)


def worth(text: str, strength: float, kind_score: float) -> float:
    """Return what a text is worth as a quote, 0-1, as `choose` counts it."""
    parts = (_unit(strength), _unit(kind_score), _reads_well(text))
    return sum(weight * part for weight, part in zip(_WEIGHTS.values(), parts, strict=True))


def _by_worth(candidate: Candidate) -> tuple[float, int]:
    """Order by worth, best first; equals by key."""
    return (-round(_worth(candidate), 6), candidate.key)


def _reads_well(text: str) -> float:
    """Return 1 for a length of 40-280 characters, less the shorter or longer."""
    length = len(text.strip())
    if length < _SHORT:
        return length / _SHORT
    return 1.0 if length <= _LONG else _LONG / length


def _is_quotable(text: str) -> bool:
    """Say whether `text` is big enough to show something and small enough to be read."""
    said = sum(any(c.isalpha() for c in word) for word in text.split())
    length = len(text.strip())
    spaceless = said and length / said > _SHORT  # Chinese, Japanese, Thai: a word count says nothing there
    return _NEED <= length <= _WALL and (said >= _MIN_WORDS or bool(spaceless))


def _repeats(candidate: Candidate, other: Candidate) -> bool:
    """Say whether two are one statement or one person's."""
    return candidate.key == other.key or (candidate.person is not None and candidate.person == other.person)


def _news(candidate: Candidate, taken: Sequence[Candidate], middle: datetime | None) -> float:
    """Return what the source and the time of `candidate` add to what is taken."""
    if not taken:
        return 0.0
    news = 0.0 if candidate.source in {other.source for other in taken} else _NEW_SOURCE
    if middle is not None and _is_recent(candidate, middle) not in {_is_recent(o, middle) for o in taken}:
        news += _NEW_TIME
    return news


def _reason(candidate: Candidate, taken: Sequence[Candidate], middle: datetime | None) -> str:
    """Say in words why `candidate` was taken next."""
    parts = ["strongest" if not taken else f"fits the topic {_unit(candidate.strength):.2f}"]
    if taken and candidate.source not in {other.source for other in taken}:
        parts.append("another source")
    if middle is not None and all(_is_recent(candidate, middle) != _is_recent(o, middle) for o in taken):
        parts.append("recent" if _is_recent(candidate, middle) else "older")
    return ", ".join(parts)


def _middle(pool: Sequence[Candidate]) -> datetime | None:
    """Return the middle of the time `pool` spans, None if it spans too little."""
    first = min((c.said_at for c in pool), default=None)
    if first is None:
        return None
    span = max(c.said_at for c in pool) - first
    return first + span / 2 if span >= _SPAN else None


def _is_recent(candidate: Candidate, middle: datetime) -> bool:
    """Say whether `candidate` is of the later half."""
    return candidate.said_at > middle


def _plain(text: str) -> str:
    """Return the letters and digits of `text` in lower case: equal for texts that differ in marks only."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the likeness of two unit vectors, 0-1; 0 where either has a value that is not finite."""
    return _unit(float(one @ other))


def _unit(value: float) -> float:
    """Return `value` held between 0 and 1; 0 if it is not a number."""
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, value))
