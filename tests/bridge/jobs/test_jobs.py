from __future__ import annotations

from datetime import UTC, datetime, timedelta

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


def test_both_changes_of_summer_time_change_nothing_in_utc():
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        nights = [next_hour(2, day + timedelta(hours=hours)) for hours in range(48)]

        assert (
            sorted({night.day for night in nights}) == [day.day, day.day + 1, day.day + 2][: len(set(nights))]
        )
        assert len(set(nights)) == 3
