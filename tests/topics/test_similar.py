from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import topics.similar
from topics.similar import nearest


def test_the_most_similar_comes_first_and_never_itself():
    centroids = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)

    found = nearest(centroids, [7, 8, 9], top=2)

    assert [number for number, _ in found[7]] == [8, 9]
    assert found[7][1][1] == pytest.approx(0.0, abs=1e-5)
    assert [number for number, _ in found[9]] == [8, 7]


def test_equal_cosines_come_lower_number_first_whatever_the_order_of_rows():
    centroids = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], dtype=np.float32)

    found = nearest(centroids, [40, 10, 30, 20], top=2)

    assert found[40] == [(10, 1.0), (20, 1.0)]
    assert found[10] == [(20, 1.0), (30, 1.0)]


def test_centroids_need_no_unit_length():
    found = nearest(np.array([[5, 0], [0.1, 0.1]], dtype=np.float32), [1, 2])

    assert found[1] == [(2, pytest.approx(0.70711))]


def test_a_centroid_without_direction_is_like_no_other():
    centroids = np.array([[0, 0], [np.nan, 1], [1, 0]], dtype=np.float32)

    found = nearest(centroids, [1, 2, 3])

    assert found[3] == [(1, 0.0), (2, 0.0)]


def test_one_topic_and_none_have_no_neighbours():
    assert nearest(np.ones((1, 3), dtype=np.float32), [4]) == {4: []}
    assert nearest(np.zeros((0, 3), dtype=np.float32), []) == {}


def test_a_row_too_many_is_refused():
    with pytest.raises(ValueError, match="one row for each of 1 topics"):
        nearest(np.ones((2, 3), dtype=np.float32), [4])


@settings(max_examples=30)
@given(st.integers(2, 40), st.integers(1, 8), st.integers(0, 1000))
def test_blocks_give_what_the_whole_matrix_gives(count: int, top: int, seed: int):
    vectors = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    numbers = list(range(100, 100 + count))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = np.round(units @ units.T, 5)
    np.fill_diagonal(whole, -np.inf)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topics.similar, "_BLOCK_CELLS", 3 * count)
        found = nearest(vectors, numbers, top=top)

    for row, number in enumerate(numbers):
        best = np.sort(whole[row])[::-1][: min(top, count - 1)]
        assert [score for _, score in found[number]] == pytest.approx(list(best), abs=2e-5)
