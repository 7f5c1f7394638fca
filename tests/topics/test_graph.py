from __future__ import annotations

import numpy as np
import pytest
from clouds import cloud, in_topics, keys, seen
from scipy.sparse import csr_matrix

from topics.graph import (
    closeness,
    communities,
    neighbour_graph,
    own_share,
    topic_shares,
    typical,
    with_anchors,
)


def test_the_graph_is_symmetric_and_of_two_weights_the_larger_counts():
    working, _ = seen(cloud(0, 15), cloud(1, 15))

    graph = neighbour_graph(working)

    assert (graph != graph.T).nnz == 0
    assert graph.diagonal().sum() == 0
    dense = graph.toarray()
    place = {key: row for row, key in enumerate(working.keys.tolist())}
    for row, (near, weights) in enumerate(
        zip(working.neighbours.tolist(), working.weights.tolist(), strict=True)
    ):
        for key, weight in zip(near, weights, strict=True):
            if key >= 0:
                assert dense[row, place[key]] >= weight - 1e-6


def test_neighbours_that_have_left_are_no_edges():
    working, _ = seen(cloud(0, 10))

    graph = neighbour_graph(working.take(keys(0, 1, 2)))

    assert graph.shape == (3, 3)


def test_clouds_become_communities_and_the_same_ones_each_time():
    working, _ = seen(np.concatenate([cloud(0, 20), cloud(1, 20), cloud(2, 20)]))

    found = communities(neighbour_graph(working), 1.0)

    assert [len(set(found[start : start + 20].tolist())) for start in (0, 20, 40)] == [1, 1, 1]
    assert len(set(found.tolist())) == 3
    assert (communities(neighbour_graph(working), 1.0) == found).all()


def test_nodes_without_edges_are_alone():
    working, _ = seen(cloud(0, 1))

    assert communities(neighbour_graph(working), 1.0).tolist() == [0]
    lonely, _ = seen(np.concatenate([cloud(0, 10), cloud(1, 10), -cloud(0, 1) - cloud(1, 1)]))
    found = communities(neighbour_graph(lonely), 1.0)
    assert (found >= 0).all()
    assert len(found) == 21


def test_an_anchor_holds_on_to_the_statements_of_its_topic():
    working, _ = seen(cloud(0, 5))
    working = in_topics(working, 7, 7, 0, 9, 0)

    anchored = with_anchors(neighbour_graph(working), working.topics, keys(7, 9), 0.5).toarray()

    assert anchored.shape == (7, 7)
    assert anchored[:5, 5].tolist() == [0.5, 0.5, 0, 0, 0]
    assert anchored[:5, 6].tolist() == [0, 0, 0, 0.5, 0]


def test_the_share_of_weight_in_ones_own_group_runs_from_none_to_all():
    working, _ = seen(np.concatenate([cloud(0, 12), cloud(1, 12)]))
    graph = neighbour_graph(working)

    together = own_share(graph, np.zeros(24, np.int64))
    apart = own_share(graph, np.arange(24))

    assert together == pytest.approx(np.ones(24))
    assert apart == pytest.approx(np.zeros(24))


def test_the_shares_of_topics_add_up_to_at_most_one():
    working, _ = seen(np.concatenate([cloud(0, 12), cloud(1, 12)]))
    topics = np.array([1] * 12 + [4] * 6 + [0] * 6)

    shares = topic_shares(neighbour_graph(working), topics, keys(1, 4)).toarray()

    assert shares.shape == (24, 2)
    assert (shares.sum(axis=1) <= 1 + 1e-9).all()
    assert shares[0, 0] > shares[0, 1]


def ring(*weights: float) -> csr_matrix:
    """Return the graph of one node with a neighbour for each of these weights."""
    edges = np.zeros((len(weights) + 1, len(weights) + 1))
    edges[0, 1:] = weights
    return csr_matrix(np.maximum(edges, edges.T))


def test_how_close_a_statement_is_are_its_five_nearest_and_a_missing_one_counts():
    many, few = ring(0.81, 0.01, 0.64, 0.49, 0.36, 0.25), ring(0.81, 0.64)

    assert closeness(many)[0] == pytest.approx((0.9 + 0.8 + 0.7 + 0.6 + 0.5) / 5)
    assert closeness(few)[0] == pytest.approx((0.9 + 0.8) / 5)
    assert closeness(few)[1] == pytest.approx(0.9 / 5)


def test_typical_is_what_is_about_as_close_as_the_middle_member_of_its_own_group():
    near = np.array([0.8, 0.9, 0.7, 0.53, 0.51, 0.4, 0.4, 0.3, 0.25, 0.1], np.float32)
    groups = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 2])
    members = np.array([True, True, True, False, False, True, True, True, False, False])

    found = typical(near, groups, members)

    assert found.tolist() == [True, True, True, True, False, True, True, True, False, True]
