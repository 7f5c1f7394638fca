"""Vectors with a block that its model could not read."""

from __future__ import annotations

import numpy as np
import pytest
from clouds import DIMENSION, cloud, in_topics

from topics.assign import assign
from topics.encoders.base import Block
from topics.working import Mean, Working, arrive, centred

PARTS = (Block("english", 0, 2, 1.0), Block("every", 2, 4, 0.85))
ENGLISH = [1.0, 0.0, 1.0, 0.0]
SAME_IN_GERMAN = [0.0, 0.0, 1.0, 0.0]
OTHER_IN_GERMAN = [0.0, 0.0, 0.6, 0.8]


def rows(*vectors: list[float]) -> np.ndarray:
    return np.array(vectors, np.float32)


def test_a_block_that_could_not_be_read_stays_zero_and_the_rest_keeps_its_weight():
    mean = Mean.zero(4).plus(rows([0.2, 0.1, 0, 0.3], [0.4, 0.3, 0, 0.1]))

    space = centred(rows(ENGLISH, SAME_IN_GERMAN), mean, PARTS)

    assert np.linalg.norm(space[0]) == pytest.approx(1, abs=1e-6)
    assert space[1, :2].tolist() == [0, 0]
    assert space[1, 2:] == pytest.approx(space[0, 2:], abs=1e-6)


def test_what_is_said_in_another_language_is_as_near_as_in_its_own():
    space = centred(rows(ENGLISH, SAME_IN_GERMAN, SAME_IN_GERMAN), Mean.zero(4), PARTS)

    assert space[1] @ space[0] == pytest.approx(space[1] @ space[2], abs=1e-6)


def test_a_german_statement_has_its_english_twin_for_a_nearer_neighbour_than_another_german_one():
    working = arrive(
        Working.empty(4),
        np.array([1, 2, 3]),
        rows(ENGLISH, OTHER_IN_GERMAN, SAME_IN_GERMAN),
        Mean.zero(4),
        PARTS,
    )

    assert working.neighbours[2, :2].tolist() == [1, 2]


def test_a_german_statement_joins_the_topic_of_what_it_says_in_english():
    blocks = (Block("english", 0, DIMENSION, 1.0), Block("every", DIMENSION, 2 * DIMENSION, 0.85))
    english = np.concatenate([np.hstack([cloud(n, 20), cloud(n, 20, seed=2)]) for n in (0, 1)])
    german = np.hstack([np.zeros((4, DIMENSION), np.float32), cloud(1, 4, seed=3)])
    vectors = np.concatenate([english, german])
    mean = Mean.zero(2 * DIMENSION).plus(vectors)
    working = arrive(Working.empty(2 * DIMENSION), np.arange(1, 45), vectors, mean, blocks)

    after, _ = assign(in_topics(working, *[3] * 20, *[5] * 20, *[0] * 4), resolution=1.0, tie=0.5)

    assert after.topics[40:].tolist() == [5] * 4
