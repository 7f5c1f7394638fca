"""Written times to aware UTC, by one reading for a whole column.

Understood: ISO 8601; RFC 2822 and other forms with the month's name; epoch seconds, milli-, micro- and
nanoseconds; Excel serial days; day/month/year and month/day/year. Which of the last two holds is told from
the column, never from a single value. A time without a zone takes the column's zone; in an hour that the
clocks repeat it is the first one, in one that they skip the clock time after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from connectors.errors import BadSettings
from connectors.names import MONTHS
from connectors.nearest import did_you_mean

Order = Literal["day first", "month first"]

EARLIEST, LATEST = 1970, 2200
"""Years outside are no time at which a customer said something."""

_CLOCK = (
    r"(?:[T ,]+(?:at |um |a las |à )?(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|\(?[A-Z]{2,4}\)?(?:[+-]\d{2}:?\d{2})?)?"
)
_ISO = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _CLOCK, re.IGNORECASE)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?:T(?P<clock>\d{4,6})(?P<zone>Z?))?"
)
_NUMERIC = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[/.-])(?P<two>\d{1,2})[/.-](?P<year>\d{4}|\d{2}),?" + _CLOCK, re.IGNORECASE
)
_DAY_NAME = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+", re.IGNORECASE)
_DAY_MONTH = re.compile(
    r"(?P<day>\d{1,2})(?:[snrt][tdh]|\.)?[\s-]+(?:de )?(?P<name>[^\W\d_]{3,10})\.?,?"
    r"[\s-]+(?:de )?(?P<year>\d{4}|\d{2})" + _CLOCK,
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    r"(?P<name>[^\W\d_]{3,10})\.?\s+(?P<day>\d{1,2})(?:[snrt][tdh])?,?\s+(?P<year>\d{4})" + _CLOCK,
    re.IGNORECASE,
)
_C_STYLE = re.compile(
    r"(?P<name>[^\W\d_]{3})\s+(?P<day>\d{1,2})\s+(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
    r"(?:\s+(?P<zone>[+-]\d{4}|[A-Z]{2,4}))?\s+(?P<year>\d{4})",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{5,19}(?:\.\d+)?")
_MONTH_OF = {name: number for number, names in enumerate(MONTHS, start=1) for name in names.split()}
_HOURS = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "CET": 1, "CEST": 2,
}  # fmt: skip
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock time; the column's zone is put on later
_LAST_EXCEL_DAY = 110_000
_LEAST_EPOCH_DIGITS = 9
_EPOCH_SCALES = ((11, 1), (14, 10**3), (17, 10**6), (19, 10**9))  # up to so many digits: parts of a second


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone; raises `BadSettings` naming the nearest."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise BadSettings(
            f"timezone {name!r} is unknown.{did_you_mean(name, available_timezones())}"
            " Write one like 'UTC', 'Europe/Madrid' or 'America/New_York'"
        ) from error


@dataclass(frozen=True, slots=True)
class Reading:
    """How the times of one column are read."""

    zone: tzinfo
    order: Order = "day first"

    def utc(self, text: str) -> datetime:
        """Return the time in UTC; raises `ValueError` whose message says what is wrong."""
        text = " ".join(text.split())
        if not text:
            raise ValueError("is empty")
        try:
            said_at = self._read(text)
        except (ValueError, OverflowError) as error:
            detail = str(error) if str(error).startswith("zone ") else self._hint(text)
            raise ValueError(f"{text[:60]!r} is not a date we can read{detail and f': {detail}'}") from error
        if not EARLIEST <= said_at.year <= LATEST:
            raise ValueError(f"{text[:60]!r} is not a date between {EARLIEST} and {LATEST}")
        return said_at

    def _hint(self, text: str) -> str:
        return f"this column is read {self.order}" if _NUMERIC.fullmatch(text) else ""

    def _read(self, text: str) -> datetime:
        if _NUMBER.fullmatch(text) and not _COMPACT.fullmatch(text):
            return self._number(text)
        wall, zone = _wall(text, self.order)
        return wall.replace(tzinfo=zone or self.zone).astimezone(UTC)

    def _number(self, text: str) -> datetime:
        whole, _, part = text.partition(".")
        if float(text) < _LAST_EXCEL_DAY:
            wall = _EXCEL_EPOCH + timedelta(seconds=round(float(text) * 86_400))
            return wall.replace(tzinfo=self.zone).astimezone(UTC)
        if len(whole) < _LEAST_EPOCH_DIGITS:
            raise ValueError("no epoch")
        scale = next(scale for digits, scale in _EPOCH_SCALES if len(whole) <= digits)
        seconds, rest = divmod(int(whole), scale)
        micros = rest * 10**6 // scale + (int(f"{part:0<6}"[:6]) if part and scale == 1 else 0)
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)


def _wall(text: str, order: Order) -> tuple[datetime, tzinfo | None]:
    """Return the clock time as written, and the zone if one is written."""
    if found := _COMPACT.fullmatch(text):
        wall = datetime.fromisoformat(found[0].removesuffix("Z"))
        return wall.replace(tzinfo=None), UTC if found["zone"] else None
    if found := _ISO.fullmatch(text):
        return _built(found, int(found["month"]), int(found["day"]))
    if found := _NUMERIC.fullmatch(text):
        one, two = int(found["one"]), int(found["two"])
        by_day = order == "day first" or found["mark"] == "."
        return _built(found, two if by_day else one, one if by_day else two)
    text = _DAY_NAME.sub("", text)
    found = _DAY_MONTH.fullmatch(text) or _MONTH_DAY.fullmatch(text) or _C_STYLE.fullmatch(text)
    if found and (month := _MONTH_OF.get(found["name"].casefold())):
        return _built(found, month, int(found["day"]))
    raise ValueError("no form fits")


def _built(found: re.Match[str], month: int, day: int) -> tuple[datetime, tzinfo | None]:
    part = found.groupdict()
    year, hour = int(part["year"]), int(part["hour"] or 0)
    if len(part["year"]) == 2:  # noqa: PLR2004 - two-digit years
        year += 2000 if year < 70 else 1900  # noqa: PLR2004 - POSIX's pivot
    if part.get("half"):
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a twelve-hour clock
            raise ValueError("no hour")
        hour = hour % 12 + (12 if part["half"][0] in "pP" else 0)
    micros = int(f"{part.get('part') or '0':0<6}"[:6])
    wall = datetime(year, month, day, hour, int(part["minute"] or 0), int(part["second"] or 0), micros)  # noqa: DTZ001 - the zone comes with it
    return wall, _zone(part["zone"])


def _zone(written: str | None) -> tzinfo | None:
    if not written:
        return None
    name, sign, offset = re.fullmatch(r"\(?([A-Za-z]*)\)?([+-]?)([\d:]*)", written).groups()  # type: ignore[union-attr]
    if offset:
        hours, minutes = int(offset[:2]), int(offset[-2:])
        return timezone((-1 if sign == "-" else 1) * timedelta(hours=hours, minutes=minutes))
    if name.upper() not in _HOURS:
        raise ValueError(f"zone {written!r} is not one we know; write an offset such as +01:00")
    return timezone(timedelta(hours=_HOURS[name.upper()]))


@dataclass(frozen=True, slots=True)
class Told:
    """What a column says about its day and month order."""

    order: Order
    is_proven: bool
    is_asked: bool  # whether there is any value for which it matters


def order_told(values: Iterable[str]) -> Told:
    """Tell day-first from month-first by the first value that proves one; unproven: day first."""
    asked = False
    for value in values:
        found = _NUMERIC.fullmatch(" ".join(value.split()))
        if found is None or found["mark"] == ".":
            continue
        asked = True
        one, two = int(found["one"]), int(found["two"])
        if one > 12 >= two:  # noqa: PLR2004 - months
            return Told("day first", is_proven=True, is_asked=True)
        if two > 12 >= one:  # noqa: PLR2004 - months
            return Told("month first", is_proven=True, is_asked=True)
    return Told("day first", is_proven=False, is_asked=asked)


_OFFSET = re.compile(
    r"(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{1,3}):(?P<seconds>\d{1,2}(?:[.,]\d+)?)|(?P<plain>\d{1,6}(?:\.\d+)?)s?"
)


def offset_of(text: str) -> timedelta:
    """Return a time since a start, "83.5" (seconds), "01:23" or "00:01:23.500"; raises `ValueError`."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:60]!r} is not a time since the start; write seconds or hh:mm:ss")
    if found["plain"]:
        return timedelta(seconds=float(found["plain"]))
    seconds = float(found["seconds"].replace(",", "."))
    return timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"]), seconds=seconds)
