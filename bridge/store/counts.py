"""Counting people and mentions. Every number that a person sees is a recount from assignments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func
from sqlalchemy import select as sa_select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Item, Person, Statement, Topic

COUNTED = ("published", "repost")
WEEK = timedelta(days=7)


class epoch_s(GenericFunction[int]):  # noqa: N801 - named as it is written in SQL
    """Seconds since 1970 of a stored time."""

    type = Integer()
    inherit_cache = True


@compiles(epoch_s, "sqlite")
def _epoch_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER)"


@compiles(epoch_s)
def _epoch(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **kw)}) AS BIGINT)"


@dataclass(frozen=True, slots=True)
class Counts:
    """How often and by how many people a topic was mentioned."""

    mentions: int
    reach: int
    first_seen: datetime
    last_seen: datetime


def _counted(as_of: datetime, topics: Collection[int] | None) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [
        Assignment.workspace_id == WORKSPACE,
        col(Assignment.status).in_(COUNTED),
        col(Assignment.said_at) <= as_of,
        Topic.workspace_id == WORKSPACE,
        Topic.number == Assignment.topic,
    ]
    return conditions if topics is None else [*conditions, col(Topic.root).in_(topics)]


def topic_counts(
    session: Session, as_of: datetime, topics: Collection[int] | None = None
) -> dict[int, Counts]:
    """Return the counts of each topic (by root) up to a time; topics without a mention are left out."""
    rows = session.execute(
        sa_select(
            col(Topic.root),
            func.count(),
            func.count(func.distinct(Assignment.speaker)),
            func.min(Assignment.said_at),
            func.max(Assignment.said_at),
        )
        .where(*_counted(as_of, topics))
        .group_by(col(Topic.root))
    )
    return {root: Counts(mentions, reach, first, last) for root, mentions, reach, first, last in rows}


def people_within(
    session: Session, as_of: datetime, days: int, topics: Collection[int] | None = None
) -> dict[int, int]:
    """Return how many distinct people mentioned each topic in the last `days` days."""
    rows = session.exec(
        select(Topic.root, func.count(func.distinct(Assignment.speaker)))
        .where(*_counted(as_of, topics), col(Assignment.said_at) > as_of - timedelta(days=days))
        .group_by(col(Topic.root))
    )
    return dict(rows.all())


def people_between(session: Session, topic: int, after: datetime | None, until: datetime) -> int:
    """Return how many distinct people mentioned a topic (a root) after one time and up to another."""
    later = [] if after is None else [col(Assignment.said_at) > after]
    return session.exec(
        select(func.count(func.distinct(Assignment.speaker))).where(*_counted(until, [topic]), *later)
    ).one()


def topic_accounts(
    session: Session, as_of: datetime, topics: Collection[int] | None = None
) -> dict[int, dict[str, int]]:
    """Return how many people of each account mentioned each topic; those without one are left out."""
    rows = session.exec(
        select(Topic.root, Person.account, func.count(func.distinct(Assignment.speaker)))
        .where(
            *_counted(as_of, topics),
            Person.workspace_id == WORKSPACE,
            Person.key == Assignment.speaker,
            col(Person.account).is_not(None),
        )
        .group_by(col(Topic.root), col(Person.account))
    )
    return _nested([(root, account or "", count) for root, account, count in rows])


def mention_times(
    session: Session, as_of: datetime, topics: Collection[int] | None = None
) -> Iterator[tuple[int, dict[str, list[datetime]]]]:
    """Yield each topic with the times of its mentions by source, oldest first; one topic at a time."""
    rows = session.exec(
        select(Topic.root, Assignment.source, Assignment.said_at)
        .where(*_counted(as_of, topics))
        .order_by(col(Topic.root), col(Assignment.source), col(Assignment.said_at))
        .execution_options(yield_per=5000)
    )
    for root, group in groupby(rows, key=lambda row: row[0]):
        times: dict[str, list[datetime]] = defaultdict(list)
        for _, source, said_at in group:
            times[source].append(said_at)
        yield root, dict(times)


def topic_sources(
    session: Session, as_of: datetime, topics: Collection[int] | None = None
) -> dict[int, dict[str, int]]:
    """Return the mentions of each topic by source."""
    rows = session.exec(
        select(Topic.root, Assignment.source, func.count())
        .where(*_counted(as_of, topics))
        .group_by(col(Topic.root), col(Assignment.source))
    )
    return _nested(rows.all())


def topic_kinds(
    session: Session, as_of: datetime, topics: Collection[int] | None = None
) -> dict[int, dict[str, int]]:
    """Return the mentions of each topic by kind."""
    rows = session.exec(
        select(Topic.root, Assignment.kind, func.count())
        .where(*_counted(as_of, topics))
        .group_by(col(Topic.root), col(Assignment.kind))
    )
    return _nested(rows.all())


def topic_languages(
    session: Session, as_of: datetime, topics: Collection[int] | None = None
) -> dict[int, dict[str, int]]:
    """Return the mentions of each topic by language; unknown ones are left out."""
    rows = session.exec(
        select(Topic.root, Item.lang, func.count())
        .where(
            *_counted(as_of, topics),
            Statement.id == Assignment.statement_id,
            Item.id == Statement.item_id,
            col(Item.lang).is_not(None),
        )
        .group_by(col(Topic.root), col(Item.lang))
    )
    return _nested([(root, lang or "", count) for root, lang, count in rows])


def _nested(rows: Sequence[tuple[int, str, int]]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for root, name, count in sorted(rows, key=lambda row: (row[0], -row[2], row[1])):
        found[root][name] = count
    return dict(found)


def weekly_volume(session: Session, as_of: datetime, weeks: int) -> dict[str, list[int]]:
    """Return how many customer statements each source brought in each of the last weeks, oldest first."""
    age = cast(epoch_s(as_of) - epoch_s(col(Assignment.said_at)), Integer) / (7 * 86400)
    week = cast(func.floor(age), Integer)
    rows = session.exec(
        select(Assignment.source, week, func.count())
        .where(
            Assignment.workspace_id == WORKSPACE,
            Assignment.status != "voice",
            col(Assignment.said_at) <= as_of,
            col(Assignment.said_at) > as_of - weeks * WEEK,
        )
        .group_by(col(Assignment.source), week)
    )
    found: dict[str, list[int]] = defaultdict(lambda: [0] * weeks)
    for source, ago, count in rows:
        if 0 <= ago < weeks:
            found[source][weeks - 1 - ago] += count
    return dict(found)


def totals(session: Session) -> Mapping[str, int]:
    """Return how many items, statements, people and topics there are, and statements by status."""
    by_status = session.exec(
        select(Assignment.status, func.count())
        .where(Assignment.workspace_id == WORKSPACE)
        .group_by(Assignment.status)
    ).all()
    items = (
        select(func.count())
        .select_from(Item)
        .where(Item.workspace_id == WORKSPACE, col(Item.removed_at).is_(None))
    )
    statements = select(func.count()).select_from(Statement).where(Statement.workspace_id == WORKSPACE)
    people = select(func.count(func.distinct(Item.person_key))).where(Item.workspace_id == WORKSPACE)
    topics = (
        select(func.count())
        .select_from(Topic)
        .where(Topic.workspace_id == WORKSPACE, Topic.root == Topic.number)
    )
    return {
        "items": session.exec(items).one(),
        "statements": session.exec(statements).one(),
        "people": session.exec(people).one(),
        "topics": session.exec(topics).one(),
        **dict(sorted(by_status)),
    }


def newest_said(session: Session) -> datetime | None:
    """Return when the newest item was said, None for an empty store."""
    return session.exec(
        select(func.max(Item.said_at)).where(Item.workspace_id == WORKSPACE, col(Item.removed_at).is_(None))
    ).one()
