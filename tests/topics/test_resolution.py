from __future__ import annotations

import numpy as np
import pytest
from clouds import BLOCKS, cloud, seen

from topics.graph import communities, neighbour_graph
from topics.resolution import GRID, KNOB, pick_resolution
from topics.working import centred


def graph_of(count: int, size: int = 25):
    working, mean = seen(np.concatenate([cloud(axis, size) for axis in range(count)]))
    return neighbour_graph(working), centred(working.vectors, mean, BLOCKS)


@pytest.mark.parametrize("count", [3, 6, 10])
def test_the_pick_tells_clear_clouds_apart(count: int):
    graph, space = graph_of(count)

    found = communities(graph, pick_resolution(graph, space))

    for start in range(0, count * 25, 25):
        values, sizes = np.unique(found[start : start + 25], return_counts=True)
        assert sizes.max() >= 12, values
    assert len(set(found.tolist())) >= count


def test_the_pick_is_the_same_each_time_and_lies_on_the_grid_times_its_factors():
    graph, space = graph_of(4)

    picks = {pick_resolution(graph, space) for _ in range(3)}

    assert len(picks) == 1
    assert GRID[0] <= picks.pop() <= GRID[-1] * 1.2


def test_the_knob_makes_topics_finer_or_coarser():
    graph, space = graph_of(4)
    auto, finer, coarser = (
        pick_resolution(graph, space, granularity=knob) for knob in ("auto", "finer", "coarser")
    )

    assert finer == pytest.approx(auto * KNOB["finer"])
    assert coarser == pytest.approx(auto * KNOB["coarser"])


def test_a_small_cold_start_is_picked_finer():
    graph, space = graph_of(4)

    assert pick_resolution(graph, space, cold=True) > pick_resolution(graph, space)


def test_a_graph_without_edges_has_a_resolution_too():
    working, _ = seen(cloud(0, 1))

    assert pick_resolution(neighbour_graph(working), working.vectors) > 0
