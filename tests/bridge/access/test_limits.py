from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.access.limits import KEYS, Backoff, Bucket


def test_the_first_failures_are_free_and_each_further_one_waits_twice_as_long():
    limit, now, waits = Backoff(free=3, longest_s=60), 0.0, []

    free = [limit.attempt("ana", now).wait_s for _ in range(3)]
    for _ in range(8):
        waits.append(limit.attempt("ana", now).wait_s)
        now += waits[-1]
        assert limit.attempt("ana", now).wait_s == 0

    assert free == [0, 0, 0]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_was_quiet_for_long_starts_anew():
    limit = Backoff(free=1, longest_s=60, forget_s=900)
    assert limit.attempt("ana", 0).wait_s == 0
    assert limit.attempt("ana", 0).wait_s == 1

    assert limit.attempt("ana", 902).count == 1


def test_of_many_attempts_at_the_same_time_none_is_for_free():
    limit, passed = Backoff(free=5, longest_s=60), []

    def guess():
        if limit.attempt("ana", 0).wait_s == 0:
            passed.append(1)

    threads = [threading.Thread(target=guess) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == 5


def test_a_forgiven_attempt_leaves_the_others_counted():
    limit = Backoff(free=3, longest_s=60)
    for _ in range(2):
        limit.attempt("here", 0)

    limit.forgive("here")

    assert limit.attempt("here", 0).count == 2


@pytest.mark.parametrize("limit", [Backoff(free=1, longest_s=9), Bucket(per_s=1, burst=1)])
def test_memory_stays_small_however_many_ask(limit: Backoff | Bucket):
    ask = limit.attempt if isinstance(limit, Backoff) else limit.take
    for number in range(KEYS + 500):
        ask(f"k{number}", 0)

    assert len(limit) == KEYS


@given(st.lists(st.floats(0, 3), max_size=60))
def test_a_bucket_never_lets_more_through_than_its_burst_and_its_rate(steps: list[float]):
    bucket, now, passed = Bucket(per_s=2, burst=5), 0.0, 0

    for step in steps:
        now += step
        wait = bucket.take("k", now)
        passed += wait == 0
        assert wait == 0 or bucket.take("k", now) > 0

    assert passed <= 5 + 2 * now + 1e-6


def test_who_waits_as_long_as_told_is_let_through():
    bucket = Bucket(per_s=2, burst=1)
    bucket.take("k", 0)

    wait = bucket.take("k", 0)

    assert bucket.take("k", wait) == 0
    assert bucket.take("other", 0) == 0
