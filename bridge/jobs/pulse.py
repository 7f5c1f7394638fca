"""The daemon's signs of life, shared by its threads: the last tick, the job at work, and a wish to end."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from bridge.jobs.jobs import HandBack
from bridge.tracker.clock import Clock


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

    def begin(self, name: str) -> None:
        """Note that a job begins."""
        now = self._clock.now().seconds
        self.working = Working(name, now, now)

    def end(self) -> float:
        """Note that the job ended; return its seconds."""
        working, self.working = self.working, None
        self.ticked()
        return 0.0 if working is None else self._clock.now().seconds - working.began_s

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
        """Take a sign of life from a step; raises `HandBack` when the daemon is to end."""
        working = self.working
        if working is not None:
            self.working = Working(working.name, working.began_s, self._clock.now().seconds)
        if self.ending:
            raise HandBack
