"""Figures of topics, kept so that a page needn't count again what hasn't changed.

Whatever changes a topic's members touches the topic (`Topic.touched`). A row of figures is good while the
touches of the topic and of all that was merged into it still sum up to those it was counted at; where they
don't, or where the figures go beyond the time asked for, the topic is counted anew. Whatever changes who is
merged into whom drops the figures of both (`forget`). So figures are always those of a recount, whoever
forgot to renew them; renewing them only makes the next page quick.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, delete, func, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Topic, TopicFigures
from bridge.store import slices
from bridge.store.counts import COUNTED, Counts, counted_of
from topics.trend import QUIET_DAYS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY_US = timedelta(days=1) // MICROSECOND
TEXTS = 20_000
"""Texts of rows whose reading is remembered."""
AT_ONCE = 400
"""Topics that are counted anew in one query; more are counted with one look at everything."""

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was said of a topic: counts, returns after quiet times, and each mention's time, by source."""

    topic: int
    touched: int
    mentions: int
    reach: int
    returns: int
    last_quiet_days: int
    sources: tuple[tuple[str, int], ...]  # in the order of `times`
    times: Times  # microseconds since 1970; of each source the oldest first

    @property
    def counts(self) -> Counts:
        """The counts as all else knows them."""
        first, last = int(self.times.min()), int(self.times.max())
        return Counts(self.mentions, self.reach, *moments((first, last)))

    def by_source(self) -> dict[str, Times]:
        """Return the times of each source, oldest first."""
        ends = np.cumsum([count for _, count in self.sources])[:-1]
        parts = np.split(self.times, ends)
        return {name: part for (name, _), part in zip(self.sources, parts, strict=True)}


@dataclass(slots=True)
class Known:
    """Rows as they were read last, with what was made of each: most are the same the next time."""

    figures: dict[int, tuple[Any, Figures]] = field(default_factory=dict)


def micros(at: datetime) -> int:
    """Return a time as whole microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def moments(times: Iterable[int]) -> list[datetime]:
    """Return microseconds since 1970 as times."""
    return [EPOCH + int(time) * MICROSECOND for time in times]


def figures(session: Session, as_of: datetime, topics: Collection[int] | None = None) -> dict[int, Figures]:
    """Return the figures of these topics (roots), or of all, up to a time; silent ones are left out."""
    touches = touches_by_root(session, topics)
    found, again = good(session, as_of, touches, topics)
    if again:
        found.update(count(session, as_of, again, touches))
    return found


def good(
    session: Session,
    as_of: datetime,
    touches: Mapping[int, int],
    topics: Collection[int] | None = None,
    known: Known | None = None,
) -> tuple[dict[int, Figures], list[int]]:
    """Return the kept figures that are those of a recount up to a time, and the topics to count anew.

    `touches` are those of `touches_by_root`; `known` is what was read before.
    """
    kept = {row.topic: row for row in stored(session, topics, known)}
    stale = [n for n, touched in touches.items() if n not in kept or kept[n].touched != touched]
    unfit = set(stale)
    found = {n: f for n, f in kept.items() if n in touches and n not in unfit and f.mentions}
    clock = micros(as_of)
    later = [n for n, last in zip(found, ends(list(found.values()))[1].tolist(), strict=True) if last > clock]
    for number in later:
        del found[number]
    return found, [*stale, *later]


def flat(every: Sequence[Figures]) -> tuple[Times, Times]:
    """Return the times of topics that were spoken of in one row, and where those of each begin."""
    if not every:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    sizes = np.array([len(figure.times) for figure in every], np.int64)
    return np.concatenate([figure.times for figure in every]), np.cumsum(sizes) - sizes


def ends(every: Sequence[Figures]) -> tuple[Times, Times]:
    """Return when topics that were spoken of were so first, and last, in microseconds."""
    times, starts = flat(every)
    if not every:
        return times, times
    return np.minimum.reduceat(times, starts), np.maximum.reduceat(times, starts)


def touches_by_root(session: Session, topics: Collection[int] | None = None) -> dict[int, int]:
    """Return how often the members of each topic's family changed since they were last looked at."""
    query = select(Topic.root, func.sum(Topic.touched)).where(Topic.workspace_id == WORKSPACE)
    if topics is not None:
        query = query.where(col(Topic.root).in_(topics))
    return {root: int(touched) for root, touched in session.exec(query.group_by(col(Topic.root)))}


def stored(session: Session, topics: Collection[int] | None, known: Known | None = None) -> list[Figures]:
    """Return the figures of these topics, or of all, as they were last counted, good or not."""
    kept = TopicFigures
    numbers = (kept.topic, kept.touched, kept.mentions, kept.reach, kept.returns, kept.last_quiet_days)
    columns: list[Any] = [*numbers, kept.sources, kept.times]
    query = sa_select(*columns).where(col(kept.workspace_id) == WORKSPACE)
    if topics is not None:
        query = query.where(col(kept.topic).in_(topics))
    rows: Any = session.connection().execute(query).all()  # plain rows: there is one for each topic
    before = {} if known is None else known.figures
    found = {row[0]: _again(row, before.get(row[0])) for row in rows}
    if known is not None:
        known.figures = found
    return [figures for _, figures in found.values()]


def _again(row: Any, before: tuple[Any, Figures] | None) -> tuple[Any, Figures]:
    """Return a row with its figures: the same as before if it is the same row."""
    if before is not None and before[0] == row:
        return before
    topic, touched, mentions, reach, returns, quiet, sources, times = row
    told, said = _sources(sources), np.frombuffer(times, "<i8")
    return row, Figures(topic, touched, mentions, reach, returns, quiet, told, said)


@lru_cache(maxsize=TEXTS)
def _sources(text: str) -> tuple[tuple[str, int], ...]:
    """Read how much was said in each source; most rows are as they were when a page was last made."""
    return tuple((str(name), int(said)) for name, said in json.loads(text))


def count(
    session: Session, as_of: datetime, topics: Collection[int], touches: Mapping[int, int]
) -> dict[int, Figures]:
    """Recount topics from what was said of each up to a time."""
    few = len(topics) <= AT_ONCE
    query = (
        sa_select(col(Topic.root), col(Assignment.source), col(Assignment.said_at), col(Assignment.speaker))
        .join(
            Topic,
            and_(col(Topic.number) == col(Assignment.topic), col(Topic.workspace_id) == WORKSPACE),
        )
        .where(
            col(Assignment.workspace_id) == WORKSPACE,
            col(Assignment.said_at) <= as_of,
            *(counted_of(topics) if few else [col(Assignment.status).in_(COUNTED)]),
        )
        .order_by(col(Topic.root), col(Assignment.source), col(Assignment.said_at))
        .execution_options(yield_per=5000)
    )
    wanted = set(topics)
    rows: Any = session.execute(query)
    return {
        root: _counted(root, touches.get(root, 0), list(group))
        for root, group in groupby(rows, key=lambda row: row[0])
        if root in wanted
    }


def _counted(root: int, touched: int, rows: Sequence[tuple[int, str, datetime, str]]) -> Figures:
    sources = tuple((name, sum(1 for _ in group)) for name, group in groupby(rows, key=lambda row: row[1]))
    times = np.array([micros(row[2]) for row in rows], "<i8")
    people = len({row[3] for row in rows})
    return Figures(root, touched, len(rows), people, *quiet_times(times), sources, times)


def quiet_times(times: Times) -> tuple[int, int]:
    """Return how often speech came back after a quiet time, and the whole days of the latest such time."""
    gaps = np.diff(np.sort(times))
    quiet = gaps[gaps >= QUIET_DAYS * DAY_US] // DAY_US
    return len(quiet), int(quiet[-1]) if len(quiet) else 0


def renew(session: Session, topics: Collection[int] | None = None) -> int:
    """Count anew what has changed of these topics, or of all, and keep it; return how many topics had."""
    touches = touches_by_root(session, topics)
    kept = select(TopicFigures.topic, TopicFigures.touched).where(TopicFigures.workspace_id == WORKSPACE)
    good = dict(session.exec(kept).all())
    stale = [n for n, touched in touches.items() if good.get(n) != touched]
    gone = [] if topics is not None else [n for n in good if n not in touches]
    latest = datetime.max.replace(tzinfo=UTC)
    fresh = count(session, latest, stale, touches) if stale else {}
    keep(session, [fresh.get(n) or _silent(n, touches[n]) for n in stale], gone)
    return len(stale)


def keep(session: Session, found: Sequence[Figures], gone: Sequence[int] = ()) -> None:
    """Keep these figures in the place of those there are, and none of the topics that are `gone`."""
    numbers = [*(figure.topic for figure in found), *gone]
    for start in range(0, len(numbers), AT_ONCE):
        some = col(TopicFigures.topic).in_(numbers[start : start + AT_ONCE])
        session.execute(delete(TopicFigures).where(col(TopicFigures.workspace_id) == WORKSPACE, some))
    slices.add(session, TopicFigures, [_row(figure) for figure in found])


def forget(session: Session, topics: Collection[int | None]) -> None:
    """Drop the figures of topics that another topic joins or leaves, so that they are counted anew.

    What a topic's touches sum up to says nothing then: of another family they may sum up to the same.
    """
    gone = col(TopicFigures.topic).in_({number for number in topics if number})
    session.execute(delete(TopicFigures).where(col(TopicFigures.workspace_id) == WORKSPACE, gone))


def settle(session: Session) -> None:
    """Let figures that are good stay so after touches were cleared; only right after `renew`."""
    family = (
        sa_select(func.sum(Topic.touched))
        .where(col(Topic.workspace_id) == WORKSPACE, col(Topic.root) == col(TopicFigures.topic))
        .scalar_subquery()
    )
    session.execute(
        update(TopicFigures).where(col(TopicFigures.workspace_id) == WORKSPACE).values(touched=family)
    )


def _silent(topic: int, touched: int) -> Figures:
    """Return the figures of a topic that nobody speaks of, so that it isn't counted at each look."""
    return Figures(topic, touched, 0, 0, 0, 0, (), np.zeros(0, "<i8"))


def _row(figure: Figures) -> dict[str, Any]:
    return {
        "workspace_id": WORKSPACE,
        "topic": figure.topic,
        "touched": figure.touched,
        "mentions": figure.mentions,
        "reach": figure.reach,
        "returns": figure.returns,
        "last_quiet_days": figure.last_quiet_days,
        "sources": json.dumps(figure.sources, ensure_ascii=False),
        "times": figure.times.tobytes(),
    }


def wrong(session: Session) -> list[str]:
    """Return in words which figures, believed to be good, differ from a recount; for `db check`."""
    touches = touches_by_root(session)
    kept = [f for f in stored(session, None) if touches.get(f.topic) == f.touched]
    recount = count(session, datetime.max.replace(tzinfo=UTC), [f.topic for f in kept], touches)
    return [
        f"the figures of T-{figure.topic} are not those of a recount; run: feedback-bridge run --until track"
        for figure in kept
        if not _same(figure, recount.get(figure.topic))
    ]


def _same(one: Figures, other: Figures | None) -> bool:
    if other is None:
        return one.mentions == 0
    told = (one.mentions, one.reach, one.returns, one.last_quiet_days, one.sources)
    return told == (
        other.mentions,
        other.reach,
        other.returns,
        other.last_quiet_days,
        other.sources,
    ) and bool(np.array_equal(one.times, other.times))
