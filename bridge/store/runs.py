"""The table of runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col

from bridge.models import WORKSPACE, Run


def forget_runs(session: Session, before: datetime) -> int:
    """Delete the runs that began before a time; return how many."""
    gone: Any = session.execute(
        delete(Run).where(col(Run.workspace_id) == WORKSPACE, col(Run.started_at) < before)
    )
    return int(gone.rowcount)
