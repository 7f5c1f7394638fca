"""How fine the topics are, chosen by the data: no labels, no number of topics.

Two curves over a grid of resolutions: S, the cosine silhouette of a sample times the share of statements in
a community of at least five; M, minus the map equation of the partition on the graph (Rosvall & Bergstrom
2008). Each is scaled to 0–1 and raised to the eighth power as weights for a centroid over the logarithm of
the resolution. M errs coarse on small sets, where a topic has few more members than a statement has
neighbours; S errs fine on dense ones, and always. So the pick is the geometric mean of both centroids up to
1,500 statements, M's alone from 5,000 on, and slides from one to the other between.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import threads
from topics.graph import communities
from topics.working import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GRID = tuple(float(2**step) for step in np.arange(0, 5.75, 0.5))
FACTOR = 1.05
COLD_FACTOR = 0.9  # topics of a cold start were taken fine while they were few, and stay
FEW, MANY = 1500, 5000  # up to FEW statements both curves count the same, from MANY on only the map equation
KNOB = {"finer": 2.0, "auto": 1.0, "coarser": 0.5}
SAMPLE = 3000
SMALL = 3000  # below this many statements the pick is made finer: mixed topics never heal, duplicates merge
MIN_SIZE = 5


def pick_resolution(
    graph: csr_matrix, space: Floats, *, granularity: str = "auto", cold: bool = False
) -> float:
    """Return the resolution for this graph; deterministic. `space` holds the unit vectors of its nodes."""
    graph.sort_indices()  # before the threads share it
    with ThreadPoolExecutor(threads()) as pool:  # Leiden runs outside Python's lock
        partitions = list(pool.map(partial(communities, graph), GRID))
    count = max(len(space), 1)
    share = 0.5 * min(1.0, max(0.0, (MANY - count) / (MANY - FEW)))
    lengths = np.array([_map_equation(graph, groups) for groups in partitions])
    middle = _centroid(-lengths)
    if share:
        silhouettes = np.array([_silhouette(space, groups) for groups in partitions])
        if np.ptp(silhouettes) > 0:  # flat where there is one theme only: it says nothing then
            middle = (1 - share) * middle + share * _centroid(silhouettes)
    factor = COLD_FACTOR * max(1.0, SMALL / count) if cold else FACTOR
    return float(np.exp(middle) * factor * KNOB[granularity])


def _centroid(values: NDArray[np.float64]) -> float:
    spread = values.max() - values.min()
    scaled = (values - values.min()) / spread if spread > 0 else np.ones_like(values)
    weight = scaled**8
    return float((weight * np.log(GRID)).sum() / weight.sum())


def _silhouette(space: Floats, groups: Ints) -> float:
    """Cosine silhouette against the group centroids, times the coverage of groups of at least five."""
    from scipy.sparse import csr_matrix

    sizes = np.bincount(groups)
    kept = np.flatnonzero(sizes >= MIN_SIZE)
    inside = np.isin(groups, kept)
    if len(kept) < 2:  # noqa: PLR2004 - a silhouette needs two groups
        return 0.0
    rows = np.flatnonzero(inside)
    rows = rows[:: max(1, len(rows) // SAMPLE)]
    column = np.searchsorted(kept, groups[rows])
    every = np.flatnonzero(inside)
    belongs = csr_matrix(
        (np.ones(len(every), np.float32), (np.searchsorted(kept, groups[every]), every)),
        shape=(len(kept), len(space)),
    )
    sums = belongs @ space
    size = sizes[kept].astype(np.float64)
    similar = space[rows] @ sums.T
    own = (similar[np.arange(len(rows)), column] - 1.0) / np.maximum(size[column] - 1, 1)
    mean = similar / size
    mean[np.arange(len(rows)), column] = -np.inf
    a, b = 1.0 - own, 1.0 - mean.max(axis=1)
    return float(((b - a) / np.maximum(np.maximum(a, b), 1e-9)).mean() * inside.mean())


def _map_equation(graph: csr_matrix, groups: Ints) -> float:
    """Return the two-level description length, in bits, of a random walk on the graph under a partition."""
    strength = np.asarray(graph.sum(axis=1)).ravel()
    total = strength.sum()
    if total == 0:
        return 0.0
    coo = graph.tocoo()
    cross = groups[coo.row] != groups[coo.col]
    count = int(groups.max()) + 1
    leave = np.bincount(groups[coo.row[cross]], coo.data[cross], minlength=count) / total
    visit = np.bincount(groups, strength, minlength=count) / total
    return (
        _plogp(np.array([leave.sum()])) - 2 * _plogp(leave) - _plogp(strength / total) + _plogp(leave + visit)
    )


def _plogp(share: NDArray[np.float64]) -> float:
    some = share[share > 0]
    return float((some * np.log2(some)).sum())
