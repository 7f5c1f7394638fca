"""When a digest is due: an hour of a time zone, each day, or on one weekday of whole weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from bridge.config.digest import Digest

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY: Final = timedelta(days=1)


def latest(settings: Digest, now: datetime) -> datetime:
    """Return the last time, in UTC, that a digest was due up to now."""
    day = _today(settings, now)
    while not (_is_due_on(settings, day) and _at(settings, day) <= now):
        day -= _DAY
    return _at(settings, day)


def following(settings: Digest, now: datetime) -> datetime:
    """Return the first time, in UTC, that a digest is due after now."""
    day = _today(settings, now) - _DAY
    while not (_is_due_on(settings, day) and _at(settings, day) > now):
        day += _DAY
    return _at(settings, day)


def sentence(settings: Digest) -> str:
    """Say when it is due: "every day at 07:00 (UTC)"."""
    weeks = settings.every // timedelta(weeks=1)
    day = settings.weekday.capitalize()
    often = "every day" if not weeks else f"every {day}" if weeks == 1 else f"every {weeks} weeks on {day}"
    return f"{often} at {settings.hour:02}:00 ({settings.zone})"


def _today(settings: Digest, now: datetime) -> date:
    return now.astimezone(ZoneInfo(settings.zone)).date()


def _is_due_on(settings: Digest, day: date) -> bool:
    """Say whether a day is one of those: whole weeks are counted from the first such weekday there was."""
    days = settings.every // _DAY
    offset = _WEEKDAYS.index(settings.weekday) if days > 1 else 0
    return (day.toordinal() - 1 - offset) % days == 0


def _at(settings: Digest, day: date) -> datetime:
    """Return the time of a day; an hour that the clocks leave out is the one after, one twice the first."""
    local = datetime.combine(day, time(settings.hour), tzinfo=ZoneInfo(settings.zone))
    return local.astimezone(UTC)
