from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.standing import Habits, Standing, coming_back, milestone

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HABITS = Habits(wont_do=frozenset({"won't do"}))


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def standing(**rest: Any) -> Standing:
    usual: dict[str, Any] = {
        "reach": 10,
        "reach_told": 10,
        "recurrence": 0,
        "recurrence_told": 0,
        "burst": False,
    }
    return Standing(**usual | rest)


def done(**rest: Any) -> Standing:
    usual: dict[str, Any] = {"done_at": ago(10), "people_since": 5, "people_needed": 5, "reach_at_end": 10}
    return standing(**usual | rest)


def test_nothing_is_said_while_nothing_is_worth_saying():
    assert milestone(standing(reach=19), HABITS, NOW) is None


def test_a_topic_that_doubled_is_worth_a_word():
    told = milestone(standing(reach=20), HABITS, NOW)

    assert told is not None
    assert told.name == "grew"
    assert "20 people" in told.reason


def test_two_people_instead_of_one_are_not():
    assert milestone(standing(reach=2, reach_told=1), HABITS, NOW) is None


def test_a_topic_that_came_back_is_told_of_before_all_else():
    told = milestone(standing(reach=40, recurrence=1, burst=True), HABITS, NOW)

    assert told is not None
    assert told.name == "back"


@pytest.mark.parametrize(("days", "says"), [(None, True), (8, False), (27, False), (28, True)])
def test_a_burst_is_told_of_once_in_a_while(days: float | None, says: bool):
    last = None if days is None else ago(days)

    assert (milestone(standing(burst=True, commented_at=last), HABITS, NOW) is not None) == says


@given(st.integers(0, 1000), st.booleans(), st.integers(0, 5), st.floats(0, 6.99))
def test_there_is_never_a_second_comment_in_a_window(reach: int, burst: bool, times: int, days: float):
    seen = standing(reach=reach, burst=burst, recurrence=times, commented_at=ago(days))

    assert milestone(seen, HABITS, NOW) is None


def test_what_is_done_and_came_back_is_opened_again():
    back = coming_back(done(), HABITS, NOW)

    assert back is not None
    assert back.what == "reopen"
    assert back.reason == "5 people since 2026-02-19"


def test_too_few_people_bring_nothing_back():
    assert coming_back(done(people_since=4), HABITS, NOW) is None


def test_done_is_not_released():
    unreleased = done(has_versions=True, people_since=99)

    assert coming_back(unreleased, HABITS, NOW) is None
    assert coming_back(done(has_versions=True, released_at=ago(3)), HABITS, NOW) is not None
    assert coming_back(done(has_versions=True, released_at=ago(-3)), HABITS, NOW) is None


def test_after_the_window_a_new_issue_is_wanted():
    back = coming_back(done(done_at=ago(31)), HABITS, NOW)

    assert back is not None
    assert back.what == "new"


@pytest.mark.parametrize("what", ["comment", "new", "reopen"])
def test_the_project_says_what_happens(what: Any):
    back = coming_back(done(), Habits(when_back=what), NOW)

    assert back is not None
    assert back.what == what


def test_one_change_of_state_in_a_cool_down():
    assert coming_back(done(moved_at=ago(6)), HABITS, NOW) is None
    assert coming_back(done(moved_at=ago(7)), HABITS, NOW) is not None


@pytest.mark.parametrize(("resolution", "status"), [("Won't Do", "Closed"), (None, "WON'T DO")])
def test_a_no_is_respected_until_twice_as_many_say_it(resolution: str | None, status: str):
    no = done(resolution=resolution, status=status, reach=19, people_since=9)
    loud = done(resolution=resolution, status=status, reach=20, people_since=10)

    back = coming_back(loud, HABITS, NOW)

    assert coming_back(no, HABITS, NOW) is None
    assert back is not None
    assert back.what == "comment"


def test_a_no_that_was_spoken_of_is_spoken_of_again_only_when_it_doubles_again():
    said = done(resolution="Won't Do", reach=30, reach_told=20, commented_at=ago(60))
    more = done(resolution="Won't Do", reach=40, reach_told=20, commented_at=ago(60))

    assert coming_back(said, HABITS, NOW) is None
    assert coming_back(more, HABITS, NOW) is not None


def test_what_was_closed_as_a_copy_is_left_to_people():
    assert coming_back(done(closed_as_copy=True, people_since=99), HABITS, NOW) is None
