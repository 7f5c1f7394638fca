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
from bridge.store.figures import Figures
from topics.trend import RECENT
from topics.trends import Movements, movements, table

WEEKS = 26
"""Weeks that a trend shows, back from the clock."""

GROWING = 1.5
"""Share of voice of the last 4 weeks over that of the 8 before, from which a topic is called growing."""

QUIET = 3  # whole calendar-free weeks that a quiet time of 28 days holds at least


MOST = 16
"""Connections whose shelf is kept."""


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

    @property
    def rank(self) -> tuple[int, int, int]:
        """The order of topics everywhere: the widest reach first."""
        return (-self.figures.reach, -self.figures.mentions, self.number)


class Shelf:
    """All topics that anyone spoke of up to a time, the widest reach first.

    Merged and ignored ones are left out.
    """

    def __init__(self, session: Session, now: datetime, *, until: datetime | None = None) -> None:
        self.now = until or now
        self.topics = _shelved(session, now)
        self.by_number = {topic.number: topic for topic in self.topics}
        self.kept: dict[str, object] = {}  # what pages work out of it once
        self.volume: Mapping[str, list[int]] = counting.weekly_volume(session, self.now, WEEKS)

    @cached_property
    def moving(self) -> Movements:
        """How each topic moves, in their order."""
        return _movements([topic.figures for topic in self.topics], self.volume, self.now)

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

    def whole(self) -> Shelf:
        """Work out all that is worked out once, and return the shelf itself."""
        _ = self.growing, self.returned, self.growth, self.place
        return self

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
    """The shelf of the moment, made anew only when something was committed, or a minute is over.

    Counts are exact. The weeks of a trend end with the minute that goes on, so that all said up to now is in.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Hashable, Shelf]] = {}
        self._lock = Lock()

    def get(self, session: Session, now: datetime) -> Shelf:
        """Return the shelf as of now."""
        end = now.replace(second=0, microsecond=0)
        end = end if end == now else end + timedelta(minutes=1)
        where, version = version_of(session)
        latest = self._kept.get(where)
        if latest is not None and latest[0] == (version, end):
            return latest[1]
        with self._lock:
            shelf = Shelf(session, now, until=end)
            if version is not None:
                if len(self._kept) > MOST:
                    self._kept.clear()
                self._kept[where] = ((version, end), shelf.whole())
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


def _shelved(session: Session, now: datetime) -> list[Shelved]:
    found = figuring.figures(session, now)
    tickets = _tickets(session)
    columns: list[Any] = [col(Topic.number), col(Topic.title), col(Topic.kind), col(Topic.state)]
    columns += [col(Topic.confidence), cast(col(Topic.keywords), String)]
    rows = session.execute(
        sa_select(*columns).where(col(Topic.workspace_id) == WORKSPACE, col(Topic.root) == col(Topic.number))
    )
    shelved = [
        Shelved(
            number,
            title,
            kind,
            state,
            confidence,
            _terms(words),
            found[number],
            tickets.get(number),
        )
        for number, title, kind, state, confidence, words in rows
        if number in found and state != "ignored"
    ]
    return sorted(shelved, key=lambda topic: topic.rank)


@lru_cache(maxsize=figuring.KNOWN)
def _terms(text: str) -> tuple[str, ...]:
    """Read a topic's keywords; most are as they were when a page was last made."""
    return tuple(str(term) for term, _ in json.loads(text))


def _tickets(session: Session) -> dict[int, TicketShort]:
    """Return the latest ticket of each topic, chosen as `bridge.store.topics.tickets` does."""
    short = (Ticket.state, Ticket.key, Ticket.url, Ticket.proposed_at, Ticket.rule, Ticket.reason)
    rows = session.execute(
        sa_select(col(Topic.root), col(Ticket.topic), *(col(column) for column in short))
        .join(Topic, (col(Topic.number) == col(Ticket.topic)) & (col(Topic.workspace_id) == WORKSPACE))
        .where(
            col(Ticket.workspace_id) == WORKSPACE,
            col(Ticket.also_of).is_(None),
            col(Ticket.state) != "unlinked",
        )
        .order_by(col(Ticket.id))
    )
    own: set[int] = set()
    found: dict[int, TicketShort] = {}
    for root, topic, *ticket in rows:
        if root == topic or root not in own:
            found[root] = TicketShort(*ticket)
        if root == topic:
            own.add(root)
    return found


def _movements(every: Sequence[Figures], volume: Mapping[str, list[int]], now: datetime) -> Movements:
    names = sorted({name for figures in every for name, _ in figures.sources})
    place = {name: number for number, name in enumerate(names)}
    heard = np.zeros((len(every), len(names)), bool)
    topics, sources, sizes = [], [], []
    for number, figures in enumerate(every):
        for name, count in figures.sources:
            heard[number, place[name]] = True
            topics.append(number)
            sources.append(place[name])
            sizes.append(count)
    times = np.concatenate([figures.times for figures in every]) if every else np.zeros(0, np.int64)
    counts = table(
        np.repeat(np.array(topics, np.int64), sizes),
        np.repeat(np.array(sources, np.int64), sizes),
        times,
        shape=(len(every), len(names)),
        now=figuring.micros(now),
        weeks=WEEKS,
    )
    volumes = np.array([volume.get(name, [0] * WEEKS) for name in names], np.int64).reshape(-1, WEEKS)
    return movements(counts, volumes, heard)
