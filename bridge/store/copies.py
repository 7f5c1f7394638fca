"""Statements in the very same words: a dozen stand in the working set, the others follow them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Position, Statement
from topics.working import COPIES

_SOME = 5000


@dataclass(frozen=True, slots=True)
class Follower:
    """A statement outside the working set, and the topic of one inside it that says the same."""

    statement_id: int
    topic: int
    score: float


def entering(session: Session, statements: Sequence[Statement]) -> set[int]:
    """Return which of these new statements stand in the working set for all who use their words."""
    ours = {statement.id for statement in statements}
    hashes = sorted({statement.text_hash for statement in statements})
    there: Counter[str] = Counter()
    for start in range(0, len(hashes), _SOME):
        found = session.exec(
            select(Statement.text_hash, Statement.id)
            .join(Position, col(Position.statement_id) == col(Statement.id))
            .where(
                Statement.workspace_id == WORKSPACE,
                col(Statement.text_hash).in_(hashes[start : start + _SOME]),
            )
        )
        there.update(text_hash for text_hash, key in found if key not in ours)
    chosen = set()
    for statement in statements:
        if there[statement.text_hash] < COPIES:
            there[statement.text_hash] += 1
            chosen.add(statement.id or 0)
    return chosen


def followers(session: Session, after: int, limit: int) -> list[Follower]:
    """Return statements without a topic or a place in the working set whose words have a topic there."""
    own, twin, place, stands, lead = (
        Statement,
        aliased(Statement),
        aliased(Assignment),
        aliased(Position),
        Position,
    )
    rows = session.exec(
        select(Assignment.statement_id, func.min(place.topic), func.max(place.score))
        .join(own, col(own.id) == col(Assignment.statement_id))
        .join(twin, col(twin.text_hash) == col(own.text_hash))
        .join(stands, col(stands.statement_id) == col(twin.id))
        .join(place, col(place.statement_id) == col(twin.id))
        .outerjoin(lead, col(lead.statement_id) == col(Assignment.statement_id))
        .where(
            Assignment.workspace_id == WORKSPACE,
            Assignment.status == "unsure",
            col(Assignment.pinned).is_(False),
            col(Assignment.statement_id) > after,
            col(lead.statement_id).is_(None),
            col(place.status) == "published",
            col(place.pinned).is_(False),
        )
        .group_by(col(Assignment.statement_id))
        .order_by(col(Assignment.statement_id))
        .limit(limit)
    )
    return [Follower(key, topic, score or 0.0) for key, topic, score in rows if topic]
