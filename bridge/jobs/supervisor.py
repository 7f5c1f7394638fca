"""The thread that watches the others: a daemon that stands still must end, so that it is started again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bridge.jobs.log import Log
from bridge.jobs.pulse import Pulse
from bridge.tracker.clock import Clock

CHECK_S = 5.0
DRIFT_S = 30.0
"""How far the wall clock may leave the machine's own count between two looks before all is rescheduled."""
LEAP_S = 86_400.0
"""A jump so far ends the process: what it holds in memory was made in another time."""
STILL_S = 30.0
"""A look that comes so late tells that the whole process stood still; no job is blamed for that."""


class Supervisor:
    """Looks every few seconds whether all parts live, no job hangs, and nobody set the clock.

    `alive` asks each part whether it lives; `reschedule` is called when the wall clock jumped; `end` ends the
    process with a message: a job that hangs can't be ended alone, and the ledger makes ending safe. None of
    them may wait for a lock that a job can hold. `last_resort` is told at each look after how many seconds
    the process is to end if no look follows: a job in foreign code may keep this very thread from running.
    """

    def __init__(  # noqa: PLR0913 - what it watches, and what it can do about it
        self,
        clock: Clock,
        pulse: Pulse,
        log: Log,
        *,
        alive: Mapping[str, Callable[[], bool]],
        hung_after: timedelta,
        reschedule: Callable[[], None],
        notify: Callable[[str], None],
        end: Callable[[str], None],
        last_resort: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._clock, self._pulse, self._log = clock, pulse, log
        self._alive = alive
        self._hung_after_s = hung_after.total_seconds()
        self._reschedule, self._notify, self._end = reschedule, notify, end
        self._last_resort = last_resort
        self._apart = self._wall_apart()
        self._looked_s = clock.now().seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()

    def check(self) -> str | None:
        """Look once; return why the process must end, None when all is well. Waits for nothing and nobody."""
        self._last_resort(self._hung_after_s + STILL_S)
        self._look_whether_we_stood_still()
        for name, alive in self._alive.items():
            if not alive():
                return f"the {name} has died; the process ends, so that it is started again"
        working = self._pulse.working
        if working is not None and self._pulse.silent_s() > self._hung_after_s:
            return (
                f"the job {working.name!r} gave no sign of life for {self._pulse.silent_s():.0f} s "
                f"(serve.hung_after: {self._hung_after_s:.0f} s); the process ends, and nothing is lost"
            )
        return self._look_at_clock()

    def _watch(self) -> None:
        while not self._stopped.wait(CHECK_S):
            try:
                why = self.check()
            except Exception as fault:  # noqa: BLE001 - a locked store must not end the watch
                self._log.note("watch", self._log.words_of(fault), level="error")
                continue
            if why is not None and not self._stopped.is_set():
                self._end(why)
                return
            self._notify("WATCHDOG=1")

    def _look_whether_we_stood_still(self) -> None:
        now = self._clock.now().seconds
        late, self._looked_s = now - self._looked_s - CHECK_S, now
        if late > STILL_S:
            self._pulse.hear()
            self._log.note("stood still", f"the process stood still for {late:.0f} s", level="warning")

    def _look_at_clock(self) -> str | None:
        apart = self._wall_apart()
        jump = (apart - self._apart).total_seconds()
        if abs(jump) <= DRIFT_S:
            self._apart = apart if abs(jump) < 1 else self._apart
            return None
        if abs(jump) >= LEAP_S:
            return (
                f"the wall clock jumped by {jump:+.0f} s, a day or more; the process ends, so that all "
                "begins anew by the clock as it is now"
            )
        self._log.note(
            "clock", f"the wall clock jumped by {jump:+.0f} s; all is rescheduled", level="warning"
        )
        self._pulse.drifts += 1
        self._reschedule()
        self._apart = apart
        return None

    def _wall_apart(self) -> timedelta:
        """Return how far the wall clock is from the machine's own count."""
        now = self._clock.now()
        return now.wall - datetime.fromtimestamp(0, now.wall.tzinfo) - timedelta(seconds=now.seconds)
