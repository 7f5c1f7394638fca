from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clouds import DIMENSION, cloud, in_topics, seen

from topics.assign import GATE, assign, placed
from topics.discover import KNOWN


def two_topics(new: int = 6):
    """Twelve statements in T-3, twelve in T-5, and new ones in the cloud of T-5."""
    vectors = np.concatenate([cloud(0, 12), cloud(1, 12), cloud(1, new, spread=0.1, seed=2)])
    working, _ = seen(vectors)
    return in_topics(working, *[3] * 12, *[5] * 12, *[0] * new)


def test_a_new_statement_goes_to_the_topic_of_its_neighbourhood_and_says_why():
    after, placements = assign(two_topics(), resolution=1.0, tie=0.5)

    assert after.topics[24:].tolist() == [5] * 6
    assert [p.key for p in placements] == list(range(25, 31))
    for p in placements:
        assert p.topic == p.nearest == 5
        assert p.score >= GATE
        assert p.score > p.runner_up_score
        assert p.reason.startswith(f"{p.score:.0%} of its neighbourhood is in T-5")


def test_what_people_put_together_goes_on_growing_at_both_ends():
    vectors = np.concatenate([cloud(0, 12), cloud(1, 12), cloud(0, 1, spread=0.1), cloud(1, 1, spread=0.1)])
    merged = in_topics(seen(vectors)[0], *[3] * 24, 0, 0)

    after, _ = assign(merged, resolution=1.0, tie=0.5)

    assert after.topics[24:].tolist() == [3, 3]


def test_what_is_published_stays():
    working = two_topics()

    after, placements = assign(working, resolution=1.0, tie=0.5)

    assert (after.topics[:24] == working.topics[:24]).all()
    assert not {p.key for p in placements} & set(range(1, 25))


def test_what_is_near_nothing_is_unsure_and_says_so():
    vectors = np.concatenate([cloud(0, 12), cloud(9, 1)])
    working = in_topics(seen(vectors)[0], *[3] * 12, 0)

    _, (placement,) = assign(working, resolution=1.0, tie=0.5)

    assert placement.topic == 0
    assert placement.reason.startswith("unsure: ")


def test_what_only_looks_towards_a_topic_from_far_is_unsure_though_all_its_neighbours_are_there():
    far = cloud(1, 1, spread=0.02, seed=3) + cloud(9, 1, spread=0.02) * 1.2
    vectors = np.concatenate([cloud(0, 12, spread=0.05), cloud(1, 12, spread=0.05), far])
    working = in_topics(seen(vectors)[0], *[3] * 12, *[5] * 12, 0)

    _, (placement,) = assign(working, resolution=1.0, tie=0.5)

    assert (placement.topic, placement.nearest) == (0, 5)
    assert placement.score >= GATE
    assert "unlike what the topic's members say" in placement.reason


def test_with_no_topics_all_are_unsure():
    working, _ = seen(cloud(0, 8))

    after, placements = assign(working, resolution=1.0, tie=0.5)

    assert after.topics.tolist() == [0] * 8
    assert {p.reason for p in placements} == {"unsure: no neighbour has a topic yet"}
    assert assign(working.take(np.zeros(8, bool)), resolution=1.0, tie=0.5)[1] == []


def test_what_a_person_placed_never_moves():
    working = two_topics()
    wrong = working.topics.copy()
    wrong[20] = 3  # among its own kind only in T-5
    out = wrong.copy()
    out[21] = 0
    pinned = np.isin(np.arange(30), [20, 21])

    after, _ = assign(replace(working.with_topics(out), pinned=pinned), resolution=1.0, tie=0.5)
    free, _ = assign(working.with_topics(out), resolution=1.0, tie=0.5)

    assert after.topics[[20, 21]].tolist() == [3, 0]
    assert free.topics[[20, 21]].tolist() == [5, 5]


def test_of_two_topics_in_one_community_the_older_takes_what_is_new():
    vectors = np.concatenate([cloud(1, 24), cloud(1, 6, seed=2)])
    working = in_topics(seen(vectors)[0], *[8, 5] * 12, *[0] * 6)

    after, _ = assign(working, resolution=0.1, tie=0.5)

    assert set(after.topics[24:].tolist()) <= {5, 0}
    assert 5 in after.topics[24:]


def test_placements_can_be_told_as_they_stand():
    working = two_topics()

    (placement,) = placed(working, np.array([2]))

    assert (placement.key, placement.topic) == (3, 3)


def test_what_is_new_beside_a_topic_waits_until_enough_of_its_neighbourhood_is_in_it():
    lean = np.zeros((16, DIMENSION), np.float32)
    lean[:, 2] = 0.7
    working, _ = seen(np.concatenate([cloud(1, 6), cloud(1, 16, seed=2) + lean, cloud(9, 30)]))
    working = in_topics(working, *[5] * 6, *[0] * 16, *[3] * 30)

    first_drops, _ = assign(working, resolution=0.1, tie=0.5)
    after, placements = assign(working, resolution=0.1, tie=0.5, known=KNOWN)

    assert first_drops.topics[6:22].tolist() == [5] * 16
    assert after.topics[6:22].tolist() == [0] * 16
    assert {p.nearest for p in placements} == {5}
    assert all(p.score < KNOWN for p in placements)


@pytest.mark.parametrize(("strays", "end"), [(1, 5), (2, 5), (3, 3), (6, 3)])
def test_a_few_strays_go_where_they_belong_but_no_exodus_leaves_a_topic(strays: int, end: int):
    vectors = np.concatenate([cloud(0, 20), cloud(1, 20), cloud(1, strays, seed=2)])
    working = in_topics(seen(vectors)[0], *[3] * 20, *[5] * 20, *[3] * strays)

    after, _ = assign(working, resolution=1.0, tie=0.5)

    assert after.topics[40:].tolist() == [end] * strays
    assert after.topics[:40].tolist() == [3] * 20 + [5] * 20


@pytest.mark.parametrize(("old", "new", "end"), [(12, 2, 3), (9, 6, 0)])
def test_a_community_without_an_anchor_is_a_topics_only_if_nearly_all_of_it_is(old: int, new: int, end: int):
    vectors = np.concatenate([cloud(0, 30), cloud(1, old), cloud(1, new, seed=2)])
    working = in_topics(seen(vectors)[0], *[3] * (30 + old), *[0] * new)

    after, _ = assign(working, resolution=1.0, tie=0.5)

    assert after.topics[30 + old :].tolist() == [end] * new
