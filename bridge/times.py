"""How times are written by people and scripts, and for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bridge.errors import InputError

_EARLIEST, _LATEST = datetime(1970, 1, 2), datetime(2201, 1, 1)  # noqa: DTZ001 - compared as written


def stamp(at: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the second."""
    return f"{at.astimezone(UTC).isoformat(timespec='seconds')[:19]}Z"


def parse_as_of(text: str | None, flag: str = "--as-of") -> datetime | None:
    """Read a flag's time: a day (its end) or an ISO time from 1970-01-02 to 2200; naive times are UTC."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{flag}: {text!r} is no date; write 2026-11-21 or 2026-11-21T09:30:00+01:00"
        ) from None
    if not _EARLIEST <= at.replace(tzinfo=None) < _LATEST:
        raise InputError(f"{flag}: {text!r} is out of reach; write a day from 1970-01-02 to 2200-12-31")
    if len(text) == len("2026-11-21"):
        at += timedelta(days=1, microseconds=-1)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
