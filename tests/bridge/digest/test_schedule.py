"""When a digest is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bridge.config.digest import Digest
from bridge.digest.schedule import following, latest, sentence

SUNDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def settings(**more: object) -> Digest:
    return Digest.model_validate(more)


def test_a_daily_digest_is_due_at_its_hour_of_its_zone():
    berlin = settings(hour=7, zone="Europe/Berlin")

    assert latest(berlin, SUNDAY) == datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert following(berlin, SUNDAY) == datetime(2026, 3, 2, 6, tzinfo=UTC)


def test_the_hour_itself_is_due_and_not_the_next_one():
    at = datetime(2026, 3, 1, 7, tzinfo=UTC)

    assert latest(settings(), at) == at
    assert following(settings(), at) == at + timedelta(days=1)


@pytest.mark.parametrize(("weekday", "day"), [("sunday", 1), ("saturday", 28), ("monday", 23)])
def test_a_weekly_digest_is_due_on_its_weekday(weekday: str, day: int):
    weekly = settings(every="7d", weekday=weekday)

    found = latest(weekly, SUNDAY)

    assert (found.day, found.strftime("%A").lower()) == (day, weekday)
    assert following(weekly, SUNDAY) == found + timedelta(days=7)


def test_every_second_week_is_the_same_week_whenever_one_asks():
    fortnightly = settings(every="14d", weekday="friday")

    asked = {following(fortnightly, SUNDAY + timedelta(days=days)) for days in range(28)}

    assert {(b - a).days for a, b in pairwise(sorted(asked))} == {14}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("hour", [0, 1, 2, 23])
def test_the_clocks_going_forward_or_back_neither_skip_a_day_nor_repeat_one(zone: str, hour: int):
    daily = settings(hour=hour, zone=zone)
    times = [datetime(2026, 1, 1, tzinfo=UTC)]
    for _ in range(366):
        times.append(following(daily, times[-1]))

    assert {round((b - a) / timedelta(hours=1)) for a, b in pairwise(times[1:])} <= {23, 24, 25}
    assert all(latest(daily, at) == at for at in times[1:])


def test_it_is_said_in_a_sentence():
    assert sentence(settings(zone="Europe/Berlin")) == "every day at 07:00 (Europe/Berlin)"
    assert sentence(settings(every="7d")) == "every Monday at 07:00 (UTC)"
    assert sentence(settings(every="14d", hour=18)) == "every 2 weeks on Monday at 18:00 (UTC)"
