"""Statements into the topics there are, by anchored communities.

Each live topic is a node of the graph, tied to the statements published in it. A community's identity is the
anchor inside it; with two anchors the older topic's; with none that of most of its statements. A statement is
published into the topic of its community when at least half of its edge weight stays inside (`GATE`), it is
about as close to its neighbours as the topic's members are to theirs, and (but in the first drops of a cold
stream) enough of its neighbourhood is in the topic already. Otherwise it is unsure: shown with its nearest
topic, in no ticket, tried again each round. What is published stays, unless it clearly belongs elsewhere.

What people decided holds by construction. A pinned statement stays where it is. A statement is never put into
a topic that it is barred from: its edges to the members of that topic are cut before communities are sought,
and the rule that publishes asks once more. In a community of topics that people keep apart, each statement
goes to the one that holds more of its edge weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topics.graph import (
    closeness,
    communities,
    neighbour_graph,
    own_share,
    topic_shares,
    typical,
    with_anchors,
)
from topics.working import Floats, Ints, Working

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GATE = 0.5
HELD = (
    0.8  # of a community without an anchor, if it is to be one topic's: less can be something new beside it
)
LEAVE = 0.2  # a published statement may move only if less of its weight than this is with its old topic
# ... and if no greater share of the members of that topic would: else it is a split, and people make those
EXODUS = 0.1


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
        if self.topic:
            return share + second
        if self.score >= GATE:
            return f"unsure: {share}, but it is unlike what the topic's members say{second}"
        return f"unsure: only {share}{second}"


def assign(
    working: Working, *, resolution: float, tie: float, known: float = 0.0
) -> tuple[Working, list[Placement]]:
    """Publish what is sure; return the working set after it, and a placement for each row that isn't settled.

    Settled are statements whose topic doesn't change. `known` is the least share of a statement's edge weight
    that goes to members of the topic it joins.
    """
    live = np.unique(working.topics[working.topics > 0])
    if not len(working):
        return working, []
    graph = _permitted(neighbour_graph(working), working)
    before = working.topics
    after = (
        _settle(working, graph, live, resolution=resolution, tie=tie, known=known)
        if len(live)
        else before.copy()
    )
    rows = np.flatnonzero((after != before) | (after == 0))
    published = working.with_topics(after)
    return published, _placements(working, _permitted(graph, published), live, after, rows)


def placed(working: Working, rows: Ints) -> list[Placement]:
    """Return the placements of these rows as they stand."""
    live = np.unique(working.topics[working.topics > 0])
    graph = _permitted(neighbour_graph(working), working)
    return _placements(working, graph, live, working.topics, rows)


def _settle(
    working: Working, graph: csr_matrix, live: Ints, *, resolution: float, tie: float, known: float
) -> Ints:
    """Return the topic of each row after the round."""
    anchored = with_anchors(graph, working.topics, live, tie)
    groups = communities(anchored, resolution)
    count = len(working)
    owner = _majority(groups[:count], working.topics, int(groups.max()) + 1)
    owner[groups[count:][::-1]] = live[::-1]  # of two anchors the older, lower number is written last
    target = _between(working, graph, live, owner[groups[:count]], groups)
    inside = own_share(graph, groups[:count])
    old = working.topics
    place = np.searchsorted(np.concatenate([[0], live]), target)  # numbers may be large, places are not
    near = typical(closeness(graph), place, (old > 0) & (old == target)) | working.partial
    sure = (target > 0) & (inside >= GATE) & near & ~_barred(working, target)
    sure &= _weight_with(graph, old, target) >= known
    gone = _weight_with_own(graph, old) < LEAVE
    gone &= _few(old, sure & gone & (old > 0) & (target != old))
    may = sure & ((old == 0) | (gone & ~working.pinned)) & ~(working.pinned & (old == 0))
    return np.where(may, target, old)


def _majority(groups: Ints, topics: Ints, size: int) -> Ints:
    """Return, for each community, the topic that most of its statements are published in, or 0.

    It owns a community that its anchor has left: people put two themes together, and the graph sees two.
    """
    owner = np.zeros(size, np.int64)
    published = topics > 0
    pairs, counts = np.unique(np.stack([groups[published], topics[published]]), axis=1, return_counts=True)
    most = counts > HELD * np.bincount(groups, minlength=size)[pairs[0]]
    owner[pairs[0, most]] = pairs[1, most]
    return owner


def _barred(working: Working, topics: Ints) -> NDArray[np.bool_]:
    """Return whether each row is barred from the topic that `topics` has for it."""
    if not working.barred:
        return np.zeros(len(working), bool)
    pairs = zip(working.keys.tolist(), topics.tolist(), strict=True)
    return np.array([pair in working.barred for pair in pairs], bool)


def _permitted(graph: csr_matrix, working: Working) -> csr_matrix:
    """Return the graph without the edges between a statement and members of topics that it is barred from."""
    concerned = np.isin(working.keys, [key for key, _ in working.barred])
    if not concerned.any():
        return graph
    coo = graph.tocoo()
    keys, topics = working.keys.tolist(), working.topics.tolist()
    ends = np.flatnonzero(concerned[coo.row] | concerned[coo.col])
    for place, one, other in zip(ends.tolist(), coo.row[ends].tolist(), coo.col[ends].tolist(), strict=True):
        if {(keys[one], topics[other]), (keys[other], topics[one])} & working.barred:
            coo.data[place] = 0.0
    permitted = coo.tocsr()
    permitted.eliminate_zeros()
    return permitted


def _between(working: Working, graph: csr_matrix, live: Ints, target: Ints, groups: Ints) -> Ints:
    """Let each row of a community that holds topics kept apart choose among that community's topics."""
    home = dict(zip(live.tolist(), groups[len(working) :].tolist(), strict=True))
    shared = {home[a] for a, b in working.apart if a in home and home[a] == home.get(b, -1)}
    if not shared:
        return target
    chosen = target.copy()
    shares = topic_shares(graph, working.topics, live)
    for group in sorted(shared):
        rows = np.flatnonzero(groups[: len(working)] == group)
        columns = np.flatnonzero(groups[len(working) :] == group)
        table = shares[rows][:, columns].toarray()
        best = table.argmax(axis=1)  # of equal ones the first, which is the oldest
        chosen[rows] = live[columns[best]]
    return chosen


def _few(topics: Ints, leaving: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which rows are of topics that few leave: where many would, it is a split, and people decide."""
    _, place = np.unique(topics, return_inverse=True)
    leavers = np.bincount(place, leaving)[place]
    return np.asarray(leavers <= EXODUS * np.bincount(place)[place])


def _weight_with_own(graph: csr_matrix, topics: Ints) -> Floats:
    """Return the share of each row's edge weight that goes to members of its own present topic."""
    return _weight_with(graph, topics, topics)


def _weight_with(graph: csr_matrix, topics: Ints, target: Ints) -> Floats:
    """Return the share of each row's edge weight that goes to members of its target topic (0 without one)."""
    coo = graph.tocoo()
    there = (target[coo.row] > 0) & (topics[coo.col] == target[coo.row])
    share = np.bincount(coo.row[there], coo.data[there], minlength=len(topics))
    return (share / np.maximum(np.bincount(coo.row, coo.data, minlength=len(topics)), 1e-12)).astype(
        np.float32
    )


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
