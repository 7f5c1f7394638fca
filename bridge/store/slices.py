"""Which items and statements a step has still to do, and what it writes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bridge.models import (
    WORKSPACE,
    Assignment,
    Item,
    ItemRevision,
    Person,
    Statement,
    Topic,
    Vector,
)

# stages of an item
HELD, PULLED, NORMALISED, SPLIT, ROLED, DEDUPED = -1, 0, 1, 2, 3, 4
# stages of a statement
NEW, CLASSIFIED, EMBEDDED, ASSIGNED = 0, 1, 2, 3


def items_at(session: Session, stage: int, after: str, until: str, limit: int) -> list[int]:
    """Return the first items of a key range that stand at a stage."""
    found = session.exec(
        select(Item.id)
        .where(
            Item.workspace_id == WORKSPACE,
            Item.stage == stage,
            Item.sort_key > after,
            Item.sort_key <= until,
            col(Item.removed_at).is_(None),
        )
        .order_by(col(Item.sort_key))
        .limit(limit)
    )
    return [item_id for item_id in found if item_id is not None]


def statements_at(session: Session, stage: int, after: str, until: str, limit: int) -> list[int]:
    """Return the first statements of a key range that stand at a stage."""
    found = session.exec(
        select(Statement.id)
        .where(
            Statement.workspace_id == WORKSPACE,
            Statement.stage == stage,
            Statement.sort_key > after,
            Statement.sort_key <= until,
        )
        .order_by(col(Statement.sort_key))
        .limit(limit)
    )
    return [statement_id for statement_id in found if statement_id is not None]


def count_items_at(session: Session, stage: int) -> int:
    """Return how many items stand at a stage."""
    return session.exec(
        select(func.count())
        .select_from(Item)
        .where(Item.workspace_id == WORKSPACE, Item.stage == stage, col(Item.removed_at).is_(None))
    ).one()


def count_statements_at(session: Session, stage: int) -> int:
    """Return how many statements stand at a stage."""
    return session.exec(
        select(func.count())
        .select_from(Statement)
        .where(Statement.workspace_id == WORKSPACE, Statement.stage == stage)
    ).one()


def items(session: Session, ids: Sequence[int]) -> list[Item]:
    """Return these items in the one order."""
    return list(session.exec(select(Item).where(col(Item.id).in_(ids)).order_by(col(Item.sort_key))))


def raw_texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return what each of these items says at its present revision, as the channel gave it."""
    rows = session.exec(
        select(Item.id, ItemRevision.text).where(
            ItemRevision.item_id == Item.id, ItemRevision.revision == Item.revision, col(Item.id).in_(ids)
        )
    )
    return {item_id: text for item_id, text in rows if item_id is not None}


def statements(session: Session, ids: Sequence[int]) -> list[Statement]:
    """Return these statements in the one order."""
    return list(
        session.exec(select(Statement).where(col(Statement.id).in_(ids)).order_by(col(Statement.sort_key)))
    )


def statements_of(session: Session, item_ids: Sequence[int]) -> dict[int, list[Statement]]:
    """Return the statements of each of these items, by ordinal."""
    found: dict[int, list[Statement]] = {item_id: [] for item_id in item_ids}
    rows = session.exec(
        select(Statement)
        .where(col(Statement.item_id).in_(item_ids))
        .order_by(col(Statement.item_id), col(Statement.ordinal))
    )
    for statement in rows:
        found[statement.item_id].append(statement)
    return found


def speakers(session: Session, item_ids: Sequence[int]) -> dict[int, tuple[Item, Person | None]]:
    """Return each of these items with the person who said it."""
    found = session.exec(select(Item).where(col(Item.id).in_(item_ids))).all()
    people = {
        person.key: person
        for person in session.exec(
            select(Person).where(
                Person.workspace_id == WORKSPACE, col(Person.key).in_({i.person_key for i in found})
            )
        )
    }
    return {item.id or 0: (item, people.get(item.person_key or "")) for item in found}


def known_hashes(session: Session, hashes: Sequence[str], model: str) -> set[str]:
    """Return which of these texts have a vector by this model."""
    found: set[str] = set()
    for start in range(0, len(hashes), 5000):
        found.update(
            session.exec(
                select(Vector.text_hash).where(
                    Vector.workspace_id == WORKSPACE,
                    Vector.model == model,
                    col(Vector.text_hash).in_(hashes[start : start + 5000]),
                )
            )
        )
    return found


def vectors(session: Session, hashes: Sequence[str], model: str) -> dict[str, bytes]:
    """Return the stored vectors of these texts by this model."""
    found: dict[str, bytes] = {}
    distinct = sorted(set(hashes))
    for start in range(0, len(distinct), 5000):
        rows = session.exec(
            select(Vector.text_hash, Vector.data).where(
                Vector.workspace_id == WORKSPACE,
                Vector.model == model,
                col(Vector.text_hash).in_(distinct[start : start + 5000]),
            )
        )
        found.update(dict(rows.all()))
    return found


def write(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update rows by primary key."""
    if rows:
        session.execute(update(table), [dict(row) for row in rows])


def add(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows."""
    if rows:
        session.execute(insert(table), [dict(row) for row in rows])


def touch(session: Session, topics: Sequence[int]) -> None:
    """Mark topics whose members changed, so that label, evidence and track look at them."""
    if topics:
        session.execute(
            update(Topic)
            .where(col(Topic.workspace_id) == WORKSPACE, col(Topic.number).in_(set(topics)))
            .values(touched=True)
        )


def assignments(session: Session, statement_ids: Sequence[int]) -> dict[int, Assignment]:
    """Return the assignments of these statements."""
    found = session.exec(select(Assignment).where(col(Assignment.statement_id).in_(statement_ids)))
    return {row.statement_id: row for row in found}


def reposts_to_settle(session: Session) -> list[dict[str, Any]]:
    """Return, for reposts whose topic differs from their original's, what it should be.

    A repost's statement follows the original's statement of the same ordinal, else its first.
    """
    original = aliased(Statement)
    theirs = aliased(Assignment)
    rows: Any = session.execute(
        sa_select(
            col(Statement.id),
            col(Statement.ordinal),
            col(Assignment.topic),
            col(original.ordinal),
            col(theirs.topic),
            col(theirs.score),
        )
        .join(Item, col(Item.id) == col(Statement.item_id))
        .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .join(original, col(original.item_id) == col(Item.repost_of))
        .join(theirs, col(theirs.statement_id) == col(original.id))
        .where(col(Item.workspace_id) == WORKSPACE, col(Assignment.status) == "repost")
        .order_by(col(Statement.id), col(original.ordinal))
    ).all()
    wanted: dict[int, dict[str, Any]] = {}
    same: set[int] = set()
    for key, ordinal, topic, other, their_topic, their_score in rows:
        if key not in wanted or ordinal == other:
            wanted[key] = {"statement_id": key, "topic": their_topic, "score": their_score, "before": topic}
            same.add(key) if topic == their_topic else same.discard(key)
    return [row for key, row in wanted.items() if key not in same]
