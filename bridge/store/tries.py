"""The slices that steps are at work on, and what was set aside because every try of it failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Attempt, Item, SetAside, Statement


def attempt(session: Session, step: str, lane: str) -> Attempt | None:
    """Return how a step stands to the slice that it was last at work on."""
    return session.get(Attempt, (WORKSPACE, step, lane))


def still_items(session: Session, ids: list[int], stage: int) -> list[int]:
    """Return which of these items still wait at a stage, in the given order."""
    found = session.exec(
        select(Item.id).where(col(Item.id).in_(ids), Item.stage == stage, col(Item.removed_at).is_(None))
    )
    there = {*found}
    return [key for key in ids if key in there]


def still_statements(session: Session, ids: list[int], stage: int) -> list[int]:
    """Return which of these statements still wait at a stage, in the given order."""
    there = {*session.exec(select(Statement.id).where(col(Statement.id).in_(ids), Statement.stage == stage))}
    return [key for key in ids if key in there]


def set_item_aside(session: Session, item_id: int, step: str, tries: int, reason: str, at: datetime) -> None:
    """Set an item aside as it is now; one that is gone meanwhile is left alone."""
    item = session.get(Item, item_id)
    if item is not None:
        session.add(
            SetAside(item_id=item_id, revision=item.revision, step=step, tries=tries, reason=reason, at=at)
        )


def set_statement_aside(
    session: Session, statement_id: int, step: str, tries: int, reason: str, at: datetime
) -> None:
    """Set a statement aside; one that is gone meanwhile is left alone."""
    statement = session.get(Statement, statement_id)
    item = None if statement is None else session.get(Item, statement.item_id)
    if item is not None and item.id is not None:
        session.add(
            SetAside(
                item_id=item.id,
                statement_id=statement_id,
                revision=item.revision,
                step=step,
                tries=tries,
                reason=reason,
                at=at,
            )
        )


def count_set_aside(session: Session) -> int:
    """Return how many items and statements are set aside."""
    return int(session.exec(_held(func.count())).one())


def set_aside_rows(session: Session, limit: int) -> list[dict[str, Any]]:
    """Return what is set aside, the newest first, in the shape that `status --json` prints."""
    found = session.exec(
        _held(SetAside, Item).order_by(col(SetAside.at).desc(), col(SetAside.id).desc()).limit(limit)
    )
    return [
        {
            "item": item.external_id,
            "source": item.source,
            "part": "item" if row.statement_id is None else "statement",
            "step": row.step,
            "tries": row.tries,
            "reason": row.reason,
            "at": row.at,
        }
        for row, item in found
    ]


def take_back(session: Session) -> int:
    """Let everything that is set aside be tried again; return how many there were."""
    count = count_set_aside(session)
    session.execute(delete(SetAside).where(col(SetAside.workspace_id) == WORKSPACE))
    session.execute(delete(Attempt).where(col(Attempt.workspace_id) == WORKSPACE))
    return count


def _held(*what: Any) -> Any:
    """Return the query of what is set aside; what was said anew or taken away since is no longer."""
    return (
        select(*what)
        .select_from(SetAside)
        .join(Item, col(Item.id) == col(SetAside.item_id))
        .where(
            SetAside.workspace_id == WORKSPACE,
            col(Item.revision) == col(SetAside.revision),
            col(Item.removed_at).is_(None),
        )
    )
