from __future__ import annotations

import pytest
from builders import Bench
from walks import VERBS, Walk, state


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_fifty_random_decisions_are_taken_back_one_by_one_to_the_very_same(in_topics: Bench, seed: int):
    before = state(in_topics)
    walk = Walk(in_topics, seed)

    walk.go(50)
    stood = len(walk.kept)
    while walk.kept:
        walk.take_back()

    assert walk.faults == []
    assert walk.done.total() == 50
    assert stood > 10
    assert len(walk.done) >= len(VERBS) - 3
    assert state(in_topics) == before
