"""What a page of topics is chosen from: every topic in few words, without the weight of its row.

One look is a handful of queries, however many topics there are; what stands on the page itself is read
afterwards, for its few topics alone.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import String, cast
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from bridge.models import WORKSPACE, Ticket, Topic
from bridge.store import counts as counting
from bridge.store import figures as figuring
from bridge.store.figures import Figures, Known
from bridge.store.topics import has_subject
from bridge.store.written import Marks, marks
from topics.trend import RECENT
from topics.trends import Movements, movements, table

WEEKS = 26
"""Weeks that a trend shows, back from the clock."""

GROWING = 1.5
"""Share of voice of the last 4 weeks over that of the 8 before, from which a topic is called growing."""

QUIET = 3  # whole calendar-free weeks that a quiet time of 28 days holds at least

TIMELESS = ("map", "map page")
"""What is kept with a shelf and knows nothing of weeks: it is good while nothing is written."""

EARLIER = "map before"
"""The name under which the map of the shelf before is kept, for centres seldom change."""

SHOWN = frozenset({"topic", "topic_figures", "ticket", "assignment", "engine_state", "map_place"})
"""Tables that a shelf, and what is kept with it, is made of."""


@dataclass(frozen=True, slots=True)
class TicketShort:
    """A topic's ticket in few words."""

    state: str
    key: str | None
    url: str | None
    proposed_at: datetime
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """A topic in few words."""

    number: int
    title: str
    kind: str
    state: str
    confidence: float
    keywords: Sequence[str]
    figures: Figures
    ticket: TicketShort | None
    has_subject: bool  # or a name that a person gave it

    @property
    def rank(self) -> tuple[int, int, int]:
        """The order of topics everywhere: the widest reach first."""
        return (-self.figures.reach, -self.figures.mentions, self.number)


class Shelf:
    """All topics that anyone spoke of up to a time, the widest reach first.

    Merged and ignored ones are left out. `like` is a shelf of the same state of the store, from earlier;
    `known` are rows that were read before.
    """

    def __init__(
        self,
        session: Session,
        now: datetime,
        *,
        until: datetime | None = None,
        like: Shelf | None = None,
        known: Known | None = None,
    ) -> None:
        self.made, self.now = now, until or now
        found = like if like is not None and like.holds(now) else None
        self.topics: list[Shelved]
        self.topics, self.is_whole = (found.topics, True) if found else _shelved(session, now, known)
        self.by_number: dict[int, Shelved] = (
            found.by_number if found else {topic.number: topic for topic in self.topics}
        )
        self.kept: dict[str, object] = {}  # what pages work out of it once
        if found:
            self.kept |= {name: found.kept[name] for name in TIMELESS if name in found.kept}
        self.volume: Mapping[str, list[int]] = counting.weekly_volume(session, self.now, WEEKS)
        self._next = None if self.is_whole else counting.said_next(session, self.made)

    def is_outgrown(self, now: datetime) -> bool:
        """Say whether something was said between the time that topics were counted at and another."""
        return self._next is not None and self._next <= now

    def holds(self, now: datetime) -> bool:
        """Say whether the topics with their counts are those of a time, if nothing was written since."""
        return self.is_whole and now >= self.made

    @cached_property
    def moving(self) -> Movements:
        """How each topic moves, in their order."""
        return moving([topic.figures for topic in self.topics], self.volume, self.now)

    @cached_property
    def place(self) -> Mapping[int, int]:
        """Where each topic stands in the order of topics."""
        return {topic.number: place for place, topic in enumerate(self.topics)}

    @cached_property
    def growing(self) -> frozenset[int]:
        """Topics that burst, or have a clearly larger share of what is said than before."""
        ratios = np.array([ratio or 0.0 for ratio in self.moving.ratio])
        return self._numbers(self.moving.burst | (ratios >= GROWING))

    @cached_property
    def returned(self) -> frozenset[int]:
        """Topics that came back in the last weeks after their latest quiet time."""
        ever = np.array([bool(topic.figures.returns) for topic in self.topics], bool)
        quiet = np.array([topic.figures.last_quiet_days for topic in self.topics], np.int64)
        return self._numbers(ever & came_back(self.moving.per_week, quiet))

    @cached_property
    def growth(self) -> Mapping[int, tuple[bool, float]]:
        """What topics are ordered by, the fastest first: bursts, then the ratio."""
        moving = self.moving
        return {
            topic.number: (not burst, -(ratio or 0.0))
            for topic, burst, ratio in zip(self.topics, moving.burst.tolist(), moving.ratio, strict=True)
        }

    def _numbers(self, chosen: NDArray[np.bool_]) -> frozenset[int]:
        return frozenset(self.topics[place].number for place in np.flatnonzero(chosen))

    @cached_property
    def sources(self) -> list[str]:
        """Return the names of the sources that anyone spoke in."""
        return sorted({name for topic in self.topics for name, _ in topic.figures.sources})


def came_back(per_week: NDArray[np.int64], last_quiet_days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of topics that ever came back whether they did so lately, after the latest quiet time."""
    weeks = np.arange(per_week.shape[1])
    active = per_week > 0
    latest = np.maximum.accumulate(np.where(active, weeks, -1), axis=1)
    before = np.concatenate([np.full((len(per_week), 1), -1), latest[:, :-1]], axis=1)
    quiet = np.maximum(QUIET, last_quiet_days // 7 - 1)[:, None]
    back = active & (weeks - before - 1 >= np.minimum(quiet, weeks))
    found: NDArray[np.bool_] = back[:, -RECENT:].any(axis=1)
    return found


class Shelves:
    """The shelf of the moment, made anew only when what it shows was written, or a minute is over.

    Counts are exact. The weeks of a trend end with the minute that goes on, so that all said up to now is in.
    """

    def __init__(self) -> None:
        self._latest: tuple[Marks, Shelf] | None = None
        self._known = Known()
        self._lock = Lock()

    @property
    def latest(self) -> Shelf | None:
        """The shelf that was made last, however old."""
        return self._latest[1] if self._latest is not None else None

    def get(self, session: Session, now: datetime) -> Shelf:
        """Return the shelf as of now."""
        end = now.replace(second=0, microsecond=0)
        end = end if end == now else end + timedelta(minutes=1)
        state = marks(session, SHOWN)
        with self._lock:
            same = self._latest[1] if self._latest is not None and self._latest[0] == state else None
            if same is not None and same.now == end and not same.is_outgrown(now):
                return same
            shelf = Shelf(session, now, until=end, like=same, known=self._known)
            if self._latest is not None:
                before = self._latest[1].kept
                shelf.kept[EARLIER] = before.get("map", before.get(EARLIER))
            self._latest = (state, shelf)
            return shelf


def version_of(session: Session) -> tuple[Hashable, Hashable]:
    """Return what a state of the store is told by, in two parts: where it was seen, and which it is.

    SQLite tells a connection of the commits of others, and how much it has changed itself.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        state = connection.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one()
        return "", str(state)
    connection.exec_driver_sql("SELECT 1 FROM workspace LIMIT 1").all()  # the version is that of a reading
    commits = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    raw: Any = connection.connection.driver_connection
    return raw, (commits, raw.total_changes)


def _shelved(session: Session, now: datetime, known: Known | None) -> tuple[list[Shelved], bool]:
    """Return the topics in their order, and whether all that was ever said of them was said by now."""
    columns: list[Any] = [Topic.number, Topic.root, Topic.touched, Topic.title, Topic.kind, Topic.state]
    columns += [Topic.confidence, Topic.title_by, cast(col(Topic.keywords), String)]
    asked = sa_select(*columns).where(col(Topic.workspace_id) == WORKSPACE)
    rows = session.connection().execute(asked).all()  # plain rows: there is one for each topic
    touches: dict[int, int] = {}
    for _, root, touched, *_ in rows:
        touches[root] = touches.get(root, 0) + touched
    found, again = figuring.good(session, now, touches, known=known)
    if again:
        found.update(figuring.count(session, now, again, touches))
    tickets = _tickets(session, {number: root for number, root, *_ in rows})
    shelved = [
        Shelved(
            number=number,
            title=title,
            kind=kind,
            state=state,
            confidence=confidence,
            keywords=_terms(words),
            figures=found[number],
            ticket=tickets.get(number),
            has_subject=has_subject(title, by),
        )
        for number, root, _, title, kind, state, confidence, by, words in rows
        if number == root and number in found and state != "ignored"
    ]
    return sorted(shelved, key=lambda topic: topic.rank), not again


@lru_cache(maxsize=figuring.TEXTS)
def _terms(text: str) -> tuple[str, ...]:
    """Read a topic's keywords; most are as they were when a page was last made."""
    return tuple(str(term) for term, _ in json.loads(text))


def _tickets(session: Session, roots: Mapping[int, int]) -> dict[int, TicketShort]:
    """Return the latest ticket of each topic, chosen as `bridge.store.topics.tickets` does."""
    columns: list[Any] = [Ticket.topic, Ticket.state, Ticket.key, Ticket.url, Ticket.proposed_at]
    columns += [Ticket.rule, Ticket.reason]
    asked = (
        sa_select(*columns)
        .where(
            col(Ticket.workspace_id) == WORKSPACE,
            col(Ticket.also_of).is_(None),
            col(Ticket.state) != "unlinked",
        )
        .order_by(col(Ticket.id))
    )
    own: set[int] = set()
    found: dict[int, TicketShort] = {}
    for topic, *ticket in session.connection().execute(asked):
        root = roots.get(topic)
        if root is None:
            continue
        if root == topic or root not in own:
            found[root] = TicketShort(*ticket)
        if root == topic:
            own.add(root)
    return found


def moving(every: Sequence[Figures], volume: Mapping[str, list[int]], now: datetime) -> Movements:
    """Say how topics move up to a time, by their figures and what all sources say by week."""
    told = [(name, count) for figures in every for name, count in figures.sources]
    names = sorted({name for name, _ in told})
    place = {name: number for number, name in enumerate(names)}
    topics = np.repeat(np.arange(len(every)), [len(figures.sources) for figures in every])
    sources = np.array([place[name] for name, _ in told], np.int64)
    sizes = np.array([count for _, count in told], np.int64)
    heard = np.zeros((len(every), len(names)), bool)
    heard[topics, sources] = True
    counts = table(
        np.repeat(topics, sizes),
        np.repeat(sources, sizes),
        figuring.flat(every)[0],
        shape=(len(every), len(names)),
        now=figuring.micros(now),
        weeks=WEEKS,
    )
    volumes = np.array([volume.get(name, [0] * WEEKS) for name in names], np.int64).reshape(-1, WEEKS)
    return movements(counts, volumes, heard)
