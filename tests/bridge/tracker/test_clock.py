from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.tracker.clock import MachineClock, Moment, passed

WALL = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_machines_clock_names_its_start_and_counts_on():
    clock = MachineClock()

    one, two = clock.now(), clock.now()

    assert one.boot == two.boot
    assert one.seconds <= two.seconds
    assert one.wall.tzinfo is UTC


def test_seconds_of_one_start_are_counted():
    assert passed("a", 100.0, Moment("a", 130.5, WALL)) == 30.5


def test_after_another_start_only_its_own_seconds_have_surely_passed():
    assert passed("a", 100.0, Moment("b", 30.0, WALL)) == 30.0


def test_a_count_that_runs_backwards_within_a_start_is_not_trusted():
    assert passed("a", 100.0, Moment("a", 30.0, WALL)) == 0.0


@pytest.mark.parametrize(("then", "now", "least"), [(100.0, 130.0, 30.0), (100.0, 20.0, 20.0)])
def test_where_starts_have_no_names_the_wait_is_never_shortened(then: float, now: float, least: float):
    assert passed("", then, Moment("", now, WALL)) == least


@given(
    before=st.floats(0, 1e6),
    until_restart=st.floats(0, 1e6),
    after=st.floats(0, 1e6),
    named=st.booleans(),
    year=st.integers(1990, 2090),
)
def test_never_more_seconds_than_really_passed(
    before: float, until_restart: float, after: float, named: bool, year: int
):
    wall = datetime(year, 1, 1, tzinfo=UTC)
    now = Moment("b" if named else "", after, wall)

    found = passed("a" if named else "", before, now)

    assert found <= until_restart + after
