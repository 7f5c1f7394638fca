"""The audit log as it is read: who did what, narrowed and in pages. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Audit, Mirror


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """Which entries; an empty part lets all through."""

    actor: str = ""
    verb: str = ""
    subject: str = ""


def entries(session: Session, narrow: Narrow, *, skip: int = 0, limit: int) -> list[Audit]:
    """Return entries of the log, the latest first."""
    return list(
        session.exec(
            select(Audit).where(*_fits(narrow)).order_by(col(Audit.id).desc()).offset(skip).limit(limit)
        )
    )


def count(session: Session, narrow: Narrow) -> int:
    """Return how many entries there are."""
    return session.exec(select(func.count()).select_from(Audit).where(*_fits(narrow))).one()


def actors_and_verbs(session: Session) -> tuple[list[str], list[str]]:
    """Return who ever did something, and what was ever done."""
    pairs = session.exec(
        select(Audit.actor, Audit.verb).where(Audit.workspace_id == WORKSPACE).distinct()
    ).all()
    return sorted({actor for actor, _ in pairs}), sorted({verb for _, verb in pairs})


def last_seen(session: Session) -> datetime | None:
    """Return when an issue was last read in the tracker."""
    return session.exec(select(func.max(Mirror.seen_at)).where(Mirror.workspace_id == WORKSPACE)).one()


def _fits(narrow: Narrow) -> Sequence[Any]:
    asked = ((Audit.actor, narrow.actor), (Audit.verb, narrow.verb), (Audit.subject, narrow.subject))
    return [Audit.workspace_id == WORKSPACE, *(col(column) == value for column, value in asked if value)]
