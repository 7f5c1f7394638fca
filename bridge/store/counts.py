"""Counting people and mentions. Every number that a person sees is a recount from assignments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, func, literal, true, union_all
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Item, Person, Statement, Topic, UtcDateTime

COUNTED = ("published", "repost")
WEEK = timedelta(days=7)


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
        col(Assignment.said_at) <= as_of,
        Topic.workspace_id == WORKSPACE,
        Topic.number == Assignment.topic,
    ]
    if topics is None:
        return [*conditions, col(Assignment.status).in_(COUNTED)]
    return [*conditions, *counted_of(topics)]


def counted_of(topics: Collection[int]) -> list[ColumnElement[bool]]:
    """Return what says that a statement counts for one of these topics (roots).

    The status is compared as a text of its own, or SQLite, which knows no statistics, would go through all
    that is published to find a topic's few.
    """
    family = select(Topic.number).where(Topic.workspace_id == WORKSPACE, col(Topic.root).in_(topics))
    return [col(Assignment.topic).in_(family), col(Assignment.status).concat("").in_(COUNTED)]


def people_within(
    session: Session, as_of: datetime, days: int, topics: Collection[int] | None = None
) -> dict[int, int]:
    """Return how many distinct people mentioned each topic in the last `days` days."""
    return people_after(session, as_of - timedelta(days=days), as_of, topics)


def people_after(
    session: Session, after: datetime, as_of: datetime, topics: Collection[int] | None = None
) -> dict[int, int]:
    """Return how many distinct people mentioned each topic after one time and up to another."""
    rows = session.exec(
        select(Topic.root, func.count(func.distinct(Assignment.speaker)))
        .where(*_counted(as_of, topics), col(Assignment.said_at) > after)
        .group_by(col(Topic.root))
    )
    return dict(rows.all())


def people_of(session: Session, as_of: datetime, topics: Collection[int]) -> int:
    """Return how many distinct people mentioned any of these topics (roots), each once."""
    return session.exec(
        select(func.count(func.distinct(Assignment.speaker))).where(*_counted(as_of, topics))
    ).one()


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
    """Return how many customer statements each source brought in each of the last weeks, oldest first.

    Each source and week is a range of one index, counted by itself: that is ten times as quick as grouping.
    """
    names = sources(session)
    if not names:
        return {}
    window = _windows(as_of, weeks)
    source = union_all(*(sa_select(literal(name).label("name")) for name in names)).cte("source_name")
    said = (
        sa_select(func.count())
        .select_from(Assignment)
        .where(
            col(Assignment.workspace_id) == WORKSPACE,
            col(Assignment.source) == source.c.name,
            col(Assignment.said_at) > window.c.after,
            col(Assignment.said_at) <= window.c.until,
            col(Assignment.status) != "voice",
        )
        .correlate(source, window)
        .scalar_subquery()
    )
    found = {name: [0] * weeks for name in names}
    for name, ago, number in session.execute(
        sa_select(source.c.name, window.c.ago, said).select_from(source.join(window, true()))
    ):
        found[name][weeks - 1 - ago] = number
    return {name: volume for name, volume in found.items() if any(volume)}


def _windows(as_of: datetime, weeks: int) -> CTE:
    """Return the last weeks as rows: how many weeks ago, after when, until when."""
    rows = [
        sa_select(
            literal(ago).label("ago"),
            literal(as_of - (ago + 1) * WEEK, UtcDateTime).label("after"),
            literal(as_of - ago * WEEK, UtcDateTime).label("until"),
        )
        for ago in range(weeks)
    ]
    return union_all(*rows).cte("week")


def said_next(session: Session, after: datetime) -> datetime | None:
    """Return when the first statement after a time was said, None if there is none."""
    return session.exec(
        select(func.min(Assignment.said_at)).where(
            Assignment.workspace_id == WORKSPACE,
            col(Assignment.source).in_(sources(session)),  # for the index has them before the time
            col(Assignment.said_at) > after,
        )
    ).one()


def sources(session: Session) -> list[str]:
    """Return the names of the sources that statements came from."""
    return sources_of(session, Assignment)


def sources_of(session: Session, table: type[Assignment | Item]) -> list[str]:
    """Return the names of the sources of a table, hopping through an index."""
    first = sa_select(func.min(table.source).label("name")).where(col(table.workspace_id) == WORKSPACE)
    hop = first.cte("hop", recursive=True)
    following = (
        sa_select(func.min(table.source))
        .where(col(table.workspace_id) == WORKSPACE, col(table.source) > hop.c.name)
        .scalar_subquery()
    )
    hop = hop.union_all(sa_select(following).where(hop.c.name.is_not(None)))
    found = session.execute(sa_select(hop.c.name).where(hop.c.name.is_not(None)))
    return [name for (name,) in found]


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
