"""Key quotes: the statements that people pinned to show a topic.

A pin stands while its statement is published in the topic, or in one that the topic is merged with; a
statement that went elsewhere keeps its pin for the day it comes back. Topics are named by their roots.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, literal
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, KeyQuote, Statement, Topic

MOST = 7
"""Key quotes of one topic, as many as quotes show it."""


def of(session: Session, numbers: Collection[int]) -> dict[int, list[int]]:
    """Return the statements that are key quotes of each topic, what was pinned first before the others."""
    shown = as_evidence(numbers).subquery()
    rows = session.execute(sa_select(shown.c.topic, shown.c.key).order_by(shown.c.topic, shown.c.turn))
    found: dict[int, list[int]] = {}
    for topic, key in rows:
        found.setdefault(topic, []).append(key)
    return found


def statements(session: Session) -> frozenset[int]:
    """Return all statements that are key quotes of the topic they are in."""
    return frozenset(session.execute(sa_select(as_evidence(None).subquery().c.key)).scalars())


def as_evidence(numbers: Collection[int] | None) -> Select[Any]:
    """Select what stands as evidence of topics: topic, key, rank 0, score in the topic, turn from 1."""
    pinned, here = _topics("pinned"), _topics("here")
    asked = (
        sa_select(
            here.c.root.label("topic"),
            col(KeyQuote.statement_id).label("key"),
            literal(0).label("rank"),
            func.coalesce(func.min(Assignment.score), 0.0).label("score"),
            func.min(KeyQuote.turn).label("turn"),
        )
        .select_from(KeyQuote)
        .join(Assignment, col(Assignment.statement_id) == col(KeyQuote.statement_id))
        .join(pinned, pinned.c.number == col(KeyQuote.topic))
        .join(here, here.c.number == col(Assignment.topic))
        .where(
            col(KeyQuote.workspace_id) == WORKSPACE,
            pinned.c.workspace_id == WORKSPACE,
            here.c.workspace_id == WORKSPACE,
            pinned.c.root == here.c.root,
            col(Assignment.status) == "published",
        )
        .group_by(here.c.root, col(KeyQuote.statement_id))
    )
    return asked if numbers is None else asked.where(here.c.root.in_(numbers))


def turn_in(number: int) -> Any:
    """Return the turn of each statement of a topic as a column, null for what is no key quote."""
    return (
        sa_select(func.min(KeyQuote.turn))
        .where(
            col(KeyQuote.statement_id) == col(Statement.id),
            col(KeyQuote.topic).in_(_family(number)),
            col(Assignment.status) == "published",
        )
        .correlate(Statement, Assignment)
        .scalar_subquery()
    )


def pins(session: Session, number: int, statement: int) -> list[tuple[int, int]]:
    """Return the stored pins (statement, topic) of a statement in a topic and those merged into it."""
    found = select(KeyQuote.topic).where(
        KeyQuote.workspace_id == WORKSPACE,
        KeyQuote.statement_id == statement,
        col(KeyQuote.topic).in_(_family(number)),
    )
    return [(statement, topic) for topic in sorted(session.exec(found))]


def next_turn(session: Session) -> int:
    """Return the turn of what is pinned next."""
    last = session.exec(select(func.max(KeyQuote.turn)).where(KeyQuote.workspace_id == WORKSPACE)).one()
    return (last or 0) + 1


def _topics(name: str) -> Any:
    return Topic.__table__.alias(name)  # type: ignore[attr-defined]


def _family(number: int) -> Any:
    return select(Topic.number).where(Topic.workspace_id == WORKSPACE, Topic.root == number)
