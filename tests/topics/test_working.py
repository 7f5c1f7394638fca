from __future__ import annotations

import numpy as np
import pytest
from clouds import BLOCKS, DIMENSION, cloud, in_topics, keys, seen
from hypothesis import given
from hypothesis import strategies as st

from topics import working
from topics.encoders.base import Block
from topics.working import (
    MIN_COSINE,
    MIN_EXEMPLARS,
    NEIGHBOURS,
    Mean,
    Working,
    afresh,
    arrive,
    centred,
    prune,
    without,
)


def test_the_nearest_neighbours_are_found_exactly():
    working, mean = seen(cloud(0, 40), cloud(1, 30))
    space = centred(working.vectors, mean, BLOCKS)
    similar = space @ space.T
    np.fill_diagonal(similar, -2)

    for row in range(40, 70):  # the first cloud arrived under another mean
        best = np.argsort(-similar[row], kind="stable")[:NEIGHBOURS]
        near = [int(working.keys[other]) for other in best if similar[row, other] >= MIN_COSINE]
        assert [key for key in working.neighbours[row].tolist() if key >= 0] == near
        assert working.weights[row][: len(near)] == pytest.approx(
            similar[row, best[: len(near)]] ** 2, abs=1e-5
        )


@pytest.mark.parametrize("count", [3, 20, 255, 256, 300, 777])
@pytest.mark.parametrize("alike", [False, True])
def test_the_nearest_are_found_whatever_the_size_and_also_among_equals(count: int, alike: bool):
    vectors = cloud(0, count)
    if alike:
        vectors[:] = np.repeat(vectors[:3], -(-count // 3), axis=0)[:count]

    working, mean = seen(vectors)
    space = centred(vectors, mean, BLOCKS)
    similar = space @ space.T
    np.fill_diagonal(similar, -2)
    width = min(count - 1, working.neighbours.shape[1])
    best = -np.sort(-similar, axis=1)[:, :width]

    assert working.weights[:, :width] == pytest.approx(np.where(best >= MIN_COSINE, best**2, 0), abs=1e-5)
    for row, near in enumerate(working.neighbours.tolist()):
        there = [key for key in near if key >= 0]
        assert len(set(there)) == len(there)
        assert similar[row, np.array(there, int) - 1] == pytest.approx(best[row, : len(there)], abs=1e-5)


def test_nobody_is_their_own_neighbour_and_the_first_has_none():
    one, _ = seen(cloud(0, 1))
    many, _ = seen(cloud(0, 20))

    assert (one.neighbours == -1).all()
    assert not any(key in row for key, row in zip(many.keys.tolist(), many.neighbours.tolist(), strict=True))


def test_an_arrival_leaves_what_was_there_as_it_was():
    before, mean = seen(cloud(0, 10))

    after = arrive(in_topics(before, *[3] * 10), keys(50, 51), cloud(1, 2), mean, BLOCKS)

    assert after.keys.tolist() == [*range(1, 11), 50, 51]
    assert after.topics.tolist() == [3] * 10 + [0, 0]
    assert (after.neighbours[:10] == before.neighbours).all()


def test_nothing_may_arrive():
    working, mean = seen(cloud(0, 5))

    assert len(arrive(working, keys(), np.zeros((0, DIMENSION), np.float32), mean, BLOCKS)) == 5
    assert len(Working.empty(DIMENSION)) == 0


def test_the_mean_does_not_depend_on_how_vectors_came():
    vectors = cloud(0, 30)

    at_once = Mean.zero(DIMENSION).plus(vectors)
    in_parts = Mean.zero(DIMENSION).plus(vectors[:7]).plus(vectors[7:])

    assert in_parts.count == at_once.count == 30
    assert in_parts.total == pytest.approx(at_once.total)


def test_centred_vectors_are_units_and_blocks_weigh_as_they_should():
    blocks = (Block("a", 0, 10, 1.0), Block("b", 10, DIMENSION, 0.5))
    vectors = cloud(0, 30)

    space = centred(vectors, Mean.zero(DIMENSION).plus(vectors), blocks)

    assert np.linalg.norm(space, axis=1) == pytest.approx(np.ones(30), abs=1e-5)
    ratio = np.linalg.norm(space[:, 10:], axis=1) / np.linalg.norm(space[:, :10], axis=1)
    assert ratio == pytest.approx(np.full(30, 0.5), abs=1e-4)


def test_what_is_taken_out_is_gone_and_the_order_stays():
    working, _ = seen(cloud(0, 6))

    assert without(working, keys(2, 5, 99)).keys.tolist() == [1, 3, 4, 6]


@given(
    topics=st.lists(st.integers(0, 4), min_size=1, max_size=120),
    pinned=st.sets(st.integers(0, 119)),
    limit=st.integers(1, 60),
    waiting=st.integers(0, 20),
)
def test_pruning_keeps_the_newest_of_each_and_what_people_placed(
    topics: list[int], pinned: set[int], limit: int, waiting: int
):
    count = len(topics)
    working = Working(
        keys=np.arange(count),
        vectors=np.zeros((count, 2), np.float32),
        topics=np.array(topics, np.int64),
        neighbours=np.full((count, NEIGHBOURS), -1),
        weights=np.zeros((count, NEIGHBOURS), np.float32),
        pinned=np.isin(np.arange(count), list(pinned)),
    )

    kept = prune(working, limit=limit, waiting=waiting)

    assert kept.keys.tolist() == sorted(kept.keys.tolist())
    if count <= limit:
        assert len(kept) == count
        return
    assert (kept.topics == 0).sum() <= waiting
    for topic in set(topics) - {0}:
        members = [key for key in range(count) if topics[key] == topic]
        left = [key for key in kept.keys.tolist() if topics[key] == topic]
        assert len(left) >= min(MIN_EXEMPLARS, len(members))
        dropped = [key for key in members if key not in left]
        if dropped and not any(key in pinned for key in members):
            assert max(dropped) < min(left)


def test_a_fresh_look_at_few_finds_what_an_arrival_finds():
    vectors = np.concatenate([cloud(0, 40), cloud(1, 30)])
    arrived, mean = seen(vectors)

    fresh = afresh(arrived.keys, centred(vectors, mean, BLOCKS))

    assert (fresh.neighbours == arrived.neighbours).all()
    assert fresh.weights == pytest.approx(arrived.weights)
    assert (len(fresh), fresh.topics.tolist(), fresh.pinned.any()) == (70, [0] * 70, False)


def test_a_fresh_look_at_many_takes_the_directions_that_matter(monkeypatch: pytest.MonkeyPatch):
    vectors = np.concatenate([cloud(axis, 40) for axis in range(4)])
    _, mean = seen(vectors)
    space = centred(vectors, mean, BLOCKS)
    exact = afresh(np.arange(160), space)

    monkeypatch.setattr(working, "MANY", 160)
    fresh = afresh(np.arange(160), space)

    there = fresh.neighbours >= 0
    assert (fresh.neighbours != exact.neighbours).any()
    assert (fresh.neighbours // 40 == np.arange(160)[:, None] // 40)[there].all()
    squares = (space[np.arange(160)[:, None], :] * space[fresh.neighbours]).sum(axis=2) ** 2
    assert np.abs(fresh.weights - squares)[there].mean() < 0.1
