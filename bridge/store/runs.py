"""The table of runs, and what each of them left aside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, RejectedInput, Run, SetAside

SILENT: Final = timedelta(minutes=1)
"""A run that nothing was heard of for so long has lost its process."""
DIED: Final = "died"
"""The state of a run that is said to go on, or was found cut off by the next one."""


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


def one_run(session: Session, number: int) -> Run | None:
    """Return a run by its number, None if there is none."""
    return session.exec(select(Run).where(Run.workspace_id == WORKSPACE, Run.id == number)).first()


def run_count(session: Session) -> int:
    """Return how many runs are remembered."""
    return session.exec(select(func.count()).select_from(Run).where(Run.workspace_id == WORKSPACE)).one()


def forget_runs(session: Session, before: datetime) -> int:
    """Delete the runs that began before a time; return how many."""
    gone: Any = session.execute(
        delete(Run).where(col(Run.workspace_id) == WORKSPACE, col(Run.started_at) < before)
    )
    return int(gone.rowcount)


def note_progress(session: Session, number: int, at: datetime, progress: Mapping[str, Any]) -> None:
    """Note how far a run is, unless it is over; `at` is the machine's clock."""
    still = (col(Run.id) == number) & (col(Run.state) == "running")
    session.execute(update(Run).where(still).values(beat_at=at, progress=dict(progress)))


def state_of(run: Run, now: datetime) -> str:
    """Return how a run stands: its state, or `died` if its process is gone before it could say so.

    One that the next run found open is `stopped` without an end; one not heard of is `running` still.
    """
    if run.state == "stopped" and run.ended_at is None:
        return DIED
    is_silent = run.beat_at is None or now - run.beat_at > SILENT
    return DIED if run.state == "running" and is_silent else run.state


def set_aside_in(session: Session, run: Run) -> list[tuple[str, str, int]]:
    """Return step, reason and number of what a run set aside and is still there, the most first."""
    count = func.count()
    found = session.exec(
        select(SetAside.step, SetAside.reason, count)
        .where(SetAside.workspace_id == WORKSPACE, SetAside.at == run.as_of)
        .group_by(SetAside.step, SetAside.reason)
        .order_by(count.desc(), SetAside.step, SetAside.reason)
    )
    return list(found)


def rejected_in(session: Session, run: Run, limit: int) -> list[tuple[str, str, int]]:
    """Return source, reason and number of the rows that a run could not take in, the most first."""
    count = func.count()
    found = session.exec(
        select(RejectedInput.source, RejectedInput.reason, count)
        .where(RejectedInput.workspace_id == WORKSPACE, RejectedInput.at == run.as_of)
        .group_by(RejectedInput.source, RejectedInput.reason)
        .order_by(count.desc(), RejectedInput.source, RejectedInput.reason)
        .limit(limit)
    )
    return list(found)
