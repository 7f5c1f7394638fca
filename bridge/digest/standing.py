"""How digests stand: what would go out, when, by which ways, and what became of the last ones."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bridge.digest import schedule
from bridge.digest.contents import gather
from bridge.digest.records import Digest, Memory, Window
from bridge.models import WORKSPACE
from bridge.models.running import Job
from bridge.store import digests as store
from bridge.store.views import Shelf
from bridge.times import stamp

if TYPE_CHECKING:
    from bridge.config.model import Settings

JOB = "digest"
SHOWN = 20
"""Digests of the past that are told."""


def window_of(session: Session, settings: Settings, now: datetime, way: str | None) -> Window:
    """Return the time since the last digest by a way, or by any.

    Before the first that went out, it is one period, or all the time since one was first tried.
    """
    last = store.last_told(session, way)
    if last is None:
        period = now - settings.digest.every
        return Window(min(period, store.first_since(session, way) or period))
    return Window(min(last.until_at, now), Memory.from_json(last.told))


def preview(
    session: Session, shelf: Shelf, settings: Settings, now: datetime, since: datetime | None = None
) -> Digest:
    """Return what would go out now, or all since a time."""
    window = window_of(session, settings, now, None) if since is None else Window(since)
    return gather(session, shelf, settings, window, now)


def next_due(session: Session, settings: Settings, now: datetime) -> datetime | None:
    """Return when the next digest is due by the schedule, None while no way out is set."""
    if not settings.digest.ways():
        return None
    row = session.get(Job, (WORKSPACE, JOB))
    kept = row.next_due_at if row is not None else None
    return kept or schedule.following(settings.digest, now)


def as_json(session: Session, digest: Digest, settings: Settings, now: datetime) -> dict[str, Any]:
    """Return the documented shape of `digest --json`: the digest, the schedule, and the last ones."""
    due = next_due(session, settings, now)
    return {
        **digest.as_json(),
        "schedule": {
            "when": schedule.sentence(settings.digest),
            "ways": list(settings.digest.ways()),
            "next_due": None if due is None else stamp(due),
        },
        "sent": [store.as_json(row) for row in store.newest(session, SHOWN)],
    }
