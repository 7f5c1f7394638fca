"""New topics, from communities that no topic owns.

BERTopic's place is `cluster` and the keywords: its topic numbers are ranks, so they never leave this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topics.assign import GATE
from topics.encoders.base import Block
from topics.graph import (
    BULK_TIE,
    COLD_TIE,
    closeness,
    communities,
    neighbour_graph,
    own_share,
    typical,
    with_anchors,
)
from topics.resolution import SMALL, pick_resolution
from topics.working import Ints, Mean, Working, centred

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MIN_BIRTH = 5
COLD_COHERENCE = 0.6
KNOWN = 0.25
BACKLOG = 100  # a first round of this many statements can be a backlog; fewer is a cold start
BULK = 1000  # ... and of this many always is one


@dataclass(frozen=True, slots=True)
class Settings:
    """What the engine keeps between rounds besides the working set."""

    resolution: float | None = None
    picked_at: int = 0  # statements seen when the resolution was picked
    cold: bool = True

    def known(self, seen: int) -> float:
        """Return the share of a statement's edge weight that must be with members of the topic it joins.

        What is new and near an old topic has mostly itself for a neighbourhood: it waits, and becomes a topic
        of its own. In the first drops of a cold stream that can't be told apart yet.
        """
        return 0.0 if self.cold and seen < SMALL else KNOWN

    @property
    def tie(self) -> float:
        """The weight between an anchor and its members."""
        return COLD_TIE if self.cold else BULK_TIE


@dataclass(frozen=True, slots=True)
class Birth:
    """A new topic's first members and how coherent they are (mean share of edge weight inside, 0–1)."""

    keys: tuple[int, ...]
    coherence: float


def tune(
    settings: Settings,
    working: Working,
    mean: Mean,
    blocks: tuple[Block, ...],
    *,
    granularity: str,
    backlog: bool = True,
) -> Settings:
    """Pick the resolution at the first round, and after a cold start again at each doubling.

    `backlog` says that the first round brings what has gathered over a time, not the first drops of a
    stream: a backlog shows how its topics part; drops don't, so they are taken finer, because what they mix
    never heals.
    """
    due = settings.resolution is None or (settings.cold and mean.count >= 2 * settings.picked_at)
    if not due or len(working) <= MIN_BIRTH:
        return settings
    least = BACKLOG if backlog else BULK
    cold = mean.count < least if settings.resolution is None else settings.cold
    space = centred(working.vectors, mean, blocks)
    resolution = pick_resolution(
        neighbour_graph(working), space, granularity=granularity, cold=cold and not backlog
    )
    return Settings(resolution=resolution, picked_at=mean.count, cold=cold)


def discover(
    working: Working, settings: Settings, fresh: int | None = None, *, seen: int | None = None
) -> list[Birth]:
    """Return the topics that are born in this round, the one with the earliest member first.

    `fresh` is how many of the last rows arrived since the last round (None: all), `seen` how many statements
    ever did (None: those here). A topic is born of something new: a group of old statements that a new cut
    happens to draw is no birth. Two places are looked at: communities that no topic owns, and groups among
    the statements without a topic that are mostly each other's neighbours, whatever community they lie in.
    """
    if settings.resolution is None or not len(working):
        return []
    graph = neighbour_graph(working)
    new = np.arange(len(working)) >= len(working) - (len(working) if fresh is None else fresh)
    births = _unowned(working, graph, settings, new)
    if settings.known(len(working) if seen is None else seen):
        taken = np.isin(working.keys, [key for birth in births for key in birth.keys])
        births += _among_the_free(working, graph, settings, new, taken)
    first = {key: row for row, key in enumerate(working.keys.tolist())}
    return sorted(births, key=lambda birth: min(first[key] for key in birth.keys))


def _unowned(working: Working, graph: csr_matrix, settings: Settings, new: NDArray[np.bool_]) -> list[Birth]:
    """Return the births in communities that hold no topic's anchor."""
    live = np.unique(working.topics[working.topics > 0])
    every = communities(with_anchors(graph, working.topics, live, settings.tie), settings.resolution or 1.0)
    groups = every[: len(working)]
    owned = np.isin(groups, every[len(working) :])
    inside = own_share(graph, groups)
    free = (working.topics == 0) & ~working.pinned
    usual = typical(closeness(graph), groups, inside >= GATE) | working.partial
    births = []
    for group in np.unique(groups[free & ~owned & new]):
        members = groups == group
        sure = members & free & (inside >= GATE) & usual
        mostly_free = 2 * int((members & free).sum()) > int(members.sum())
        coherence = float(inside[members].mean())
        if sure.sum() >= MIN_BIRTH and mostly_free and coherence >= (COLD_COHERENCE if settings.cold else 0):
            births.append(Birth(tuple(working.keys[sure].tolist()), coherence))
    return births


def _among_the_free(
    working: Working,
    graph: csr_matrix,
    settings: Settings,
    new: NDArray[np.bool_],
    taken: NDArray[np.bool_],
) -> list[Birth]:
    """Return the births among statements without a topic: groups with most of their edge weight inside.

    The resolution is scaled by the share of the edge weight that lies among them, so that groups are as fine
    as the communities of the whole.
    """
    rows = np.flatnonzero((working.topics == 0) & ~working.pinned & ~taken)
    part = graph[rows][:, rows].tocsr()
    if part.nnz == 0:
        return []
    groups = communities(part, max((settings.resolution or 1.0) * part.sum() / graph.sum(), 1e-3))
    inside = own_share(part, groups) * np.asarray(part.sum(axis=1)).ravel()
    inside = inside / np.maximum(np.asarray(graph[rows].sum(axis=1)).ravel(), 1e-12)
    births = []
    for group in np.unique(groups[new[rows]]):
        members = groups == group
        sure = members & (inside >= GATE)
        coherence = float(inside[members].mean())
        if sure.sum() >= MIN_BIRTH and coherence >= (COLD_COHERENCE if settings.cold else GATE):
            births.append(Birth(tuple(working.keys[rows[sure]].tolist()), coherence))
    return births


def cluster(working: Working, resolution: float) -> Ints:
    """Return today's clusters of the working set, blind to the topics there are; -1 where too few agree."""
    graph = neighbour_graph(working)
    groups = communities(graph, resolution)
    inside = own_share(graph, groups)
    sizes = np.bincount(groups[inside >= GATE], minlength=int(groups.max(initial=0)) + 1)
    return np.where((inside >= GATE) & (sizes[groups] >= MIN_BIRTH), groups, -1)
