"""Words and figures for the page: times with their age, counts with their noun, links safe to follow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from bridge.times import stamp

LONGEST: Final = 1200
"""Characters of one statement that a page shows."""

_STEPS = ((60, 1, "second"), (3600, 60, "minute"), (2 * 86400, 3600, "hour"), (60 * 86400, 86400, "day"))
_MONTH, _YEAR = 30 * 86400, 365 * 86400
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_UNSAFE_IN_URL = re.compile(r"[\s\x00-\x20\x7f\"'<>\\^`{|}]")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as a page shows it: for machines, for a reader, and how long ago."""

    stamp: str
    exact: str
    age: str

    @property
    def day(self) -> str:
        """The day alone, in UTC."""
        return self.stamp[:10]


def moment(at: datetime, now: datetime) -> Moment:
    """Return a time for showing."""
    return Moment(stamp(at), f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", age(at, now))


def age(at: datetime, now: datetime) -> str:
    """Say how long ago a time was: "just now", "5 minutes ago", "in 2 hours"."""
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    if size < 10:  # noqa: PLR2004 - seconds that nobody counts
        return "just now"
    span = next((_span(size, unit, noun) for limit, unit, noun in _STEPS if size < limit), None)
    if span is None:
        span = _span(size, _MONTH, "month") if size < 2 * _YEAR else _span(size, _YEAR, "year")
    return f"{span} ago" if seconds > 0 else f"in {span}"


def _span(seconds: float, unit: int, noun: str) -> str:
    return counted(max(int(seconds // unit), 1), noun)


def counted(number: int, noun: str, several: str | None = None) -> str:
    """Return a number with its noun: "1 person", "1,204 people"."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def excerpt(text: str, longest: int = LONGEST) -> str:
    """Return a text, cut with a word about it if it is very long."""
    if len(text) <= longest:
        return text
    return f"{text[:longest].rstrip()} … [cut here: {len(text):,} characters]"


def legible(text: str) -> str:
    """Replace what no page may hold (control characters, halves of characters) by a sign for it."""
    return _UNSEEN.sub("\ufffd", text)


def safe_link(url: str | None) -> str | None:
    """Return an address if it is a plain http or https one, else None: a link never runs anything."""
    if url is None or _UNSAFE_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and host else None


def own_or_safe_link(url: str | None) -> str | None:
    """Return an address of our own backlog, or one that `safe_link` lets through."""
    if url is not None and re.fullmatch(r"/backlog/[A-Za-z0-9_-]+", url):
        return url
    return safe_link(url)


def author(display: str | None, handle: str | None, key: str | None) -> str:
    """Return how a page names who said it: by name, by handle, or by the start of the pseudonym."""
    return display or handle or (f"person {key[:8]}" if key else "somebody")
