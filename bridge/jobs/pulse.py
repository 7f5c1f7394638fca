"""The daemon's signs of life, shared by its threads: the last tick, the job at work, and a wish to end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from bridge.jobs.jobs import GiveWay, HandBack
from bridge.tracker.clock import Clock

OWN_TIME_S = 10.0
"""How long a job may work before it gives way to another that is due."""
ASK_S = 2.0
"""Time between two questions whether another job is due."""


@dataclass(frozen=True, slots=True)
class Working:
    """The job at work: its name, and when it began and was last heard of, in seconds of the machine."""

    name: str
    began_s: float
    heard_s: float


class Pulse:
    """What the supervisor and the page know of the scheduler. Each field is written by one thread alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ending = threading.Event()
        self._tick_s = clock.now().seconds
        self._others_due: Callable[[], bool] | None = None
        self._asked_s = 0.0
        self.working: Working | None = None
        self.fault: str | None = None
        self.drifts = 0
        self.skipped = 0

    def ticked(self) -> None:
        """Note that the scheduler looked at what is due."""
        self._tick_s = self._clock.now().seconds

    def since_tick_s(self) -> float:
        """Return the seconds since the scheduler last looked, or since it last heard of the job at work."""
        working = self.working
        last = self._tick_s if working is None else max(self._tick_s, working.heard_s)
        return max(self._clock.now().seconds - last, 0.0)

    def begin(self, name: str, others_due: Callable[[], bool] | None = None) -> None:
        """Note that a job begins; with `others_due` it gives way between two slices when another is due."""
        now = self._clock.now().seconds
        self._others_due, self._asked_s = others_due, now
        self.working = Working(name, now, now)

    def end(self) -> float:
        """Note that the job ended; return its seconds."""
        working, self.working = self.working, None
        self.ticked()
        return 0.0 if working is None else self._clock.now().seconds - working.began_s

    def hear(self) -> None:
        """Take a sign of life from the job at work: its silence counts from now on."""
        working = self.working
        if working is not None:
            self.working = Working(working.name, working.began_s, self._clock.now().seconds)

    def silent_s(self) -> float:
        """Return for how many seconds nothing was heard of the job at work, 0 when none is."""
        working = self.working
        return 0.0 if working is None else max(self._clock.now().seconds - working.heard_s, 0.0)

    @property
    def ending(self) -> bool:
        """Whether the daemon is to end."""
        return self._ending.is_set()

    def ask_to_end(self) -> None:
        """Ask the job at work to hand back, and let no other begin."""
        self._ending.set()

    def step(self, name: str, done: int, total: int | None) -> None:  # noqa: ARG002 - the shape of `Progress`
        """Take a sign of life; raises `HandBack` when the daemon is to end, `GiveWay` when another is due."""
        self.hear()
        if self.ending:
            raise HandBack
        if self._gives_way():
            raise GiveWay

    def _gives_way(self) -> bool:
        working, others_due, now = self.working, self._others_due, self._clock.now().seconds
        if working is None or others_due is None or now - self._asked_s < ASK_S:
            return False
        if now - working.began_s < OWN_TIME_S:
            return False
        self._asked_s = now
        return others_due()
