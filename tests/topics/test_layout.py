from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from topics.layout import afresh, beside, kept_near


def clouds(count: int, each: int, seed: int = 1) -> np.ndarray:
    """Return vectors in so many clouds, those of a cloud one after the other."""
    draw = np.random.default_rng(seed)
    middles = np.repeat(draw.normal(size=(count, 24)), each, axis=0)
    return (middles + 0.25 * draw.normal(size=middles.shape)).astype(np.float32)


def table(places: dict[int, tuple[float, float]], numbers: list[int]) -> np.ndarray:
    return np.array([places[number] for number in numbers])


def test_what_is_alike_lies_near_and_it_is_the_same_each_time_in_any_order():
    centres, numbers = clouds(6, 6), list(range(1, 37))

    places = afresh(centres, numbers, {})
    again = afresh(centres[::-1], numbers[::-1], {})

    assert places == again
    assert kept_near(centres, table(places, numbers)) >= 0.9


def test_new_topics_come_beside_what_they_are_like_and_nothing_else_moves():
    centres, numbers = clouds(6, 6), list(range(1, 37))
    known = afresh(centres[:30], numbers[:30], {})
    inside = np.vstack([centres[:30], centres[3:4] + 0.01, centres[3:4] + 0.02])

    found = beside(inside, [*numbers[:30], 90, 91], known)

    assert found.keys() == {90, 91}
    for number in (90, 91):
        apart = {other: np.hypot(*(np.array(found[number]) - known[other])) for other in known}
        assert set(sorted(apart, key=apart.__getitem__)[:3]) <= set(range(1, 7))
        assert min(apart.values()) > 0
    assert found[90] != found[91]


def test_a_map_that_is_drawn_anew_lies_on_the_old_one():
    centres, numbers = clouds(6, 6), list(range(1, 37))
    known = afresh(centres[:30], numbers[:30], {})

    places = afresh(centres, numbers, known)
    moved = np.linalg.norm(table(places, numbers[:30]) - table(known, numbers[:30]), axis=1)

    assert np.median(moved) < 0.35  # of a mean radius of 1


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_few_topics_have_places_too(count: int):
    centres, numbers = clouds(count, 1), list(range(count))

    places = afresh(centres, numbers, {})

    assert places.keys() == set(numbers)
    assert len(set(places.values())) == count
    assert np.isfinite(list(places.values())).all()


def test_a_new_topic_beside_a_single_one_and_one_like_nothing_find_a_spot():
    centres = np.array([[1, 0], [1, 0.1], [-1, 0], [np.nan, 0]], np.float32)

    found = beside(centres, [1, 2, 3, 4], {1: (0.0, 0.0)})

    assert len({*found.values(), (0.0, 0.0)}) == 4
    assert np.isfinite(list(found.values())).all()


def test_a_new_topic_beside_thousands_takes_little_memory():
    count = 2000
    centres = np.eye(count + 1, 16, dtype=np.float32) + 0.1
    known = {number: (number % 50, number // 50) for number in range(count)}

    tracemalloc.start()
    found = beside(centres, list(range(count + 1)), known)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found.keys() == {count}
    assert peak < 8 * count * count  # bytes: less than one table of all distances
