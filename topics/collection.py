"""Topics over a growing list of texts: the whole engine in one object, for use as a library.

The bridge keeps its own working set in a database; this is the same engine in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topics.assign import assign, placed
from topics.discover import Settings, tune
from topics.embed import encode_distinct, make_encoder
from topics.encoders.base import Encoder
from topics.keywords import keywords
from topics.resolution import KNOB
from topics.rounds import let_be_born
from topics.similar import nearest
from topics.working import COPIES, Mean, Working, arrive, prune

if TYPE_CHECKING:
    from topics.assign import Placement

QUOTES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a text stands. `topic` is None while it is unsure; `nearest` is then the best guess."""

    text: str
    topic: int | None
    nearest: int | None
    score: float  # share of its neighbourhood that lies in `nearest`, 0–1
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A topic: its lasting number, keywords (best first), size, and its most typical texts."""

    number: int
    keywords: tuple[str, ...]
    size: int
    quotes: tuple[str, ...]


class Topics:
    """Topics that keep their numbers while texts keep coming.

    `encoder` is a name (see `topics.embed.describe`) or an `Encoder`; a name's model is made once in `cache`.
    `granularity` is "auto", "finer" or "coarser". Texts are taken as one point each. The first texts are best
    a hundred or more at once: how fine topics are is read off them.

    >>> from topics import Topics
    >>> bags = [f"my bag got lost in {city}" for city in ("Rome", "Oslo", "Kyiv", "Lima", "Bonn", "Nice")]
    >>> calls = [f"{hours} hours on hold with your call centre" for hours in range(2, 8)]
    >>> topics = Topics(encoder="hash")
    >>> places = topics.add(bags + calls)
    >>> [theme.size for theme in topics]
    [6, 6]
    >>> topics.add(["my bag got lost in Bern"])[0].topic == places[0].topic
    True
    """

    def __init__(
        self,
        encoder: str | Encoder = "default",
        *,
        cache: Path | str | None = None,
        granularity: str = "auto",
    ) -> None:
        if granularity not in KNOB:
            raise ValueError(f"granularity is {granularity!r}; it must be one of: {', '.join(KNOB)}")
        self._encoder = (
            make_encoder(encoder, cache=Path(cache) if cache else Path.home() / ".cache" / "feedback-bridge")
            if isinstance(encoder, str)
            else encoder
        )
        self._granularity = granularity
        self._working = Working.empty(self._encoder.dimension)
        self._mean = Mean.zero(self._encoder.dimension)
        self._settings = Settings()
        self._texts: list[str] = []
        self._copies: Counter[str] = Counter()
        self._topics = np.zeros(0, np.int64)  # of each text ever added, 0 for none
        self._last = 0

    def __len__(self) -> int:
        """Return how many topics there are."""
        return len(np.unique(self._topics[self._topics > 0]))

    def __iter__(self) -> Iterator[Theme]:
        """Yield the topics, the largest first, of equal ones the older."""
        members = self._members()
        words = keywords({n: [self._texts[row] for row in rows] for n, rows in members.items()})
        for number in sorted(members, key=lambda n: (-len(members[n]), n)):
            yield Theme(
                number=number,
                keywords=tuple(word.term for word in words[number]),
                size=len(members[number]),
                quotes=tuple(self._texts[row] for row in self._typical(number, members[number])),
            )

    def add(self, texts: Iterable[str]) -> list[Place]:
        """Take in texts, let topics grow and be born; return where each of these stands now."""
        texts = _checked(texts)
        if not texts:
            return []
        vectors = self._encoded(texts)
        keys = np.arange(len(self._texts), len(self._texts) + len(texts))
        enter = np.array([self._enters(text) for text in texts], bool)
        self._texts.extend(texts)
        self._topics = np.concatenate([self._topics, np.zeros(len(texts), np.int64)])
        self._mean = self._mean.plus(vectors[enter])
        self._take_in(keys[enter], vectors[enter])
        self._follow()
        found = self._placements(keys)
        return [self._place(int(key), found.get(int(key))) for key in keys]

    def place(self, number: int) -> Place:
        """Return where the text stands that was added as number `number`, from 0."""
        self._check_text(number)
        return self._place(number, self._placements(np.array([number])).get(number))

    def merge(self, topic: int, into: int) -> None:
        """Make two topics one, for what is there and for all that comes."""
        self._check(topic, into)
        self._topics[self._topics == topic] = into
        ours = self._working.topics
        bars = ((key, into if t == topic else t) for key, t in self._working.barred)
        barred = frozenset((key, t) for key, t in bars if self._topics[key] != t)
        self._working = replace(self._working, topics=np.where(ours == topic, into, ours), barred=barred)

    def move(self, number: int, topic: int) -> None:
        """Put one text into a topic, for good."""
        self._check(topic)
        self._check_text(number)
        here = self._working.keys == number
        self._topics[number] = topic
        self._working = replace(
            self._working,
            topics=np.where(here, topic, self._working.topics),
            pinned=self._working.pinned | here,
            barred=self._working.barred - {(number, topic)},
        )

    def remove(self, number: int, topic: int) -> None:
        """Say that a text is not of a topic: it leaves it and is never put there again."""
        self._check(topic)
        self._check_text(number)
        ours = self._working.topics
        gone = (self._working.keys == number) & (ours == topic)
        if self._topics[number] == topic:
            self._topics[number] = 0
        self._working = replace(
            self._working,
            topics=np.where(gone, 0, ours),
            pinned=self._working.pinned & ~gone,
            barred=self._working.barred | {(number, topic)},
        )

    def nearest(self, topic: int, top: int = 5) -> list[tuple[int, float]]:
        """Return the topics most like this one with their cosine, most similar first."""
        self._check(topic)
        numbers = sorted(self._members())
        centres = np.array([self._centre(number) for number in numbers])
        return nearest(centres, numbers, top=top)[topic]

    def _encoded(self, texts: list[str]) -> NDArray[np.float32]:
        vectors = encode_distinct(self._encoder, texts)
        shape = (len(texts), self._encoder.dimension)
        if vectors.shape != shape or not np.isfinite(vectors).all():
            raise ValueError(
                f"the encoder {self._encoder.model_id} returned an array of shape {vectors.shape}; finite "
                f"numbers of shape {shape} are needed. Nothing was added"
            )
        return vectors

    def _enters(self, text: str) -> bool:
        """Tell whether a text stands in the working set itself; of one text a dozen do for all."""
        self._copies[text] += 1
        return any(map(str.isalpha, text)) and self._copies[text] <= COPIES

    def _follow(self) -> None:
        """Let copies be where the first of the same text are that have a topic."""
        topic_of: dict[str, int] = {}
        for row in np.flatnonzero(self._topics > 0).tolist():
            topic_of.setdefault(self._texts[row], int(self._topics[row]))
        barred = self._working.barred
        outside = ~np.isin(np.arange(len(self._texts)), self._working.keys)
        for row in np.flatnonzero((self._topics == 0) & outside).tolist():
            topic = topic_of.get(self._texts[row], 0)
            if topic and (row, topic) not in barred:
                self._topics[row] = topic

    def _take_in(self, keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        settings, seen = self._settings, self._mean.count
        grown = arrive(self._working, keys, vectors, self._mean, self._encoder.blocks)
        after, _ = assign(
            grown, resolution=settings.resolution or 1.0, tie=settings.tie, known=settings.known(seen)
        )
        working = prune(after)
        settings = tune(settings, working, self._mean, self._encoder.blocks, granularity=self._granularity)
        working, born = let_be_born(working, settings, fresh=len(keys), seen=seen, number=self._last + 1)
        self._last += len(born)
        self._working, self._settings = working, settings
        self._topics[after.keys] = after.topics
        self._topics[working.keys] = working.topics

    def _placements(self, keys: NDArray[np.int64]) -> dict[int, Placement]:
        rows = np.flatnonzero(np.isin(self._working.keys, keys))
        return {found.key: found for found in placed(self._working, rows)}

    def _place(self, number: int, found: Placement | None) -> Place:
        topic = int(self._topics[number])
        if found is None:
            words = any(map(str.isalpha, self._texts[number]))
            reason = f"says the same as others in T-{topic}, or was settled long ago" if topic else "no words"
            reason = "unsure: others say the same, and are in no topic yet" if words and not topic else reason
            return Place(
                text=self._texts[number], topic=topic or None, nearest=topic or None, score=0.0, reason=reason
            )
        return Place(
            text=self._texts[number],
            topic=topic or None,
            nearest=found.nearest or None,
            score=found.score,
            reason=found.reason,
        )

    def _members(self) -> dict[int, NDArray[np.int64]]:
        numbers = np.unique(self._topics[self._topics > 0])
        return {int(number): np.flatnonzero(self._topics == number) for number in numbers}

    def _centre(self, number: int) -> NDArray[np.float32]:
        rows = self._working.vectors[self._working.topics == number]
        return rows.mean(axis=0) if len(rows) else np.zeros(self._encoder.dimension, np.float32)

    def _typical(self, number: int, rows: NDArray[np.int64]) -> list[int]:
        here = np.flatnonzero(np.isin(self._working.keys, rows))
        near = self._working.vectors[here] @ self._centre(number)
        best: list[int] = self._working.keys[here[np.argsort(-near, kind="stable")]].tolist()
        distinct = dict.fromkeys(self._texts[row] for row in best)
        return [next(row for row in best if self._texts[row] == text) for text in list(distinct)[:QUOTES]]

    def _check_text(self, number: int) -> None:
        if not 0 <= number < len(self._texts):
            raise ValueError(f"there is no text {number}; texts: 0 to {len(self._texts) - 1}")

    def _check(self, *numbers: int) -> None:
        there = {int(n) for n in self._topics[self._topics > 0]}
        for number in numbers:
            if number not in there:
                known = ", ".join(map(str, sorted(there)[:20])) or "none yet"
                raise ValueError(f"there is no topic {number}; topics: {known}")


def _checked(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise TypeError("add takes a list of texts, not one text; write add([text])")
    found = list(texts)
    wrong = next((text for text in found if not isinstance(text, str)), None)
    if wrong is not None or any(text is None for text in found):
        raise TypeError(f"add takes texts; one of them is {wrong!r}, a {type(wrong).__name__}")
    return found
