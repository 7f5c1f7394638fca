"""Statements in the very same words: a dozen stand in the working set, the others follow them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func
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
                Position.workspace_id == WORKSPACE,
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


def leads(session: Session) -> dict[str, tuple[int, float]]:
    """Return, for each text that fills its places in the working set, the oldest topic of those and a score.

    Half of the places will do: some may have been pruned since.
    """
    found = session.exec(
        select(Statement.text_hash, func.min(Assignment.topic), func.max(Assignment.score))
        .join(Position, col(Position.statement_id) == col(Statement.id))
        .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .where(
            Position.workspace_id == WORKSPACE,
            col(Assignment.status).concat("") == "published",
            col(Assignment.pinned).is_(False),
        )
        .group_by(col(Statement.text_hash))
        .having(func.count() >= COPIES // 2)
    )
    return {text_hash: (topic, score or 0.0) for text_hash, topic, score in found if topic}


def followers(session: Session, leads: Mapping[str, tuple[int, float]]) -> list[Follower]:
    """Return the statements without a topic or a place in the working set that use these words."""
    found: list[Follower] = []
    for text_hash in sorted(leads):
        topic, score = leads[text_hash]
        rows = session.exec(
            select(Assignment.statement_id)
            .join(Statement, col(Statement.id) == col(Assignment.statement_id))
            .outerjoin(Position, col(Position.statement_id) == col(Assignment.statement_id))
            .where(
                Statement.workspace_id == WORKSPACE,
                Statement.text_hash == text_hash,
                Assignment.status == "unsure",
                col(Assignment.pinned).is_(False),
                col(Position.statement_id).is_(None),
            )
            .order_by(col(Assignment.statement_id))
        )
        found.extend(Follower(key, topic, score) for key in rows)
    return found
