from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bridge.jobs.jobs import Job, Outcome, next_hour

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def job(every: timedelta, hour: int | None = None) -> Job:
    return Job(name="one", every=every, do=Outcome, hour=hour)


def test_waits_double_from_a_minute_up_to_an_hour():
    daily = job(timedelta(days=1))

    waits = [daily.wait(failures) / MINUTE for failures in range(1, 10)]

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert daily.wait(1_000_000) == timedelta(hours=1)


def test_a_wait_is_never_longer_than_four_periods():
    often = job(timedelta(seconds=30))

    assert often.wait(1) == MINUTE
    assert often.wait(5) == timedelta(minutes=2)


def test_a_period_is_counted_from_when_it_was_done():
    assert job(timedelta(minutes=10)).next_due(NOW) == NOW + timedelta(minutes=10)
    assert job(timedelta(minutes=10)).first_due(NOW) == NOW


@pytest.mark.parametrize(
    ("now", "hour", "due"),
    [
        (NOW, 2, datetime(2026, 3, 2, 2, tzinfo=UTC)),
        (NOW, 13, datetime(2026, 3, 1, 13, tzinfo=UTC)),
        (NOW, 12, datetime(2026, 3, 2, 12, tzinfo=UTC)),
    ],
)
def test_a_nightly_job_is_due_at_its_next_hour(now: datetime, hour: int, due: datetime):
    assert next_hour(hour, now) == due
    assert job(timedelta(days=1), hour).next_due(now) == due
    assert job(timedelta(days=1), hour).first_due(now) == due


ZONES = (
    ("Europe/Berlin", 2026, (3, 29), (10, 25)),
    ("Europe/London", 2026, (3, 29), (10, 25)),
    ("Atlantic/Azores", 2026, (3, 29), (10, 25)),
    ("America/New_York", 2026, (3, 8), (11, 1)),
    ("America/Los_Angeles", 2026, (3, 8), (11, 1)),
    ("America/St_Johns", 2026, (3, 8), (11, 1)),
    ("America/Santiago", 2026, (4, 4), (9, 5)),
    ("Australia/Sydney", 2026, (4, 4), (10, 3)),
    ("Australia/Lord_Howe", 2026, (4, 4), (10, 3)),
    ("Pacific/Auckland", 2026, (4, 4), (9, 26)),
)


@pytest.mark.parametrize("hour", [0, 2, 3, 23])
@pytest.mark.parametrize(("zone", "year", "one", "other"), ZONES)
def test_a_nightly_job_is_done_once_each_day_on_both_changes_of_the_clock(
    zone: str, year: int, one: tuple[int, int], other: tuple[int, int], hour: int
):
    there = ZoneInfo(zone)
    nightly = job(timedelta(days=1), hour)
    for month, day in (one, other):
        begins = datetime(year, month, day, tzinfo=there)
        offsets = {(begins + timedelta(hours=h)).utcoffset() for h in range(48)}
        assert len(offsets) == 2, "the clocks are changed here"
        now = begins.astimezone(UTC) - timedelta(days=1)
        end, due, done = now + timedelta(days=4), nightly.first_due(now), []
        while now < end:  # a look each quarter of an hour, by the clock on the wall there
            if now >= due:
                done.append(now)
                due = nightly.next_due(now.astimezone(there))
            now += timedelta(minutes=15)

        assert {at.hour for at in done} == {hour}
        assert {after - before for before, after in pairwise(done)} == {timedelta(days=1)}
        assert done[0] - (end - timedelta(days=4)) <= timedelta(days=1)
        assert end - done[-1] <= timedelta(days=1)


def test_a_job_of_a_calendar_is_due_at_the_next_of_its_times():
    weekly = Job(name="digest", every=timedelta(days=7), do=Outcome, at=lambda now: now + timedelta(days=3))

    assert weekly.first_due(NOW) == weekly.next_due(NOW) == NOW + timedelta(days=3)
