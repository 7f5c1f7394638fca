"""Topics that grow: what a new member changes is counted in, so that nobody has to count the old ones again.

A topic that lost a member, or that a person changed, is counted from the beginning; see `figures`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

import numpy as np
from sqlalchemy import Table, bindparam, func, inspect, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from bridge.models import WORKSPACE, Assignment, Topic, TopicFigures
from bridge.store import figures, slices
from bridge.store import topics as store
from bridge.store.counts import COUNTED
from bridge.store.figures import Figures

SHARE = 10
"""A topic's quotes are chosen anew when one in so many of its mentions is new."""
AT_LEAST_EVERY = timedelta(days=1)
"""... or when so long has passed and anything is new."""
_SOME = 1000


@dataclass(frozen=True, slots=True)
class _Mention:
    """A statement that has come into a topic."""

    topic: int
    root: int
    source: str
    said_at: datetime
    speaker: str


def count_in(session: Session, keys: Sequence[int]) -> None:
    """Count in these statements, each just written into a topic that it was not in; mark the topics as grown.

    Topics that a statement left must have been touched before. Figures that were good are good afterwards;
    the others wait for a recount as they did.
    """
    added = _mentions(session, keys)
    roots = sorted({mention.root for mention in added})
    before = figures.touches_by_root(session, roots)
    slices.touch(session, sorted({mention.topic for mention in added}), grown=True)
    after = figures.touches_by_root(session, roots)
    by_root: dict[int, list[_Mention]] = defaultdict(list)
    for mention in added:
        by_root[mention.root].append(mention)
    good = [f for f in figures.stored(session, roots) if f.touched == before[f.topic] and f.mentions]
    new = _new_people(session, added) if good else Counter()
    grown = [_grown(f, by_root[f.topic], new[f.topic]) for f in good]
    figures.keep(session, [replace(figure, touched=after[figure.topic]) for figure in grown])


def _mentions(session: Session, keys: Sequence[int]) -> list[_Mention]:
    found: list[_Mention] = []
    for start in range(0, len(keys), _SOME):
        rows: Any = session.execute(
            sa_select(
                col(Assignment.topic),
                col(Topic.root),
                col(Assignment.source),
                col(Assignment.said_at),
                col(Assignment.speaker),
            )
            .join(
                Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
            )
            .where(col(Assignment.statement_id).in_(keys[start : start + _SOME]))
        )
        found += [_Mention(*row) for row in rows]
    return found


def _new_people(session: Session, added: Collection[_Mention]) -> Counter[int]:
    """Return how many people spoke of each topic for the first time with these mentions, which are stored."""
    now = Counter((mention.root, mention.speaker) for mention in added)
    speakers = sorted({speaker for _, speaker in now})
    ever: dict[tuple[int, str], int] = {}
    for start in range(0, len(speakers), _SOME):
        rows: Any = session.execute(
            sa_select(col(Topic.root), col(Assignment.speaker), func.count())
            .join(
                Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
            )
            .where(
                col(Assignment.workspace_id) == WORKSPACE,
                col(Assignment.speaker).in_(speakers[start : start + _SOME]),
                col(Assignment.status).concat("").in_(COUNTED),
            )
            .group_by(col(Topic.root), col(Assignment.speaker))
            .select_from(Assignment)
        )
        ever.update({(root, speaker): count for root, speaker, count in rows})
    return Counter(root for (root, speaker), count in now.items() if ever[root, speaker] == count)


def _grown(figure: Figures, added: Sequence[_Mention], people: int) -> Figures:
    times = dict(figure.by_source())
    for source in sorted({mention.source for mention in added}):
        said = [figures.micros(mention.said_at) for mention in added if mention.source == source]
        before = times.get(source, np.zeros(0, np.int64))
        times[source] = np.sort(np.concatenate([before, np.array(said, np.int64)]))
    every = np.concatenate([times[source] for source in sorted(times)]).astype("<i8")
    returns, last_quiet_days = figures.quiet_times(every)
    return replace(
        figure,
        mentions=figure.mentions + len(added),
        reach=figure.reach + people,
        returns=returns,
        last_quiet_days=last_quiet_days,
        sources=tuple((source, len(times[source])) for source in sorted(times)),
        times=every,
    )


def due(session: Session, now: datetime) -> list[Topic]:
    """Return the topics whose label, quotes and kind are to be looked at anew, by number.

    Those are: where something but growth changed the members, where one in `SHARE` mentions is new since the
    last look, and where any is and `AT_LEAST_EVERY` has passed. Merged topics stand under their root.
    """
    rows: Any = session.execute(
        sa_select(
            col(Topic.root), func.sum(Topic.touched), func.sum(Topic.grown), func.max(TopicFigures.mentions)
        )
        .outerjoin(
            TopicFigures,
            (col(TopicFigures.topic) == col(Topic.root)) & (col(TopicFigures.workspace_id) == WORKSPACE),
        )
        .where(col(Topic.workspace_id) == WORKSPACE)
        .group_by(col(Topic.root))
        .select_from(Topic)
    )
    state = {root: (int(touched), int(grown), mentions or 0) for root, touched, grown, mentions in rows}
    roots = session.execute(
        sa_select(col(Topic.number), col(Topic.shown_mentions), col(Topic.shown_at)).where(
            col(Topic.workspace_id) == WORKSPACE, col(Topic.root) == col(Topic.number)
        )
    )
    wanted = {n for n, shown, at in roots if _is_due(state[n], shown, at, now)}
    return store.roots(session, hidden=True, numbers=wanted)


def doubled(session: Session, roots: Sequence[Topic]) -> list[Topic]:
    """Return those of these topics that may have doubled since their last label, or whose figures are old."""
    touches = figures.touches_by_root(session)
    rows = session.execute(
        sa_select(col(TopicFigures.topic), col(TopicFigures.touched), col(TopicFigures.mentions)).where(
            col(TopicFigures.workspace_id) == WORKSPACE
        )
    )
    mentions = {number: said for number, touched, said in rows if touches.get(number) == touched}
    return [
        topic
        for topic in roots
        if topic.number not in mentions or mentions[topic.number] >= 2 * topic.labelled_mentions
    ]


def _is_due(state: tuple[int, int, int], shown: int, at: datetime | None, now: datetime) -> bool:
    touched, grown, mentions = state
    if touched and (touched > grown or not mentions or at is None):
        return True
    new = mentions - shown
    return at is not None and bool(new) and (new * SHARE >= mentions or now - at >= AT_LEAST_EVERY)


def shown(session: Session, numbers: Collection[int], now: datetime) -> None:
    """Note that the quotes of these topics were chosen now, with the mentions of their figures."""
    mentions = (
        sa_select(col(TopicFigures.mentions))
        .where(col(TopicFigures.workspace_id) == WORKSPACE, col(TopicFigures.topic) == col(Topic.number))
        .scalar_subquery()
    )
    session.execute(
        update(Topic)
        .where(col(Topic.workspace_id) == WORKSPACE, col(Topic.number).in_(numbers))
        .values(shown_mentions=func.coalesce(mentions, 0), shown_at=now)
    )


def clear(session: Session, looked_at: Mapping[int, int]) -> None:
    """Mark topics as looked at, if they were touched just so often; those touched since wait for the next."""
    topic = cast("Table", inspect(Topic).local_table)
    same = (topic.c.number == bindparam("its_number")) & (topic.c.touched == bindparam("its_touches"))
    rows = [{"its_number": number, "its_touches": touches} for number, touches in looked_at.items()]
    if rows:
        session.connection().execute(
            update(topic).where(topic.c.workspace_id == WORKSPACE, same).values(touched=0, grown=0), rows
        )
