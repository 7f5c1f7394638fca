"""The table of runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Run


def runs(session: Session, *, skip: int = 0, limit: int) -> list[Run]:
    """Return runs, the latest first."""
    return list(
        session.exec(
            select(Run)
            .where(Run.workspace_id == WORKSPACE)
            .order_by(col(Run.id).desc())
            .offset(skip)
            .limit(limit)
        )
    )


def run_count(session: Session) -> int:
    """Return how many runs are remembered."""
    return session.exec(select(func.count()).select_from(Run).where(Run.workspace_id == WORKSPACE)).one()


def forget_runs(session: Session, before: datetime) -> int:
    """Delete the runs that began before a time; return how many."""
    gone: Any = session.execute(
        delete(Run).where(col(Run.workspace_id) == WORKSPACE, col(Run.started_at) < before)
    )
    return int(gone.rowcount)
