"""The graph of statements, anchors and communities on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topics.working import Floats, Ints, Working

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SEED = 7
BULK_TIE = 0.5
COLD_TIE = 1.0
CLOSEST = 5  # neighbours that tell how close a statement is to others
TYPICAL = 0.65  # a member is at least this close to its neighbours, beside the median of its topic's members


_latest: list[tuple[Ints, Ints, Floats, csr_matrix]] = []


def neighbour_graph(working: Working) -> csr_matrix:
    """Return the symmetric graph of kept neighbours; of two weights of one pair the larger counts.

    It is the same in whatever topics the statements are, so the latest is kept; nobody may change it.
    """
    for keys, neighbours, weights, graph in _latest:
        if keys is working.keys and neighbours is working.neighbours and weights is working.weights:
            return graph
    graph = _graph(working)
    _latest[:] = [(working.keys, working.neighbours, working.weights, graph)]
    return graph


def _graph(working: Working) -> csr_matrix:
    from scipy.sparse import csr_matrix

    count = len(working)
    order = np.argsort(working.keys, kind="stable")
    flat = working.neighbours.ravel()
    place = np.searchsorted(working.keys, flat, sorter=order) if count else np.zeros(0, np.int64)
    column = order[np.minimum(place, max(count - 1, 0))] if count else place
    here = (flat >= 0) & (working.keys[column] == flat) if count else np.zeros(0, bool)
    row = np.repeat(np.arange(count), working.neighbours.shape[1])
    weight = working.weights.ravel().astype(np.float64)
    one_way = csr_matrix((weight[here], (row[here], column[here])), shape=(count, count))
    return one_way.maximum(one_way.T).tocsr()


def with_anchors(graph: csr_matrix, topics: Ints, live: Ints, tie: float) -> csr_matrix:
    """Add one node for each live topic, tied with weight `tie` to each statement published in it."""
    from scipy.sparse import bmat, csr_matrix

    member = np.flatnonzero(np.isin(topics, live))
    anchor = np.searchsorted(live, topics[member])
    ties = csr_matrix((np.full(len(member), tie), (member, anchor)), shape=(len(topics), len(live)))
    return bmat([[graph, ties], [ties.T, None]], format="csr") if len(live) else graph


def communities(graph: csr_matrix, resolution: float) -> Ints:
    """Return the community of each node by Leiden (modularity), seeded; nodes without edges are alone."""
    from graspologic_native import leiden_csr

    count = graph.shape[0]
    if graph.nnz == 0:
        return np.arange(count, dtype=np.int64)
    graph.sort_indices()
    _, found = leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data.astype(np.float64),
        count,
        resolution=resolution,
        seed=SEED,
    )
    result = np.full(count, -1, np.int64)
    nodes = np.fromiter(found.keys(), np.int64, len(found))
    result[nodes] = np.fromiter(found.values(), np.int64, len(found))
    alone = np.flatnonzero(result < 0)
    result[alone] = result.max() + 1 + np.arange(len(alone))
    return result


def own_share(graph: csr_matrix, groups: Ints) -> Floats:
    """Return, for each node, the share of its edge weight that stays in its own group (0 without edges)."""
    coo = graph.tocoo()
    same = groups[coo.row] == groups[coo.col]
    inside = np.bincount(coo.row[same], coo.data[same], minlength=graph.shape[0])
    whole = np.bincount(coo.row, coo.data, minlength=graph.shape[0])
    return (inside / np.maximum(whole, 1e-12)).astype(np.float32)


def closeness(graph: csr_matrix) -> Floats:
    """Return, for each node, the mean cosine to its five nearest neighbours (a missing one counts as 0)."""
    count = graph.shape[0]
    sizes = np.diff(graph.indptr)
    row = np.repeat(np.arange(count), sizes)
    rank = np.arange(len(row)) - np.repeat(graph.indptr[:-1], sizes)
    nearest = np.lexsort((-graph.data, row))[rank < CLOSEST]
    total = np.bincount(row[nearest], np.sqrt(graph.data[nearest]), minlength=count)
    return (total / CLOSEST).astype(np.float32)


def typical(near: Floats, groups: Ints, members: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which nodes are about as close to their neighbours as the members of their group are to theirs.

    What nobody else says has neighbours too, only far ones: by edge shares alone it would be in some topic.
    The measure is relative, because one set's near is another's far.
    """
    size = int(groups.max(initial=0)) + 1
    group, value = groups[members], near[members]
    order = np.lexsort((value, group))
    counts = np.bincount(group, minlength=size)
    start = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    middle = np.zeros(size, np.float32)
    some = counts > 0
    middle[some] = value[order][(start + counts // 2)[some]]
    return np.asarray(near >= TYPICAL * middle[groups])


def topic_shares(graph: csr_matrix, topics: Ints, live: Ints) -> csr_matrix:
    """Return the share of each statement's edge weight that goes to each live topic (sparse, n × topics)."""
    from scipy.sparse import csr_matrix, diags

    member = np.flatnonzero(np.isin(topics, live))
    column = np.searchsorted(live, topics[member])
    belongs = csr_matrix((np.ones(len(member)), (member, column)), shape=(len(topics), len(live)))
    whole = np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-12)
    return (diags(1.0 / whole) @ graph @ belongs).tocsr()
