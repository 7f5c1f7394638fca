"""The time that waits are measured by: seconds of the machine's own count, which no one can set.

The wall clock is only told to people: a wait that it measured would end early when somebody sets it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on this machine: `seconds` since the start named `boot`, sleep included; and the wall's."""

    boot: str
    seconds: float
    wall: datetime


class Clock(Protocol):
    """Whoever tells the moment."""

    def now(self) -> Moment:
        """Return the present moment."""
        ...


class MachineClock:
    """The clock of this machine. Where a start has no name, its name is empty: see `passed`."""

    def __init__(self) -> None:
        try:
            self._boot = _BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            self._boot = ""
        self._which = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now(self) -> Moment:
        """Return the present moment."""
        return Moment(self._boot, time.clock_gettime(self._which), datetime.now(UTC))


def passed(boot: str, seconds: float, now: Moment) -> float:
    """Return how many seconds have surely passed since a moment; never more than really have.

    After another start, that is how long this start has lasted. Where starts have no names, a count that is
    lower than before tells of another start, and a count that is higher can only make the wait longer. A
    store must not be carried to another machine while something is in doubt: its count says nothing there.
    """
    if boot != now.boot:
        return max(now.seconds, 0.0)
    if now.seconds < seconds:
        return 0.0 if boot else max(now.seconds, 0.0)
    return now.seconds - seconds
