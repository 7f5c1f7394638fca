from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.trend import recurrence, sparkline, trend, trend_by_source, weekly

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIMES = st.lists(st.integers(-20, 400).map(lambda days: NOW - timedelta(days=days, hours=3)), max_size=60)


def mentions(per_week: list[int]) -> list[datetime]:
    """Return times that fall into weekly windows as given, oldest first."""
    last = len(per_week) - 1
    return [
        NOW - timedelta(days=7 * (last - w) + 1, minutes=i) for w, n in enumerate(per_week) for i in range(n)
    ]


def test_a_week_reaches_back_seven_days_and_excludes_its_oldest_moment():
    said = [NOW, NOW - timedelta(days=7), NOW - timedelta(days=6, hours=23), NOW + timedelta(seconds=1)]

    counts = weekly(said, now=NOW, weeks=3)

    assert counts == (0, 1, 2)


def test_a_steady_topic_has_ratio_one_and_no_burst():
    found = trend(mentions([4, 5, 3, 4] * 6), volume=[100] * 24, now=NOW, weeks=24)

    assert found.ratio == pytest.approx(1.0, abs=0.1)
    assert (found.burst, found.burst_since) == (False, None)


def test_doubling_at_the_same_volume_nearly_doubles_the_ratio():
    found = trend(mentions([10] * 22 + [20] * 4), volume=[500] * 26, now=NOW)

    assert 1.8 < (found.ratio or 0) < 2.0
    assert (found.slope or 0) > 0


def test_the_ratio_follows_its_formula():
    found = trend(mentions([0] * 14 + [1] * 8 + [3] * 4), volume=[100] * 26, now=NOW)

    # 12 in 400 against 8 in 800, two pseudo-mentions spread over 1,200
    assert found.ratio == pytest.approx((12 / 400 + 2 / 1200) / (8 / 800 + 2 / 1200), abs=1e-4)


def test_a_sudden_week_is_a_burst_that_starts_with_its_window():
    found = trend(mentions([2, 3, 2, 1] * 6 + [2, 25]), volume=[300] * 26, now=NOW)

    assert found.burst
    assert found.burst_since == NOW - timedelta(days=7)


def test_a_burst_of_three_weeks_began_three_weeks_ago():
    found = trend(mentions([2] * 23 + [30, 40, 35]), volume=[300] * 26, now=NOW)

    assert found.burst_since == NOW - timedelta(days=21)


def test_a_burst_that_is_over_is_none():
    assert not trend(mentions([2] * 24 + [30, 2]), volume=[300] * 26, now=NOW).burst


def test_a_source_that_shouts_a_hundredfold_makes_no_topic_a_burst():
    quiet, loud = [10] * 25, 1000

    found = trend(mentions([1] * 25 + [100]), volume=[*quiet, loud], now=NOW)

    assert not found.burst
    assert found.ratio == pytest.approx(1.0, abs=0.05)


def test_four_mentions_are_never_a_burst():
    assert not trend(mentions([0] * 25 + [4]), volume=[1000] * 26, now=NOW).burst


def test_five_mentions_after_silence_in_a_loud_source_are_a_burst():
    assert trend(mentions([0] * 25 + [5]), volume=[1000] * 26, now=NOW).burst


def test_a_noisy_topic_needs_more_than_a_calm_one():
    noisy, calm = [0, 12] * 12 + [1], [6] * 25

    assert trend(mentions([*calm, 20]), volume=[500] * 26, now=NOW).burst
    assert not trend(mentions([*noisy, 20]), volume=[500] * 26, now=NOW).burst


def test_a_new_source_full_of_the_topic_is_neither_a_rise_nor_a_burst():
    said = {"mail": mentions([3] * 26), "reviews": mentions([0] * 24 + [60, 60])}

    found = trend_by_source(said, volume={"mail": [100] * 26, "reviews": [0] * 24 + [100, 100]}, now=NOW)

    assert not found.burst
    assert found.ratio == pytest.approx(1.0, abs=0.05)
    assert found.per_week[-1] == 63


def test_a_dead_source_that_was_full_of_the_topic_is_no_cure():
    said = {"mail": mentions([3] * 26), "forum": mentions([40] * 20 + [0] * 6)}

    found = trend_by_source(said, volume={"mail": [100] * 26, "forum": [50] * 20 + [0] * 6}, now=NOW)

    assert found.ratio == pytest.approx(1.0, abs=0.05)


def test_one_source_alone_new_or_dead_tells_nothing():
    new = trend(mentions([0] * 24 + [9, 9]), volume=[0] * 24 + [30, 30], now=NOW)
    dead = trend(mentions([9] * 20 + [0] * 6), volume=[30] * 20 + [0] * 6, now=NOW)

    assert (new.ratio, new.burst, new.slope) == (None, False, None)
    assert (dead.ratio, dead.burst) == (None, False)


def test_a_volume_of_the_wrong_length_is_refused_by_name():
    with pytest.raises(ValueError, match="'mail' is not 26 numbers"):
        trend_by_source({}, volume={"mail": [1, 2]}, now=NOW)
    with pytest.raises(ValueError, match="'forum'"):
        trend_by_source({"forum": []}, volume={}, now=NOW)


@given(TIMES, st.lists(st.integers(0, 50), min_size=26, max_size=26))
def test_any_history_gives_finite_measures(said: list[datetime], volume: list[int]):
    found = trend(said, volume=volume, now=NOW)

    assert sum(found.per_week) == sum(timedelta() <= NOW - at < timedelta(days=182) for at in said)
    assert found.ratio is None or 0 < found.ratio < 1e6
    assert found.burst == (found.burst_since is not None)
    assert not found.burst or found.per_week[-1] >= 5


@given(TIMES, st.randoms())
def test_order_of_mentions_changes_nothing(said: list[datetime], random: Random):
    shuffled = list(said)
    random.shuffle(shuffled)

    assert trend(said, volume=[9] * 26, now=NOW) == trend(shuffled, volume=[9] * 26, now=NOW)
    assert recurrence(said, now=NOW) == recurrence(shuffled, now=NOW)


@given(st.lists(st.integers(0, 30), min_size=26, max_size=26), st.integers(2, 20))
def test_volume_that_grows_everywhere_alike_changes_no_ratio(per_week: list[int], factor: int):
    one = trend(mentions(per_week), volume=[40] * 26, now=NOW)
    more = trend(mentions(per_week), volume=[40 * factor] * 26, now=NOW)

    assert one.ratio == pytest.approx(more.ratio)


def test_a_topic_that_comes_back_after_a_quiet_time_returned_once():
    said = [NOW - timedelta(days=days) for days in (100, 95, 50, 2)]

    found = recurrence(said, now=NOW)

    assert (found.active_weeks, found.weeks, found.returns, found.last_quiet_days) == (4, 15, 2, 48)


def test_the_silence_still_going_on_is_no_return():
    found = recurrence([NOW - timedelta(days=90), NOW - timedelta(days=80)], now=NOW)

    assert (found.returns, found.last_quiet_days, found.weeks) == (0, 0, 13)


def test_a_gap_of_exactly_the_quiet_days_counts_and_one_second_less_does_not():
    start = NOW - timedelta(days=40)

    assert recurrence([start, start + timedelta(days=28)], now=NOW).returns == 1
    assert recurrence([start, start + timedelta(days=28, seconds=-1)], now=NOW).returns == 0


def test_what_is_said_after_now_is_left_out():
    found = recurrence([NOW + timedelta(days=1)], now=NOW)

    assert (found.active_weeks, found.weeks) == (0, 0)


@given(TIMES)
def test_active_weeks_never_exceed_weeks(said: list[datetime]):
    found = recurrence(said, now=NOW)

    assert 0 <= found.active_weeks <= found.weeks
    assert (found.returns == 0) == (found.last_quiet_days == 0)


def test_a_sparkline_has_a_block_for_each_week_and_shows_one_mention_above_none():
    assert sparkline([0, 1, 50, 100]) == "▁▂▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
