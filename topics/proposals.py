"""Questions for people: which topics may be one, and which topic may be several. Nothing is changed here.

Both look at the edges of the neighbour graph between two groups of statements. Two topics with many are
perhaps one; two parts of a topic with few are perhaps two. `lift` is how many times more weight crosses than
would by chance between groups of their size, crossing the weight between against that inside the two. The
scores are logistic in the logarithms of such measures. Their weights were fitted on streams of banking77 and
clinc150, so that on the former a score is about the share of such proposals that were right: both topics had
the same majority label (merge), or the topic's majority was below 70 % (split). Where topics are hardly ever
doubled, fewer merges are right than the score says.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topics.graph import communities, neighbour_graph
from topics.working import Floats, Ints, Working

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MIN_PART = 5
MERGE_FROM = 0.15
SPLIT_FROM = 0.4
MARGIN = 0.05  # by so much of cosine a follower is nearer to the part than to what stays
NEAR = 12
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two topics that may be one, the older first, with the statements of each that are most alike."""

    topics: tuple[int, int]
    score: float  # 0–1
    lift: float
    outward: tuple[
        float, float
    ]  # of the edge weight that leaves each topic, the share that leads to the other
    alike: tuple[int, int]

    @property
    def why(self) -> str:
        """Say why, in words that a reviewer can check."""
        one, other = self.topics
        first, second = self.outward
        source, target, share = (one, other, first) if first >= second else (other, one, second)
        return (
            f"{share:.0%} of the links that leave T-{source} lead to T-{target}; "
            f"{self.lift:.1f} times as many link the two as by chance"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A topic that may be several; `parts` are statements, the most typical and the clearest part first."""

    topic: int
    score: float  # 0–1
    crossing: float  # edge weight between the clearest part and the rest, against what is inside both
    parts: tuple[tuple[int, ...], ...]

    @property
    def why(self) -> str:
        """Say why, in words that a reviewer can check."""
        sizes = " and ".join(str(len(part)) for part in self.parts)
        return f"parts of {sizes} statements; links between them are {self.crossing:.0%} of those inside"


def possible_merges(
    working: Working, *, apart: Collection[tuple[int, int]] = (), least: float = MERGE_FROM
) -> list[Merge]:
    """Return the pairs of topics that may be one, the likeliest first, but none that people keep apart."""
    live, sizes = np.unique(working.topics[working.topics > 0], return_counts=True)
    live = live[sizes >= MIN_PART]
    if len(live) < 2:  # noqa: PLR2004 - a pair needs two
        return []
    graph = neighbour_graph(working)
    between, volume = _between(graph, working.topics, live)
    inside = between.diagonal()
    leaving = volume - inside
    refused = {*working.apart, *apart}
    found = []
    cross = between.tocoo()
    for i, j, weight in zip(cross.row.tolist(), cross.col.tolist(), cross.data.tolist(), strict=True):
        pair = (int(live[i]), int(live[j]))
        if i >= j or pair in refused:
            continue
        lift = weight * volume.sum() / (volume[i] * volume[j])
        outward = (weight / max(leaving[i], 1e-12), weight / max(leaving[j], 1e-12))
        crossing = weight / max(math.sqrt(inside[i] * inside[j]), 1e-12)
        score = max(_by_lift(lift, max(outward)), _by_crossing(crossing))
        if score >= least:
            alike = _most_alike(graph, working, pair)
            found.append(Merge(topics=pair, score=score, lift=lift, outward=outward, alike=alike))
    return sorted(found, key=lambda merge: (-merge.score, merge.topics))


def possible_splits(
    working: Working, *, whole: Collection[int] = (), least: float = SPLIT_FROM
) -> list[Split]:
    """Return the topics that may be several, the likeliest first, but none of `whole`."""
    graph = neighbour_graph(working)
    live, sizes = np.unique(working.topics[working.topics > 0], return_counts=True)
    found = [
        split
        for topic in live[sizes >= 2 * MIN_PART].tolist()
        if topic not in whole and (split := _split(working, graph, topic)) is not None
    ]
    return sorted((s for s in found if s.score >= least), key=lambda split: (-split.score, split.topic))


def parts_of(working: Working, topic: int) -> Split | None:
    """Return how a topic would fall into parts, however unlikely; None if it doesn't."""
    return _split(working, neighbour_graph(working), topic)


def followers(space: Floats, chosen: NDArray[np.bool_]) -> tuple[Ints, Floats]:
    """Return the rows that go with the chosen ones, and the share of each one's neighbourhood that does.

    `space` are the centred unit vectors of all members of a topic. A row follows if it is clearly nearer to
    the centre of those that go than to the centre of those that stay (`MARGIN`); the centres are taken anew
    as rows follow, the chosen ones always go.
    """
    going = chosen.copy()
    for _ in range(_ROUNDS):
        if going.all() or not going.any():
            break
        there, here = space @ _centre(space[going]), space @ _centre(space[~going])
        after = chosen | (there - here >= MARGIN)
        if (after == going).all():
            break
        going = after
    rows = np.flatnonzero(going & ~chosen)
    return rows, _share_of_neighbourhood(space, rows, going)


def _centre(vectors: Floats) -> Floats:
    mean = vectors.mean(axis=0)
    centre: Floats = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return centre


def _share_of_neighbourhood(space: Floats, rows: Ints, going: NDArray[np.bool_]) -> Floats:
    similar = np.clip(space[rows] @ space.T, 0, None)
    similar[np.arange(len(rows)), rows] = 0
    order = np.argsort(-similar, axis=1, kind="stable")[:, :NEAR]
    weight = np.take_along_axis(similar, order, axis=1) ** 2
    share: Floats = (weight * going[order]).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    return share


def _by_lift(lift: float, outward: float) -> float:
    """Return the chance that two are one, where topics are many: lift can't be more than their number."""
    return _logistic(1.01 * math.log(lift + 0.1) + 0.34 * math.log(outward + 0.003) - 2.71)


def _by_crossing(crossing: float) -> float:
    """Return the same from the weight between the two against that inside them; halves of one have 1."""
    return _logistic(4 * math.log(crossing + 1e-9) + 2.8)


def _between(graph: csr_matrix, topics: Ints, live: Ints) -> tuple[csr_matrix, NDArray[np.float64]]:
    """Return the edge weight between each two topics, and all edge weight at each topic's statements."""
    from scipy.sparse import csr_matrix

    member = np.flatnonzero(np.isin(topics, live))
    column = np.searchsorted(live, topics[member])
    belongs = csr_matrix((np.ones(len(member)), (member, column)), shape=(len(topics), len(live)))
    strength = np.asarray(graph.sum(axis=1)).ravel()
    return (belongs.T @ graph @ belongs).tocsr(), belongs.T @ strength


def _most_alike(graph: csr_matrix, working: Working, pair: tuple[int, int]) -> tuple[int, int]:
    """Return the statement of each topic at the strongest edge between them."""
    rows, columns = (np.flatnonzero(working.topics == topic) for topic in pair)
    cross = graph[rows][:, columns].tocoo()
    best = int(np.argmax(cross.data))
    return int(working.keys[rows[cross.row[best]]]), int(working.keys[columns[cross.col[best]]])


def _split(working: Working, graph: csr_matrix, topic: int) -> Split | None:
    """Cut a topic's own graph into communities, and find the one that is clearest from the rest."""
    rows = np.flatnonzero(working.topics == topic)
    if len(rows) < 2 * MIN_PART:
        return None
    inner = graph[rows][:, rows].tocsr()
    groups = communities(inner, 1.0)
    sizes = np.bincount(groups)
    large = [int(g) for g in np.flatnonzero((sizes >= MIN_PART) & (len(rows) - sizes >= MIN_PART))]
    if not large:
        return None
    cuts = {group: _crossing(inner, groups == group) for group in large}
    order = sorted(large, key=lambda group: (cuts[group], group))
    crossing = cuts[order[0]]
    score = _logistic(-1.13 * math.log(crossing + 0.01) - 2.68)
    parts = [_typical(inner, working.keys[rows], groups == group) for group in order]
    if len(parts) == 1:
        parts.append(_typical(inner, working.keys[rows], groups != order[0]))
    return Split(topic=topic, score=score, crossing=crossing, parts=tuple(parts))


def _crossing(inner: csr_matrix, part: NDArray[np.bool_]) -> float:
    """Return the edge weight between a part of a topic and the rest of it, against that inside the two."""
    inside = math.sqrt(float(inner[part][:, part].sum()) * float(inner[~part][:, ~part].sum()))
    return float(inner[part][:, ~part].sum()) / max(inside, 1e-12)


def _typical(inner: csr_matrix, keys: Ints, part: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return a part's statements, those with most edge weight inside it first."""
    inside = np.asarray(inner[part][:, part].sum(axis=1)).ravel()
    return tuple(int(key) for key in keys[part][np.argsort(-inside, kind="stable")])


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
