from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.baselines import BASELINES, carried, nearest_centroid, warm_up


def clouds(count: int, each: int, *, spread: float = 0.05, seed: int = 1):
    """Return unit vectors around `count` axes, and which each belongs to, in a drawn order."""
    draw = np.random.default_rng(seed)
    member = draw.permutation(np.repeat(np.arange(count), each))
    vectors = np.eye(count, 24)[member] + draw.normal(0, spread, (count * each, 24))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), member.tolist()


def words(member: list[int]) -> list[str]:
    return [f"theme{m} word{m} said" for m in member]


def agree(topics: list[str | None], member: list[int]) -> bool:
    """Whether the topics are the clouds."""
    pairs = set(zip(topics, member, strict=True))
    return len(pairs) == len({t for t, _ in pairs}) == len(set(member))


def test_each_cloud_is_a_topic_of_the_nearest_centroid_and_keeps_it():
    vectors, member = clouds(5, 20)

    found = list(nearest_centroid(vectors, words(member), [30, 0, 70], 0))

    assert [len(topics) for topics in found] == [30, 30, 100]
    assert found[2][:30] == found[0]
    assert agree(found[2], member)


def test_many_topics_are_room_enough():
    vectors = np.eye(200, dtype=np.float32)

    (found,) = nearest_centroid(vectors, [""] * 200, [200], 0)

    assert len(set(found)) == 200


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=40))
def test_ids_are_carried_over_so_that_most_rows_keep_theirs(rows: list[tuple[int, int]]):
    before, now = [b for b, _ in rows], [n for _, n in rows]

    names = carried(before, now)

    def kept(chosen: dict[int, int]) -> int:
        return sum(n != -1 and chosen.get(n) == b for b, n in rows)

    todays = sorted({n for n in now if n != -1})
    assert len(set(names.values())) == len(names)
    assert {(old, today) for today, old in names.items()} <= set(rows)
    best = max(
        (kept(dict(zip(todays, ids, strict=False))) for ids in permutations([0, 1, 2, 3], len(todays))),
        default=0,
    )
    assert kept(names) == best


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bertopic-refit", "bertopic-merge"])
def test_bertopic_finds_plain_clouds_and_says_where_every_row_is(name: str):
    vectors, member = clouds(4, 60)

    found = list(BASELINES[name](vectors, words(member), [120, 8, 52, 60], 0))

    assert [len(topics) for topics in found] == [120, 128, 180, 240]
    told = [(topic, m) for topic, m in zip(found[-1], member, strict=True) if topic is not None]
    assert len(told) > 150
    most = {topic: max(set(ms := [m for t, m in told if t == topic]), key=ms.count) for topic, _ in told}
    assert sum(most[topic] == m for topic, m in told) > 0.9 * len(told)


@pytest.mark.slow
def test_a_refit_carries_ids_over():
    vectors, member = clouds(4, 60)

    first, second = BASELINES["bertopic-refit"](vectors, words(member), [160, 80], 0)

    same = [one == two for one, two in zip(first, second, strict=False) if one and two]
    assert sum(same) > 0.7 * len(same)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bertopic-refit", "bertopic-merge"])
def test_too_few_rows_stay_without_a_topic(name: str):
    vectors, member = clouds(3, 4)

    found = list(BASELINES[name](vectors, words(member), [6, 6], 0))

    assert found == [[None] * 6, [None] * 12]


def test_warming_up_leaves_nothing_behind():
    assert warm_up("nearest-centroid") is None
