from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.streams import SHAPES, Arrival, arrival

LABELS = [f"l{n % 40:02}" for n in range(4000)]


def batches_of(stream: Arrival) -> list[list[int]]:
    ends = [0, *accumulate(stream.sizes)]
    return [list(stream.order[start:end]) for start, end in pairwise(ends)]


@given(
    st.sampled_from(SHAPES),
    st.lists(st.sampled_from(["a", "b", "c", None]), min_size=4, max_size=90),
    st.integers(4, 20),
    st.integers(0, 9),
)
def test_every_row_arrives_once(shape: str, labels: list[str | None], batches: int, seed: int):
    stream = arrival(shape, labels, batches=batches, seed=seed)

    assert sorted(stream.order) == list(range(len(labels)))
    assert sum(stream.sizes) == len(labels)
    assert len(stream.sizes) == batches


def test_bulk_brings_half_at_once_and_is_a_backlog():
    stream = arrival("bulk", LABELS, batches=20, seed=0)

    assert stream.sizes[0] == 2000
    assert max(stream.sizes[1:]) - min(stream.sizes[1:]) <= 1
    assert stream.backlog
    assert not arrival("cold", LABELS, batches=20, seed=0).backlog


def test_the_seed_decides_the_order_and_the_same_seed_the_same_order():
    orders = [arrival("cold", LABELS, batches=20, seed=seed).order for seed in (0, 1, 0)]

    assert orders[0] == orders[2]
    assert orders[0] != orders[1]
    assert arrival("file", LABELS, batches=20, seed=5).order == tuple(range(4000))


def test_a_staged_stream_has_late_labels_and_labels_that_fall_silent_and_return():
    stream = arrival("staged", LABELS, batches=20, seed=1)

    heard = [{LABELS[row] for row in batch} for batch in batches_of(stream)]
    early = set.union(*heard[:10])
    assert len(early) == 20
    assert set.union(*heard[10:]) >= set(LABELS) - early
    assert stream.silence
    assert len(stream.silence.labels) == 10
    assert (stream.silence.last, stream.silence.back) == (6, 15)
    assert not set.union(*heard[6:14]) & stream.silence.labels
    assert set.union(*heard[:6]) >= stream.silence.labels <= set.union(*heard[14:])


def test_rows_without_a_label_are_heard_all_along():
    stream = arrival("staged", [*LABELS, *[None] * 400], batches=20, seed=1)

    assert all(any(row >= 4000 for row in batch) for batch in batches_of(stream))


@pytest.mark.parametrize(
    ("shape", "batches", "says"), [("odd", 20, "cold, bulk, staged, file"), ("staged", 3, "at least 4")]
)
def test_what_cannot_be_is_refused(shape: str, batches: int, says: str):
    with pytest.raises(ValueError, match=says):
        arrival(shape, LABELS, batches=batches, seed=0)
