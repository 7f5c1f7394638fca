"""Jobs: what they are, when the next one is due, and how long to wait after a failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
DAY = timedelta(days=1)
PULL = "pull "
"""How the names of pulls begin; the source's name follows."""


class HandBack(BaseException):
    """The daemon is to end: a job stops where it stands, and the next start goes on from there."""


class GiveWay(BaseException):
    """Another job is due: a job that can stops where it stands, and goes on when the other is done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job did: counts for the log, what went wrong with a part of it, and whether there is more."""

    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is done again and again.

    `every` is its period; with `hour` it is done once a day from that hour (UTC) on, with `at` at the times
    of a calendar: it returns the next one. `brings_news` says of an outcome whether the job `then` should
    follow at once. One that `gives_way` may be stopped between two slices for another that is due.
    """

    name: str
    every: timedelta
    do: Callable[[], Outcome]
    hour: int | None = None
    at: Callable[[datetime], datetime] | None = None
    then: str | None = None
    brings_news: Callable[[Outcome], bool] = lambda _: False
    gives_way: bool = False

    @property
    def source(self) -> str | None:
        """The source that it pulls, None for other jobs."""
        return self.name.removeprefix(PULL) if self.name.startswith(PULL) else None

    def next_due(self, now: datetime) -> datetime:
        """Return when it is due after it was done now."""
        if self.at is not None:
            return self.at(now)
        return now + self.every if self.hour is None else next_hour(self.hour, now)

    def first_due(self, now: datetime) -> datetime:
        """Return when it is due for the first time: at once, or at its next hour."""
        return now if self.hour is None and self.at is None else self.next_due(now)

    def wait(self, failures: int) -> timedelta:
        """Return how long to wait after so many failures in a row.

        Doubles from a minute up to an hour, and never beyond four periods.
        """
        doubled = FIRST_WAIT * (1 << min(max(failures, 1) - 1, 10))
        return min(doubled, LONGEST_WAIT, self.every * 4)


def next_hour(hour: int, now: datetime) -> datetime:
    """Return the next time that it is this hour in UTC, after now."""
    at = now.astimezone(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return at if at > now else at + DAY
