from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import topics.similar
from topics.similar import nearest, nearest_texts, own_words


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


REPORTS = [
    "Bookmarks vanish after the update\nAll folders are empty since 5.2.",
    "Export hangs\nPressing save as PDF in nsPrintJob.doExport never ends.",
    "Program freezes\nThe crash log names nsPrintJob.doExport as the culprit.",
    "Favourites are gone\nNothing is left since I installed the new version.",
    "Toolbar is too dark\nI can't read the icons at night.",
]
NO_MEANING = np.zeros((5, 2), dtype=np.float32)
"""Vectors that say nothing, so that words decide."""


def test_a_shared_identifier_makes_two_reports_alike():
    found = nearest_texts(REPORTS, [], top=1)

    assert found[1][0][0] == 2
    assert found[2][0][0] == 1
    assert found[1][0][1] > 0.1


def test_an_identifier_is_found_by_its_parts_too():
    texts = ["moveTabBackward loses focus", "The tab has lost its place, move it", "Mail is late", "No sound"]

    found = nearest_texts(texts, [])

    assert found[0][0][0] == 1
    assert found[0][1][1] == 0.0


def test_vectors_find_what_is_said_in_other_words():
    meaning = np.array([[1, 0.1], [0, 1], [0, -1], [1, 0], [-1, 0]], dtype=np.float32)

    found = nearest_texts(REPORTS, [meaning])

    assert found[0][0][0] == 3
    assert found[3][0][0] == 0


def test_likeness_is_the_mean_of_words_and_vectors_between_none_and_one():
    twice = ["The door squeaks", "The door squeaks", "Rain"]
    meaning = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)

    found = nearest_texts(twice, [meaning])

    assert found[0][0] == (1, 1.0)
    assert found[2][0][1] == 0.0


def test_words_alone_count_half_where_vectors_say_nothing():
    alone = nearest_texts(REPORTS, [])
    beside = nearest_texts(REPORTS, [NO_MEANING])

    assert beside[1][0][0] == alone[1][0][0]
    assert beside[1][0][1] == pytest.approx(alone[1][0][1] / 2, abs=2e-5)


def test_only_the_rows_asked_for_are_answered_in_their_order():
    every = nearest_texts(REPORTS, [])

    assert nearest_texts(REPORTS, [], of=[4, 1]) == [every[4], every[1]]
    assert nearest_texts(REPORTS, [], of=[-1]) == [every[4]]


def test_texts_without_words_and_single_ones_are_no_trouble():
    assert nearest_texts([], []) == []
    assert nearest_texts(["Only me"], []) == [[]]
    assert nearest_texts(["", "🙃", "a word"], [NO_MEANING[:3]])[0] == [(1, 0.0), (2, 0.0)]


def test_a_view_without_a_row_for_each_text_is_refused():
    with pytest.raises(ValueError, match="one row for each of 5 texts"):
        nearest_texts(REPORTS, [NO_MEANING[:4]])


def test_a_row_that_is_not_there_is_refused():
    with pytest.raises(IndexError):
        nearest_texts(REPORTS, [], of=[5])


def test_what_is_common_to_all_vectors_does_not_make_them_alike():
    count = 400
    rng = np.random.default_rng(3)
    leaning = rng.normal(size=(count, 8)).astype(np.float32) + 6
    words = [f"w{number}" for number in range(count)]

    found = nearest_texts(words, [leaning], of=[0], top=count)

    assert np.mean([score for _, score in found[0]]) < 0.2


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 8), st.integers(0, 1000))
def test_blocks_of_texts_give_what_all_at_once_gives(count: int, top: int, seed: int):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 4)).astype(np.float32)
    texts = [f"{rng.choice(['a', 'b', 'c'])} {number % 4}" for number in range(count)]
    whole = nearest_texts(texts, [vectors], top=top)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topics.similar, "_BLOCK_CELLS", 3 * count)
        found = nearest_texts(texts, [vectors], top=top)

    for parts, once in zip(found, whole, strict=True):
        assert [score for _, score in parts] == pytest.approx([score for _, score in once], abs=2e-5)


def test_the_lines_of_a_form_are_nobodys_own_words():
    texts = [f"Title {n}\nSteps to reproduce:\nStep {'abcdef'[n]}\n\nBrowser: Fox {n}.1" for n in range(6)]

    kept = own_words(texts)

    assert kept[2] == "Title 2\nStep c"


def test_a_line_that_few_share_stays_and_so_does_a_shared_title():
    texts = ["Help\nIt broke again"] * 4 + ["Help\nOther"]

    assert own_words(texts) == texts
    assert own_words(["Help"] * 9) == ["Help"] * 9
    assert own_words([]) == []
