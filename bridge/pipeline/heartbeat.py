"""A run's signs of life: how far it is, kept in its row for whoever looks, in whatever process.

A thread writes them in transactions of its own: the run never waits for one, none is taken back with what the
run takes back, and a step pays nothing for saying how far it is. Where the store can't take one it is left
out, and the next one tells all.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy.exc import SQLAlchemyError

from bridge.errors import BridgeError
from bridge.store.runs import note_progress
from bridge.tracker.clock import Clock

if TYPE_CHECKING:
    from bridge.pipeline.context import Progress
    from bridge.store.database import Database

EVERY_S: Final = 1.0
"""Seconds between two looks whether there is something new to write."""
AT_LEAST: Final = 5
"""After so many looks without anything new a sign of life is written all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """How far a run is; replaced as a whole, so that another thread never sees half of it."""

    step: str = ""
    done: int = 0
    total: int | None = None
    began_s: float = 0.0
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Heartbeat:
    """Writes how far a run is while it is open; takes progress as the terminal does, and hands it on."""

    def __init__(self, database: Database, run_id: int, clock: Clock, inner: Progress) -> None:
        self._database, self._run_id, self._clock, self._inner = database, run_id, clock, inner
        self._told = _Told()
        self._written: _Told | None = None
        self._began: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name=f"run {run_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def step(self, name: str, done: int, total: int | None) -> None:
        """Take how far a step is, and hand it on."""
        self._note(name, done, total)
        self._inner.step(name, done, total)

    def begin(self, name: str) -> None:
        """Note that a step begins."""
        self._note(name, 0, None)

    def finished(self, steps: Mapping[str, Mapping[str, Any]]) -> None:
        """Note what the steps that have ended did."""
        self._told = replace(self._told, steps=dict(steps))

    def beat(self) -> None:
        """Write how far the run is, with the time."""
        told, now = self._told, self._clock.now()
        seconds = max(now.seconds - told.began_s, 0.0)
        shown = {"step": told.step, "done": told.done, "total": told.total, "steps": dict(told.steps)}
        try:
            with self._database.writing() as session:
                note_progress(session, self._run_id, now.wall, {**shown, "seconds": round(seconds, 3)})
        except (BridgeError, SQLAlchemyError):
            return  # the store is busy, or worse: then the run itself comes to know it
        self._written = told

    def _note(self, name: str, done: int, total: int | None) -> None:
        began = self._began.setdefault(name, self._clock.now().seconds)
        self._told = replace(self._told, step=name, done=done, total=total, began_s=began)

    def _go_on(self) -> None:
        quiet = 0
        while not self._over.wait(EVERY_S):
            quiet += 1
            if self._told is not self._written or quiet >= AT_LEAST:
                self.beat()
                quiet = 0
