"""What `serve` does when workers do the steps: it asks for a wave, and looks whether anybody is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.jobs.jobs import Outcome
from bridge.work import waves
from bridge.work.queue import Queue

if TYPE_CHECKING:
    from bridge.store.database import Database

SILENT_S = 120.0
"""After how long without a sign of life from any worker it is said that there is none."""


def defer(database: Database) -> Outcome:
    """Ask for a wave; the outcome tells how far the present one is, and what is wrong with it."""
    with Queue(database).open() as queue:
        asked, standing = queue.start(), queue.standing()
    with database.reading() as session:
        wave = waves.last(session)
    left = len(wave.left) if wave is not None and wave.phase else 0
    fault = wave.fault if wave is not None and wave.phase else None
    if standing.heard_s is None or standing.heard_s > SILENT_S:
        fault = "no worker gives a sign of life; start one with feedback-bridge worker"
    return Outcome({"asked": int(asked), "left": left, "queued": standing.waiting}, fault)
