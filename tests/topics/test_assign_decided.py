"""What people decided, at the engine: by construction, wherever the vectors point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from clouds import BLOCKS, DIMENSION, cloud, in_topics, keys, seen
from hypothesis import given
from hypothesis import strategies as st

from topics.assign import assign, placed
from topics.working import Mean, arrive, prune, without


def two_topics(new: int = 6):
    """Twelve statements in T-3, twelve in T-5, and new ones in the cloud of T-5."""
    working, _ = seen(np.concatenate([cloud(0, 12), cloud(1, 12), cloud(1, new, seed=2)]))
    return in_topics(working, *[3] * 12, *[5] * 12, *[0] * new)


def test_a_statement_is_never_put_where_a_person_said_it_is_not_of():
    working = replace(two_topics(), barred=frozenset({(25, 5), (26, 5)}))

    after, placements = assign(working, resolution=1.0, tie=0.5)

    assert 5 not in after.topics[24:26]
    assert after.topics[26:].tolist() == [5] * 4
    assert [p for p in placements if p.key in (25, 26) and p.nearest == 5] == []


def test_it_may_go_elsewhere_and_its_reason_speaks_of_there():
    lean = np.zeros((12, DIMENSION), np.float32)
    lean[:, 1] = 0.8
    parts = [cloud(0, 12), cloud(0, 12, seed=2) + lean, cloud(7, 36), cloud(0, 1, seed=3) + 0.6 * lean[:1]]
    vectors = np.concatenate(parts)
    working, _ = seen((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    working = in_topics(working, *[3] * 12, *[5] * 12, *[9] * 36, 0)

    free, _ = assign(working, resolution=1.0, tie=0.5)
    after, _ = assign(replace(working, barred=frozenset({(61, 5)})), resolution=1.0, tie=0.5)
    (place,) = placed(after, np.array([60]))

    assert free.topics[60] == 5
    assert after.topics[60] == 3
    assert place.reason == "100% of its neighbourhood is in T-3"


def test_the_bars_stay_with_a_working_set_that_changes():
    bars, apart = frozenset({(99, 5)}), frozenset({(3, 5)})
    working = replace(two_topics(), barred=bars, apart=apart)

    grown = arrive(working, keys(99), cloud(1, 1, seed=5), Mean.zero(24), BLOCKS)
    kept = prune(without(grown, keys(1)).take(np.arange(20)), limit=5, waiting=1)

    for changed in (grown, kept):
        assert (changed.barred, changed.apart) == (bars, apart)


def test_of_two_topics_kept_apart_in_one_community_each_gets_what_is_nearer_to_it():
    one, other = cloud(1, 12), cloud(1, 12, seed=3)
    lean = np.zeros_like(one)
    lean[:, 2] = 0.35
    both = [one + lean, other - lean, cloud(1, 6, seed=4) + lean[:6], cloud(1, 6, seed=5) - lean[:6]]
    vectors = np.concatenate(both)
    working, _ = seen(
        (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), cloud(9, 12)
    )
    working = in_topics(working, *[5] * 12, *[8] * 12, *[0] * 12, *[20] * 12)

    together, _ = assign(working, resolution=0.01, tie=0.5)
    after, _ = assign(replace(working, apart=frozenset({(5, 8)})), resolution=0.01, tie=0.5)

    assert 8 not in together.topics[24:36]
    assert after.topics[24:36].tolist() == [5] * 6 + [8] * 6


@given(
    barred=st.frozensets(st.tuples(st.integers(1, 40), st.sampled_from([3, 5]))),
    pinned=st.frozensets(st.integers(1, 40)),
    resolution=st.sampled_from([0.1, 1.0, 4.0]),
)
def test_whatever_is_decided_holds_after_each_round(
    barred: frozenset[tuple[int, int]], pinned: frozenset[int], resolution: float
):
    working = two_topics(new=16)
    decided = np.isin(working.keys, list(pinned))
    start = [0 if (key, topic) in barred and key not in pinned else topic
             for key, topic in zip(working.keys.tolist(), working.topics.tolist(), strict=True)]  # fmt: skip
    working = replace(working.with_topics(np.array(start)), barred=barred, pinned=decided)

    after, _ = assign(working, resolution=resolution, tie=0.5)
    again, _ = assign(after, resolution=resolution, tie=1.0)

    for end in (after, again):
        assert (end.topics[decided] == working.topics[decided]).all()
        pairs = set(zip(end.keys.tolist(), end.topics.tolist(), strict=True))
        assert {(key, topic) for key, topic in pairs & barred if key not in pinned} == set()
