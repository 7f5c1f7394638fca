"""The scheduler: a beat that asks the table what is due, and does it, one job after the other.

APScheduler keeps nothing but the beat, in memory: a beat that is lost or comes twice changes nothing, because
what is due stands in our table and is asked again under the lock of the store.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bridge.errors import AlreadyRunning, BridgeError
from bridge.jobs.jobs import GiveWay, HandBack, Job, Outcome
from bridge.jobs.log import Log
from bridge.jobs.pulse import Pulse
from bridge.jobs.table import Table, Times
from bridge.tracker.clock import Clock

_BEAT = "beat"
PING_S = 60.0
"""How often the watcher elsewhere is told that all is well."""


class _Scheduler(BackgroundScheduler):  # type: ignore[misc]  # the package has no types
    """A scheduler that says whether its thread lives: its own `running` stays true when it has died."""

    def is_alive(self) -> bool:
        return self._thread is not None and bool(self._thread.is_alive())


class Metronome:
    """Does the jobs of one store when they are due."""

    def __init__(
        self,
        jobs: Sequence[Job],
        table: Table,
        only_one: Callable[[], AbstractContextManager[None]],
        clock: Clock,
        pulse: Pulse,
        log: Log,
        ping: Callable[[], None] | None = None,
    ) -> None:
        self._jobs = jobs
        self._table = table
        self._only_one = only_one
        self._clock = clock
        self._pulse = pulse
        self._log = log
        self._ping = ping
        self._failing: set[str] = set()
        self._pinged_s: float | None = None
        self._scheduler: Any = None
        self._tick_s = 0.0
        self._busy = threading.Event()
        self._clock_was_set = threading.Event()

    # the beat

    def start(self, tick_s: float) -> None:
        """Bring due times within reach and begin to beat."""
        self._table.reschedule(self._jobs, self._clock.now().wall, fresh=True)
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a long job skips beats is no news
        self._scheduler = _Scheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._tick_s = tick_s
        self._scheduler.add_job(self.tick, **self._beat(), id=_BEAT, next_run_time=self._clock.now().wall)
        self._scheduler.start()

    def _beat(self) -> dict[str, Any]:
        return {"trigger": IntervalTrigger(seconds=self._tick_s, timezone=UTC)}

    def is_alive(self) -> bool:
        """Say whether the scheduler's thread lives."""
        return self._scheduler is not None and self._scheduler.is_alive()

    def reschedule(self) -> None:
        """Begin the beat anew: the wall clock was set. Due times are brought within reach at the next tick.

        Touches no store: whoever calls this must never wait for one.
        """
        self._clock_was_set.set()
        if self._scheduler is not None and not self._pulse.ending:
            self._scheduler.reschedule_job(_BEAT, **self._beat())

    def stop(self) -> None:
        """Begin no other job, and ask the one at work to hand back."""
        self._pulse.ask_to_end()
        if self._scheduler is not None and self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def is_busy(self) -> bool:
        """Say whether a job is at work, or is still being noted."""
        return self._busy.is_set()

    # a tick

    def tick(self) -> None:
        """Do what is due. Never raises: a fault of the store is told, and the next tick tries again."""
        self._busy.set()
        try:
            self._round()
        except AlreadyRunning:
            self._pulse.skipped += 1  # another daemon, or a command, is at work
        except Exception as fault:  # noqa: BLE001 - whatever it is, the next tick must come
            words = self._log.words_of(fault)
            if words != self._pulse.fault:
                self._log.note("tick failed", words, level="error")
            self._pulse.fault = words
        else:
            self._pulse.fault = None
            self._tell_well()
        finally:
            self._pulse.ticked()
            self._busy.clear()

    def _round(self) -> None:
        """Do what is due, until no job has more to do at once."""
        if self._clock_was_set.is_set():
            moved = self._table.reschedule(self._jobs, self._clock.now().wall)
            self._log.note("rescheduled", f"due times brought nearer: {', '.join(moved) or 'none'}")
            self._clock_was_set.clear()
        again: set[str] = set()
        while again := self._each_once(again):
            self._pulse.ticked()
            self._tell_well()

    def _each_once(self, last: set[str]) -> set[str]:
        """Do each job that is due once, those named last; return the names of those with more to do."""
        due = self._table.due(self._jobs, self._clock.now().wall)
        again = self._those_with_more(sorted(due, key=lambda job: job.name in last))
        if not again:
            follow = [job for job in self._jobs if job.name in {job.then for job in self._jobs}]
            again = self._those_with_more(self._table.due(follow, self._clock.now().wall))
        return set() if self._pulse.ending else again

    def _those_with_more(self, due: Sequence[Job]) -> set[str]:
        return {job.name for job in due if not self._pulse.ending and self._one(job)}

    def _one(self, job: Job) -> bool:
        """Do a job under the lock, if it is still due there: another daemon may have done it meanwhile.

        Return whether it has more to do at once.
        """
        with self._only_one():
            started, due = self._clock.now().wall, self._table.due_at(job)
            if due is None or due > started:
                return False
            if ended := self._table.begin(job, started):
                self._log.note("begun again", f"{job.name}: ended its process {ended} times", level="warning")
            self._pulse.begin(job.name, (lambda: self._others_due(job)) if job.gives_way else None)
            try:
                outcome, state = self._outcome(job)
            finally:
                seconds = self._pulse.end()
            self._keep(job, outcome, state, due, Times(started, self._clock.now().wall, round(seconds, 3)))
        self._log.job(job.name, outcome, due=due, seconds=seconds, state=state)
        return state == "gave way" or outcome.more

    def _others_due(self, job: Job) -> bool:
        """Say whether another job is due; while the store can't be asked, none is."""
        others = [other for other in self._jobs if other is not job]
        try:
            return bool(self._table.due(others, self._clock.now().wall))
        except BridgeError:
            return False

    def _keep(self, job: Job, outcome: Outcome, state: str, due: datetime, times: Times) -> None:
        """Note how a job went; one that was handed back or gave way stays due."""
        if state in ("ok", "partly"):
            self._table.done(job, outcome, times)
        elif state == "failed":
            self._table.failed(job, outcome.error or "", times)
        else:
            self._table.left(job, due)
            return
        (self._failing.discard if state == "ok" else self._failing.add)(job.name)

    def _outcome(self, job: Job) -> tuple[Outcome, str]:
        try:
            outcome = job.do()
        except HandBack:
            return Outcome(), "handed back"
        except GiveWay:
            return Outcome(), "gave way"
        except Exception as fault:  # noqa: BLE001 - one job that fails holds no other up
            return Outcome(error=self._log.words_of(fault)), "failed"
        if outcome.error is None:
            return outcome, "ok"
        return replace(outcome, error=self._log.clean(outcome.error)), "partly"

    def _tell_well(self) -> None:
        """Ping the watcher elsewhere, at most once a minute, while no job of ours fails."""
        now = self._clock.now().seconds
        early = self._pinged_s is not None and now - self._pinged_s < PING_S
        if self._ping is None or self._failing or early or self._pulse.ending:
            return
        self._pinged_s = now
        try:
            self._ping()
        except (BridgeError, OSError) as fault:
            self._log.note("ping failed", self._log.words_of(fault), level="warning")
