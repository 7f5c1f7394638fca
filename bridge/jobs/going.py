"""How far the run is that goes on: its own process says so in its row, and of shared work the wave does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bridge.models import Run
from bridge.store.runs import state_of
from bridge.work import waves
from bridge.work.waves import Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """How far a run is: `done` of `total` (None: unknown) in a step, for so many seconds."""

    step: str
    done: int
    total: int | None
    seconds: float | None  # None: shared work, of which nobody knows when the phase began
    unit: str = ""  # of what so many are done; "" for whatever the step counts
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fault: str = ""

    @property
    def per_s(self) -> float | None:
        """How many a second, on the whole of the step; None when that can't be told yet."""
        return round(self.done / self.seconds, 1) if self.seconds and self.done else None

    def as_json(self) -> dict[str, Any]:
        """Return the shape of `progress` in `/runs.json`."""
        told = {"step": self.step, "done": self.done, "total": self.total, "per_s": self.per_s}
        return {**told, "seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class Standing:
    """How runs stand at a time: asked once for all runs of a page."""

    now: datetime
    wave: Wave | None

    def of(self, run: Run) -> tuple[str, Going | None]:
        """Return the state of a run and, if it goes on, how far it is."""
        if self.wave is not None and run.id == self.wave.run:
            return "running", _of_wave(self.wave)
        state = state_of(run, self.now)
        return state, _of_row(run) if state == "running" else None

    def steps_of(self, run: Run) -> Mapping[str, Mapping[str, Any]]:
        """Return what the steps of a run did, also of one that never came to its end."""
        _, going = self.of(run)
        return run.steps or (going.steps if going else (run.progress or {}).get("steps") or {})


def standing(session: Session, now: datetime) -> Standing:
    """Return how runs stand now."""
    wave = waves.last(session)
    return Standing(now, wave if wave is not None and wave.phase else None)


def _of_wave(wave: Wave) -> Going:
    return Going(
        step=wave.phase,
        done=len(wave.parts) - len(wave.left),
        total=len(wave.parts),
        seconds=None,
        unit="parts",
        steps=wave.steps,
        fault=wave.fault or "",
    )


def _of_row(run: Run) -> Going:
    told = run.progress or {}
    return Going(
        step=told.get("step", ""),
        done=told.get("done", 0),
        total=told.get("total"),
        seconds=told.get("seconds"),
        steps=told.get("steps") or {},
    )
