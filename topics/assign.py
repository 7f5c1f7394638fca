"""Statements into the topics there are, by anchored communities.

Each live topic is a node of the graph, tied to the statements published in it. A community's identity is the
anchor inside it; with two anchors the older topic's. A statement is published into the topic of its community
when at least half of its edge weight stays inside (`GATE`); otherwise it is unsure: shown with its nearest
topic, in no ticket, tried again each round. What is published stays, unless it clearly belongs elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from topics.graph import communities, neighbour_graph, own_share, topic_shares, with_anchors
from topics.working import Floats, Ints, Working

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GATE = 0.5
LEAVE = 0.2  # a published statement may move only if less of its weight than this is with its old topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a statement stands after a round. `topic` is 0 when unsure; `nearest` is then the best guess."""

    key: int
    topic: int
    nearest: int
    score: float  # share of the statement's edge weight that goes to `nearest`, 0–1
    runner_up: int
    runner_up_score: float

    @property
    def reason(self) -> str:
        """Say why, in words that a reviewer can check."""
        if not self.nearest:
            return "unsure: no neighbour has a topic yet"
        share = f"{self.score:.0%} of its neighbourhood is in T-{self.nearest}"
        second = f"; runner-up T-{self.runner_up} {self.runner_up_score:.0%}" if self.runner_up else ""
        return share + second if self.topic else f"unsure: only {share}{second}"


def assign(working: Working, *, resolution: float, tie: float) -> tuple[Working, list[Placement]]:
    """Publish what is sure; return the working set after it, and a placement for each row that isn't settled.

    Settled are statements whose topic doesn't change.
    """
    live = np.unique(working.topics[working.topics > 0])
    if not len(working):
        return working, []
    graph = neighbour_graph(working)
    before = working.topics
    after = _settle(working, graph, live, resolution, tie) if len(live) else before.copy()
    rows = np.flatnonzero((after != before) | (after == 0))
    return working.with_topics(after), _placements(working, graph, live, after, rows)


def placed(working: Working, rows: Ints) -> list[Placement]:
    """Return the placements of these rows as they stand."""
    live = np.unique(working.topics[working.topics > 0])
    return _placements(working, neighbour_graph(working), live, working.topics, rows)


def _settle(working: Working, graph: csr_matrix, live: Ints, resolution: float, tie: float) -> Ints:
    """Return the topic of each row after the round."""
    anchored = with_anchors(graph, working.topics, live, tie)
    groups = communities(anchored, resolution)
    count = len(working)
    owner = np.zeros(int(groups.max()) + 1, np.int64)
    owner[groups[count:][::-1]] = live[::-1]  # of two anchors the older, lower number is written last
    target = owner[groups[:count]]
    inside = own_share(graph, groups[:count])
    sure = (target > 0) & (inside >= GATE)
    old = working.topics
    gone = _weight_with_own(graph, old) < LEAVE
    may = sure & ((old == 0) | (gone & ~working.pinned)) & ~(working.pinned & (old == 0))
    return np.where(may, target, old)


def _weight_with_own(graph: csr_matrix, topics: Ints) -> Floats:
    """Return the share of each row's edge weight that goes to members of its own present topic."""
    alone = np.where(topics > 0, topics, -1 - np.arange(len(topics)))
    return own_share(graph, alone)


def _placements(working: Working, graph: csr_matrix, live: Ints, after: Ints, rows: Ints) -> list[Placement]:
    shares = topic_shares(graph, after, live)[rows] if len(live) else None
    found = []
    for place, row in enumerate(rows.tolist()):
        best = _best_two(shares, place, live) if shares is not None else ((0, 0.0), (0, 0.0))
        topic = int(after[row])
        if topic and best[0][0] != topic:
            best = ((topic, _share(shares, place, live, topic)), best[0])
        (nearest, score), (second, second_score) = best
        found.append(
            Placement(
                key=int(working.keys[row]),
                topic=topic,
                nearest=nearest,
                score=round(min(score, 1.0), 4),
                runner_up=second,
                runner_up_score=round(min(second_score, 1.0), 4),
            )
        )
    return found


def _best_two(shares: csr_matrix, place: int, live: Ints) -> tuple[tuple[int, float], tuple[int, float]]:
    start, stop = shares.indptr[place], shares.indptr[place + 1]
    pairs = zip(shares.data[start:stop].tolist(), live[shares.indices[start:stop]].tolist(), strict=True)
    best = sorted(((number, value) for value, number in pairs), key=lambda pair: (-pair[1], pair[0]))[:2]
    padded = [*best, (0, 0.0), (0, 0.0)]
    return padded[0], padded[1]


def _share(shares: csr_matrix, place: int, live: Ints, topic: int) -> float:
    return float(shares[place, int(np.searchsorted(live, topic))])
