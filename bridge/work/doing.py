"""What a worker does: one part of a wave, and what keeps the waves going. Each may be done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.errors import AlreadyRunning
from bridge.jobs.jobs import GiveWay, HandBack, Outcome
from bridge.jobs.standing import waiting
from bridge.work import waves
from bridge.work.phases import do

if TYPE_CHECKING:
    from bridge.jobs.log import Log
    from bridge.jobs.pulse import Pulse
    from bridge.pipeline.context import Context
    from bridge.store.database import Database
    from bridge.work.queue import Queue

AT_ONCE = ("people", "gather", "finish")
"""The phases that hold the store as a run does: nobody else may work on topics meanwhile."""


LOOKS_FIRST = "gather"
"""The phase that first looks at which topics were touched."""


class Later(Exception):  # noqa: N818 - no fault: the part is done later, by whoever comes first
    """A part was left as it is, because others were due, the worker is to end, or the store was held.

    `wait_s`: seconds until it should be tried again.
    """

    def __init__(self, why: str, wait_s: int) -> None:
        super().__init__(why)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """One worker's hands: its store, its queue, and how it makes a context."""

    database: Database
    queue: Queue
    context: Callable[..., Context]
    only_one: Callable[[], AbstractContextManager[None]]
    others_due: Callable[[], bool]
    now: Callable[[], datetime]
    turn_s: int  # how long those who are given way to may take to notice
    pulse: Pulse
    log: Log

    def part(self, number: int, phase: str, place: int, attempts: int) -> None:
        """Do a part of a wave, unless it is done; raises `Later` when it is to be done later."""
        name = f"wave {number}: {phase} {place}"
        started, state, outcome = time.monotonic(), "ok", Outcome()
        # who gave way once doesn't again, or a job that nobody does would hold the wave up for ever
        self.pulse.begin(name, self.others_due if phase in AT_ONCE and attempts % 2 == 0 else None)
        try:
            outcome = Outcome(self._part(number, phase, place))
        except AlreadyRunning as fault:
            state = ""  # somebody else holds the store; that is no news
            raise Later(str(fault), 1) from fault
        except HandBack as fault:
            state = "handed back"
            raise Later(state, 0) from fault
        except GiveWay as fault:
            state = "gave way"
            raise Later(state, self.turn_s) from fault
        except Exception as fault:
            state, outcome = "failed", Outcome(error=self.log.words_of(fault))
            self._note(number, f"{name}: {outcome.error}")
            raise
        finally:
            self.pulse.end()
            if state:
                self.log.job(name, outcome, due=None, seconds=time.monotonic() - started, state=state)

    def _part(self, number: int, phase: str, place: int) -> dict[str, int]:
        with self.only_one() if phase in AT_ONCE else nullcontext():
            with self.database.reading() as session:
                wave = waves.last(session)
            if wave is None or not waves.is_open(wave, number, phase, place):
                return {}
            context = self._context(wave, phase, place)
            told = do(context, phase, wave.parts[place])
            more = phase == waves.PHASES[-1] and self._more()
            with self.database.writing() as session:
                if phase == LOOKS_FIRST:
                    waves.note_looked_at(session, number, context.looked_at or {})
                wave = waves.cross_off(session, number, phase, place, told)
                if wave is not None and not wave.phase and more:
                    wave = waves.begin(session, self.now())
        if wave is not None and wave.phase != phase:
            self.go_on()
        return {f"{step} {name}": n for step, counts in told.items() for name, n in counts.items() if n}

    def _context(self, wave: waves.Wave, phase: str, place: int) -> Context:
        context = self.context(
            as_of=wave.now,
            progress=self.pulse,
            keys=wave.part_keys(place),
            lane=waves.lane(wave.number, phase, place),
            run_id=wave.run,
        )
        if wave.looked_at:
            context.looked_at = {int(topic): touches for topic, touches in wave.looked_at.items()}
        return context

    def _more(self) -> bool:
        with self.database.reading() as session:
            return any(waiting(session).values())

    def _note(self, number: int, fault: str) -> None:
        with self.database.writing() as session:
            waves.note_fault(session, number, fault)

    def start(self) -> None:
        """Open a wave if none is open."""
        with self.database.writing() as session:
            wave = waves.begin(session, self.now())
        if wave is not None:
            self.log.note("wave", f"wave {wave.number} of {len(wave.parts)} slices was opened")
        self.go_on()

    def go_on(self) -> None:
        """Put in what jobs are missing for the wave that is open."""
        with self.database.reading() as session:
            wave = waves.last(session)
        if wave is None or not wave.phase:
            return
        with self.queue.open() as queue, self.database.writing() as session:  # so that one does it at a time
            wave = waves.last(session)
            if wave is not None and wave.phase:
                queue.defer_missing(wave)


def standing(database: Database) -> dict[str, Any]:
    """Return the wave that is open: its number, phase, and how many parts are left; empty without one."""
    with database.reading() as session:
        wave = waves.last(session)
    if wave is None or not wave.phase:
        return {}
    return {"wave": wave.number, "phase": wave.phase, "left": len(wave.left), "fault": wave.fault}
