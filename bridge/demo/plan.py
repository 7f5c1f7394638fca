"""When things happen at the sample company: what is talked about in which week, where, at what hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

WEEKS = 26
DAYS = WEEKS * 7
HOUR, DAY = 3600, 86_400  # seconds

FORUM_WEEK = 14
"""The week (from 1) in which the community forum opens; it brings hidden demand."""

CRISIS_START = 118 * DAY + 18 * HOUR + 1800
"""The night of the check-in outage begins: seconds after the first midnight, nine weeks before the end."""
CRISIS_SECONDS = 9 * HOUR
CRISIS_ITEMS, CRISIS_REPOSTS = 96, 24
LOUD_ITEMS = 40

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "x-mentions": "post",
        "app-reviews": "review",
        "support-mail": "mail",
        "help-desk": "ticket",
        "community-forum": "forum",
        "support-calls": "call",
    }
)
"""Name of each channel → its kind."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A fix: its topic, the app's version, seconds after the start, and whether it helped."""

    topic: str
    version: str
    at: int
    helped: bool


SHIPPED = (
    Shipped("login-loop", "4.8.0", 83 * DAY + 8 * HOUR, helped=True),
    Shipped("seat-payment", "4.9.1", 111 * DAY + 8 * HOUR, helped=False),
)

_EVERYWHERE = {
    "x-mentions": 36, "app-reviews": 15, "support-mail": 16, "help-desk": 13, "community-forum": 13,
    "support-calls": 8,
}  # fmt: skip
_APP = {**_EVERYWHERE, "app-reviews": 40}
_OFFICE = {"support-mail": 45, "help-desk": 45, "community-forum": 10}
_CRISIS = {
    "x-mentions": 76,
    "app-reviews": 6,
    "support-mail": 4,
    "help-desk": 6,
    "community-forum": 5,
    "support-calls": 3,
}
_HOURS = (1, 1, 0, 0, 1, 3, 6, 9, 9, 8, 7, 7, 8, 8, 7, 7, 7, 8, 9, 9, 8, 6, 4, 2)  # 0 h to 23 h
_PHONE_HOURS = range(8, 20)
_WEEKDAYS = (10, 10, 11, 12, 7, 6, 10)  # two quiet days in seven; the last day of the sample is the seventh


def _steady(per_week: float) -> tuple[float, ...]:
    return (per_week * 0.8,) * WEEKS


WEEKLY: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "login-loop": (2.5, 2.5, 3, 3, 3.5, 4, 4, 4, 4.5, 4.5, 5, 4.5, 0.9, 0.5, *(0.25,) * 12),
        "seat-payment": (2.0,) * 5 + (2.8,) * 21,
        "wallet-pass": (4, 5, 4, 4, 3, 2, 2, 1, *(0.0,) * 13, 2, 4, 5, 4, 4),
        "passport-scan": (0.0,) * 23 + (4, 6, 8),
        "refund-slow": tuple(0.5 + week * 0.115 for week in range(WEEKS)),
        "family-seats": (0.15,) * 4 + (3, 4, 0.6) + (0.15,) * 11 + (4, 5, 4, 0.8) + (0.15,) * 4,
        "bike-booking": (0.0,) * 5 + (1, *(0.0,) * 7) + (2.3,) * 13,
        "checkin-outage": (0.3,) * 16 + (0.0, 1.4, 0.9, 0.6) + (0.3,) * 6,
        "plastic-waste": (0.27,) * WEEKS,
        "crew-praise": (1.5,) * WEEKS,
        "bag-delay": _steady(1.8),
        "bag-fee": _steady(1.4),
        "delay-notice": _steady(1.2),
        "rebooking": _steady(1.2),
        "hold-time": _steady(1.1),
        "route-request": _steady(1.0),
        "points-missing": _steady(0.8),
        "price-jump": _steady(0.8),
        "wifi-onboard": _steady(0.8),
        "vegan-meal": _steady(0.8),
        "name-change": _steady(0.7),
        "company-invoice": _steady(0.7),
        "cabin-clean": _steady(0.7),
        "wheelchair-help": _steady(0.6),
        "pet-cabin": _steady(0.6),
        "dark-mode": _steady(0.6),
        "calendar-time": _steady(0.6),
        "power-none": _steady(0.5),
    }
)
"""Expected items of each topic in weeks 1 to 26, without the crisis night and the loud author."""

_WHERE = {
    "login-loop": _APP, "seat-payment": _APP, "wallet-pass": _APP, "passport-scan": _APP, "dark-mode": _APP,
    "calendar-time": _APP, "company-invoice": _OFFICE,
    "bike-booking": {"community-forum": 92, "support-mail": 8},
}  # fmt: skip


def moments(rng: Random, topic: str) -> list[int]:
    """Return the times at which a topic is spoken of, as seconds after the start; unsorted."""
    times: list[int] = []
    owed = rng.random() * 0.5
    for week, expected in enumerate(WEEKLY[topic]):
        owed = owed + expected if expected else 0.0
        count = int(owed)
        owed -= count
        times += [moment(rng, week) for _ in range(count)]
    return times


def moment(rng: Random, week: int) -> int:
    """Return a time in a week (from 0) after the rhythm of days and hours; early on the very last day."""
    day = week * 7 + rng.choices(range(7), _WEEKDAYS)[0]
    hour = rng.choices(range(24), _HOURS)[0]
    second = rng.randrange(HOUR)
    return day * DAY + (hour * HOUR + second if day < DAYS - 1 else second)


def channel(rng: Random, topic: str, at: int) -> str:
    """Return where something is said about a topic at a time; the forum only once it is open."""
    weights = _CRISIS if in_crisis(at) else _WHERE.get(topic, _EVERYWHERE)
    hour = at % DAY // HOUR
    possible = {
        name: weight
        for name, weight in weights.items()
        if (name != "community-forum" or at >= (FORUM_WEEK - 1) * 7 * DAY)
        and (name != "support-calls" or hour in _PHONE_HOURS or in_crisis(at))
    }
    return rng.choices(list(possible), list(possible.values()))[0]


def crisis_moment(rng: Random) -> int:
    """Return a time in the night of the outage; most speak in its first half."""
    return CRISIS_START + int(CRISIS_SECONDS * rng.triangular(0.0, 1.0, 0.3))


def in_crisis(at: int) -> bool:
    """Say whether a time lies in the night of the outage."""
    return CRISIS_START <= at < CRISIS_START + CRISIS_SECONDS


def is_late(topic: str, at: int) -> bool:
    """Say whether people would write "again" or "after that": the topic is back, or its fix is out."""
    start = {"wallet-pass": 21 * 7 * DAY, "seat-payment": 114 * DAY, "checkin-outage": 121 * DAY}
    return at >= start.get(topic, DAYS * DAY)
