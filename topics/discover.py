"""New topics, from communities that no topic owns.

BERTopic's place is `cluster` and the keywords: its topic numbers are ranks, so they never leave this package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from topics.assign import GATE
from topics.encoders.base import Block
from topics.graph import BULK_TIE, COLD_TIE, communities, neighbour_graph, own_share, with_anchors
from topics.resolution import pick_resolution
from topics.working import Ints, Mean, Working, centred

MIN_BIRTH = 5
COLD_COHERENCE = 0.6
BACKLOG = 100  # a first round of this many statements can be a backlog; fewer is a cold start
BULK = 1000  # ... and of this many always is one


@dataclass(frozen=True, slots=True)
class Settings:
    """What the engine keeps between rounds besides the working set."""

    resolution: float | None = None
    picked_at: int = 0  # statements seen when the resolution was picked
    cold: bool = True

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


def discover(working: Working, settings: Settings, fresh: int | None = None) -> list[Birth]:
    """Return the topics that are born in this round, the one with the earliest member first.

    `fresh` is how many of the last rows arrived since the last round (None: all). A topic is born of
    something new: a group of old statements that a new cut happens to draw is no birth.
    """
    if settings.resolution is None or not len(working):
        return []
    live = np.unique(working.topics[working.topics > 0])
    graph = neighbour_graph(working)
    groups = communities(with_anchors(graph, working.topics, live, settings.tie), settings.resolution)
    owned = np.isin(groups[: len(working)], groups[len(working) :])
    groups = groups[: len(working)]
    inside = own_share(graph, groups)
    free = (working.topics == 0) & ~working.pinned
    new = np.arange(len(working)) >= len(working) - (len(working) if fresh is None else fresh)
    births = []
    for group in np.unique(groups[free & ~owned & new]):
        members = groups == group
        sure = members & free & (inside >= GATE)
        mostly_free = 2 * int((members & free).sum()) > int(members.sum())
        coherence = float(inside[members].mean())
        if sure.sum() >= MIN_BIRTH and mostly_free and coherence >= (COLD_COHERENCE if settings.cold else 0):
            births.append(Birth(tuple(working.keys[sure].tolist()), coherence))
    first = {key: row for row, key in enumerate(working.keys.tolist())}
    return sorted(births, key=lambda birth: min(first[key] for key in birth.keys))


def cluster(working: Working, resolution: float) -> Ints:
    """Return today's clusters of the working set, blind to the topics there are; -1 where too few agree."""
    graph = neighbour_graph(working)
    groups = communities(graph, resolution)
    inside = own_share(graph, groups)
    sizes = np.bincount(groups[inside >= GATE], minlength=int(groups.max(initial=0)) + 1)
    return np.where((inside >= GATE) & (sizes[groups] >= MIN_BIRTH), groups, -1)
