from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from topics.identity import lineage


def sets(*rows: tuple[int, int, int]) -> tuple[dict[int, int], dict[int, int]]:
    """Return topics and clusters by statement from (topic, cluster, how many)."""
    topics: dict[int, int] = {}
    clusters: dict[int, int] = {}
    for topic, cluster, count in rows:
        for _ in range(count):
            key = len(clusters)
            clusters[key] = cluster
            if topic:
                topics[key] = topic
    return topics, clusters


def test_a_cluster_that_holds_most_of_a_topic_continues_it():
    topics, clusters = sets((1, 0, 8), (1, -1, 2), (0, 0, 3))

    found = lineage(topics, clusters, frozenset({1}))

    assert found.continued == {1: 0}
    assert (found.born, dict(found.split), dict(found.merged), found.dormant) == ((), {}, {}, ())


def test_a_cluster_of_free_statements_is_born():
    topics, clusters = sets((1, 0, 8), (0, 1, 9), (1, 1, 1))

    found = lineage(topics, clusters, frozenset({1}))

    assert found.born == (1,)
    assert found.continued == {1: 0}


def test_the_smaller_part_of_a_topic_is_split_from_it():
    topics, clusters = sets((1, 0, 8), (1, 1, 5), (1, 2, 6))

    assert lineage(topics, clusters, frozenset({1})).split == {1: (1, 2)}


def test_a_cluster_that_is_heir_to_two_topics_has_merged_them_into_the_oldest():
    topics, clusters = sets((4, 0, 8), (2, 0, 5))

    found = lineage(topics, clusters, frozenset({2, 4}))

    assert found.merged == {0: (2, 4)}
    assert found.continued == {2: 0}


def test_a_topic_that_goes_on_elsewhere_is_not_merged_away():
    topics, clusters = sets((1, 0, 10), (2, 0, 6), (2, 1, 5))

    found = lineage(topics, clusters, frozenset({1, 2}))

    assert found.continued == {1: 0, 2: 1}
    assert found.merged == {}


def test_a_topic_that_brings_too_little_has_no_claim():
    topics, clusters = sets((1, 0, 30), (2, 0, 3))

    found = lineage(topics, clusters, frozenset({1, 2}))

    assert found.continued == {1: 0}
    assert found.merged == {}


def test_a_topic_has_merged_only_where_at_least_half_of_it_went():
    topics, clusters = sets((1, 0, 5), (2, 0, 4), (2, -1, 5))

    found = lineage(topics, clusters, frozenset({1, 2}))

    assert (found.continued, found.merged, found.unseen) == ({1: 0}, {}, (2,))


def test_a_cluster_of_bits_continues_the_topic_that_brings_most():
    topics, clusters = sets((1, 0, 3), (1, -1, 5), (2, 0, 4), (2, -1, 5))

    found = lineage(topics, clusters, frozenset({1, 2}))

    assert (found.continued, found.merged, found.unseen) == ({2: 0}, {}, (1,))


def test_a_topic_that_is_in_no_cluster_is_unseen_and_not_dormant():
    topics, clusters = sets((1, 0, 8), (2, -1, 9))

    found = lineage(topics, clusters, frozenset({1, 2, 3}))

    assert (found.unseen, found.dormant) == ((2,), (3,))


def test_a_topic_of_which_nobody_spoke_is_dormant():
    topics, clusters = sets((1, 0, 8))

    assert lineage(topics, clusters, frozenset({1, 7})).dormant == (7,)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 6)), max_size=80))
def test_each_cluster_and_each_topic_has_one_fate_at_most(pairs: list[tuple[int, int]]):
    topics = {key: topic for key, (topic, _) in enumerate(pairs) if topic}
    clusters = dict(enumerate(cluster for _, cluster in pairs))

    found = lineage(topics, clusters, frozenset(topics.values()))

    continued = list(found.continued.values())
    split = [part for parts in found.split.values() for part in parts]
    assert len(set(continued)) == len(continued)
    assert sorted([*continued, *found.born, *split]) == sorted(
        {cluster for cluster in clusters.values() if cluster >= 0}
    )
    merged_away = [topic for owners in found.merged.values() for topic in owners[1:]]
    assert len(set(merged_away)) == len(merged_away)
    assert not set(merged_away) & found.continued.keys()
    assert set(found.split) <= found.continued.keys()
    fates = [*found.continued, *merged_away, *found.unseen, *found.dormant]
    assert sorted(fates) == sorted(set(topics.values()))
