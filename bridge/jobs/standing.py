"""How things stand, for `status`, the metrics and the question whether we are ready."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Intent, Run, SourceState
from bridge.models.running import Job as Row
from bridge.store import digests, slices
from bridge.store.export import source_rows
from bridge.store.tries import count_set_aside, set_aside_rows
from bridge.times import stamp

if TYPE_CHECKING:
    from bridge.config.model import Settings

INTENT_STATES = ("planned", "sent", "in doubt", "confirmed", "absent", "refused", "needs a person")
SHOWN = 20  # of what is set aside
_DOUBTED = ("sent", "in doubt")
_WAITING_ITEMS = (slices.PULLED, slices.NORMALISED, slices.SPLIT, slices.ROLED)
_WAITING_STATEMENTS = (slices.NEW, slices.CLASSIFIED, slices.EMBEDDED)


def standing(session: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    """Return sources, jobs, effects outside and the last run, in the shape that `status --json` prints."""
    return {
        "at": stamp(now),
        "sources": _sources(session, settings),
        "jobs": [_job(row) for row in job_rows(session)],
        "intents": intents_by_state(session),
        "oldest_in_doubt": _stamp(oldest_in_doubt(session)),
        "digests": [digests.as_json(row) for row in digests.latest_by_way(session)],
        "waiting": waiting(session),
        "last_run": _last_run(session),
        "set_aside": {"count": count_set_aside(session), "newest": _set_aside(session)},
    }


def job_rows(session: Session) -> list[Row]:
    """Return the table of jobs, by name."""
    return list(session.exec(select(Row).where(Row.workspace_id == WORKSPACE).order_by(Row.name)))


def intents_by_state(session: Session) -> dict[str, int]:
    """Return how many effects outside stand in each state."""
    counted = select(Intent.state, func.count()).where(Intent.workspace_id == WORKSPACE)
    found = dict(session.exec(counted.group_by(Intent.state)).all())
    return {state: found.get(state, 0) for state in (*INTENT_STATES, *sorted({*found} - {*INTENT_STATES}))}


def oldest_in_doubt(session: Session) -> datetime | None:
    """Return when the oldest effect was sent of which we don't know yet whether it was had."""
    return session.exec(
        select(func.min(func.coalesce(col(Intent.sent_at), col(Intent.planned_at)))).where(
            Intent.workspace_id == WORKSPACE, col(Intent.state).in_(_DOUBTED)
        )
    ).one()


def waiting(session: Session) -> dict[str, int]:
    """Return how many items and statements wait for a step."""
    return {
        "items": sum(slices.count_items_at(session, stage) for stage in _WAITING_ITEMS),
        "statements": sum(slices.count_statements_at(session, stage) for stage in _WAITING_STATEMENTS),
    }


def worst_job(session: Session, failures: int) -> Row | None:
    """Return the job that went well longest ago, among those that failed so often in a row."""
    failing = [row for row in job_rows(session) if row.failures >= failures]
    return min(failing, key=lambda row: (row.last_ok_at is not None, row.last_ok_at), default=None)


def _sources(session: Session, settings: Settings) -> list[dict[str, Any]]:
    found = session.exec(select(SourceState).where(SourceState.workspace_id == WORKSPACE))
    states = {state.name: state for state in found}
    return [
        {
            **row,
            "next_due": _stamp(getattr(states.get(row["source"]), "next_due_at", None)),
            "failures": getattr(states.get(row["source"]), "failures", 0),
        }
        for row in source_rows(session, settings)
    ]


def _job(row: Row) -> dict[str, Any]:
    return {
        "job": row.name,
        "last_ok": _stamp(row.last_ok_at),
        "next_due": _stamp(row.next_due_at),
        "failures": row.failures,
        "seconds": row.seconds,
        "error": row.last_error,
    }


def _last_run(session: Session) -> dict[str, Any] | None:
    run = session.exec(select(Run).where(Run.workspace_id == WORKSPACE).order_by(col(Run.id).desc())).first()
    if run is None:
        return None
    errors = list(run.errors or ())
    return {
        "started": stamp(run.started_at),
        "state": run.state,
        "steps": [*(run.steps or {})],
        "errors": errors,
    }


def _set_aside(session: Session) -> list[dict[str, Any]]:
    return [{**row, "at": stamp(row["at"])} for row in set_aside_rows(session, SHOWN)]


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)
