"""The twin's clock: the real one with an offset, or one that only moves when told to."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)


class Clock:
    """Seconds and times; `skew` moves what the site says of the time, not what it waits for."""

    def __init__(self, *, fake: bool) -> None:
        self.fake = fake
        self.offset = 0.0
        self.skew = 0.0

    def seconds(self) -> float:
        """Return the seconds since some past instant, for waiting and for buckets."""
        return self.offset + (EPOCH.timestamp() if self.fake else time.time())

    def now(self) -> datetime:
        """Return the time as the site believes it to be."""
        return datetime.fromtimestamp(self.seconds() + self.skew, tz=UTC)

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.offset += seconds


def stamp(at: datetime | None) -> str | None:
    """Return a time as Jira writes it: 2026-11-21T19:30:00.000+0000."""
    if at is None:
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"
