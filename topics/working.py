"""The working set: the statements that the next round of clustering looks at.

It holds the newest statements without a topic and a bounded number of exemplars of each topic, so that the
cost of a round follows what is new, not all that was ever said. A statement's nearest neighbours are found
once, at its arrival, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import Block

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEIGHBOURS = 12  # per statement, in a set of up to 3,000
MOST_NEIGHBOURS = 20
EACH = 250  # ... and one more for each so many statements: dense sets would fall into fragments otherwise
MIN_COSINE = 0.2
LIMIT = 12_000  # statements that a round looks at
WAITING = 3_000  # of these, without a topic
MIN_EXEMPLARS = 12
COPIES = 12  # of one text in the working set: more would only be each other's neighbours
SAME = 1e-4
STRIPE = 256  # columns
TIES = 8  # times as many values at the bound as are wanted: then all are equal, more or less
MANY = 5000  # statements from which on a fresh look takes only the leading directions of their vectors
LEADING = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Statements in order of arrival. All arrays have one row a statement.

    `topics` is the number of the topic that a statement is published in, 0 for none. `neighbours` holds
    statement keys, -1 where there are fewer; `weights` are squared cosines. What people decided stands beside
    the rows: `barred` holds pairs (statement, topic), whether the statement is here or not, that no machine
    puts together; `apart` pairs of topics, the lower number first, that stay two. `blocks` are the parts of a
    vector, as the encoder of the last arrival has them.
    """

    keys: Ints
    vectors: Floats
    topics: Ints
    neighbours: Ints
    weights: Floats
    pinned: NDArray[np.bool_]
    barred: frozenset[tuple[int, int]] = frozenset()
    apart: frozenset[tuple[int, int]] = frozenset()
    blocks: tuple[Block, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def empty(cls, dimension: int) -> Working:
        """Return a working set of nothing."""
        return cls(
            keys=np.zeros(0, np.int64),
            vectors=np.zeros((0, dimension), np.float32),
            topics=np.zeros(0, np.int64),
            neighbours=np.zeros((0, NEIGHBOURS), np.int64),
            weights=np.zeros((0, NEIGHBOURS), np.float32),
            pinned=np.zeros(0, bool),
        )

    def take(self, rows: NDArray[np.bool_] | Ints) -> Working:
        """Return the working set of these rows, in their order."""
        return replace(
            self,
            keys=self.keys[rows],
            vectors=self.vectors[rows],
            topics=self.topics[rows],
            neighbours=self.neighbours[rows],
            weights=self.weights[rows],
            pinned=self.pinned[rows],
        )

    @property
    def partial(self) -> NDArray[np.bool_]:
        """Which statements have a block that its model couldn't read: a text in another language."""
        read = np.ones(len(self), bool)
        for block in self.blocks:
            read &= _read(self.vectors, block)
        return ~read

    def widened(self, width: int) -> Working:
        """Return the same statements with room for this many neighbours each."""
        more = ((0, 0), (0, max(0, width - self.neighbours.shape[1])))
        return replace(
            self,
            neighbours=np.pad(self.neighbours, more, constant_values=-1),
            weights=np.pad(self.weights, more),
        )

    def with_topics(self, topics: Ints) -> Working:
        """Return the same statements in other topics."""
        return replace(self, topics=topics)


@dataclass(frozen=True, slots=True)
class Mean:
    """The running mean of all vectors seen."""

    total: NDArray[np.float64]
    count: int

    @classmethod
    def zero(cls, dimension: int) -> Mean:
        """Return the mean of nothing."""
        return cls(np.zeros(dimension), 0)

    def plus(self, vectors: Floats) -> Mean:
        """Return the mean with these vectors counted in."""
        return Mean(self.total + vectors.sum(axis=0, dtype=np.float64), self.count + len(vectors))


def centred(vectors: Floats, mean: Mean, blocks: Sequence[Block]) -> Floats:
    """Return each block less its mean, normalised, weighted so that the whole has length 1.

    A block that is all zeros (its model can't read the text) stays so, and the vector is shorter by it: such
    a text is compared with others in the blocks that both have.
    """
    shift = (mean.total / max(mean.count, 1)).astype(np.float32)
    out: Floats = vectors - shift if mean.count > 1 else vectors.copy()
    whole = float(np.sqrt(sum(block.weight**2 for block in blocks)))
    for block in blocks:
        part = out[:, block.start : block.stop]
        alone = np.linalg.norm(part, axis=1) < SAME  # all texts are this one: nothing is left of it
        part[alone] = vectors[alone, block.start : block.stop]
        scale = np.where(_read(vectors, block)[:, None], block.weight / whole, 0).astype(np.float32)
        part *= scale / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9)
    return out


def _read(vectors: Floats, block: Block) -> NDArray[np.bool_]:
    """Tell of each row whether the block's model could read the text."""
    return np.asarray(np.any(vectors[:, block.start : block.stop] != 0, axis=1))


def neighbours_for(count: int) -> int:
    """Return how many neighbours a statement has that arrives in a working set of this size."""
    return int(np.clip(round(count / EACH), NEIGHBOURS, MOST_NEIGHBOURS))


def arrive(working: Working, keys: Ints, vectors: Floats, mean: Mean, blocks: Sequence[Block]) -> Working:
    """Add new statements with their nearest neighbours among all that are there, each other included."""
    everyone = np.concatenate([working.keys, keys])
    space = centred(np.concatenate([working.vectors, vectors]), mean, blocks)
    count = len(keys)
    width = max(neighbours_for(len(everyone)), working.neighbours.shape[1])
    neighbours, weights = _nearest(space, len(working), everyone, width)
    working = working.widened(width)
    return replace(
        working,
        blocks=tuple(blocks),
        keys=everyone,
        vectors=np.concatenate([working.vectors, vectors]),
        topics=np.concatenate([working.topics, np.zeros(count, np.int64)]),
        neighbours=np.concatenate([working.neighbours, neighbours]),
        weights=np.concatenate([working.weights, weights]),
        pinned=np.concatenate([working.pinned, np.zeros(count, bool)]),
    )


def afresh(keys: Ints, space: Floats) -> Working:
    """Return the working set of statements that are looked at all at once; `space` is as `centred` gives it.

    Of many, neighbours are sought by their leading directions alone, which takes a third of the time. On the
    sets that this was tried on, clusters are slightly fewer and agree with the labels slightly better then.
    """
    count = len(keys)
    most = neighbours_for(count)
    neighbours, weights = _nearest(_leading(space) if count >= MANY else space, 0, keys, most)
    return replace(
        Working.empty(space.shape[1]),
        keys=keys,
        vectors=space,
        topics=np.zeros(count, np.int64),
        neighbours=neighbours,
        weights=weights,
        pinned=np.zeros(count, bool),
    )


def _leading(space: Floats) -> Floats:
    """Return the rows along the fewest directions that hold `LEADING` of their squared lengths together."""
    lengths, directions = np.linalg.eigh(space.T @ space)
    held = np.cumsum(lengths[::-1])
    kept = int(np.searchsorted(held, LEADING * held[-1])) + 1
    return np.asarray(space @ directions[:, ::-1][:, :kept], np.float32)


def _nearest(space: Floats, first_new: int, keys: Ints, most: int, block: int = 1024) -> tuple[Ints, Floats]:
    """Find the `most` neighbours of the rows from `first_new` on, exactly, in bounded memory."""
    count = len(space) - first_new
    width = min(most, len(space) - 1)
    neighbours = np.full((count, most), -1, np.int64)
    weights = np.zeros((count, most), np.float32)
    for start in range(0, count if width > 0 else 0, block):
        rows = np.arange(start, min(start + block, count))
        similar = space[first_new + rows] @ space.T
        similar[np.arange(len(rows)), first_new + rows] = -2.0
        best = _top(similar, width)
        value = np.take_along_axis(similar, best, axis=1)
        near = value >= MIN_COSINE
        neighbours[start : start + len(rows), :width] = np.where(near, keys[best], -1)
        weights[start : start + len(rows), :width] = np.where(near, value * value, 0.0)
    return neighbours, weights


def _top(similar: Floats, width: int) -> Ints:
    """Return the columns of the `width` largest values of each row, largest first, ties by column.

    A row is looked through in stripes laid over each other: `width` of their greatest values are a bound that
    few others reach, and only those are sorted.
    """
    rows, count = similar.shape
    stripes = max(1, count // STRIPE)
    wide = count // stripes
    greatest = similar[:, :wide].copy()
    for start in range(wide, wide * stripes, wide):
        np.maximum(greatest, similar[:, start : start + wide], out=greatest)
    bound = np.partition(greatest, -width, axis=1)[:, -width, None]
    high = similar >= bound
    if np.count_nonzero(high) > TIES * rows * width:  # of equal vectors all reach it
        return _parted(similar, width)
    row, column = np.divmod(np.flatnonzero(high), count)
    order = np.lexsort((-similar[row, column], row))
    best = order[np.searchsorted(row, np.arange(rows))[:, None] + np.arange(width)]
    least = similar[np.arange(rows), column[best[:, -1]]]
    tied = np.bincount(row[similar[row, column] >= least[row]], minlength=rows) > width
    found = column[best]
    found[tied] = _parted(similar[tied], width)
    return np.asarray(found)


def _parted(similar: Floats, width: int) -> Ints:
    """Return the same the slow way; which of equal values at the edge are in, the partition decides."""
    some = np.argpartition(-similar, width - 1, axis=1)[:, :width]
    some.sort(axis=1)
    order = np.argsort(-np.take_along_axis(similar, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1).astype(np.int64)


def without(working: Working, keys: Ints) -> Working:
    """Return the working set without these statements."""
    return working.take(~np.isin(working.keys, keys))


def prune(working: Working, *, limit: int = LIMIT, waiting: int = WAITING) -> Working:
    """Keep at most about `limit` rows: the newest `waiting` without a topic, and as many of each topic.

    Pinned rows come first, then the newest; at least `MIN_EXEMPLARS` of each topic stay.
    """
    if len(working) <= limit:
        return working
    live = len(np.unique(working.topics[working.topics > 0]))
    exemplars = max(MIN_EXEMPLARS, (limit - waiting) // max(live, 1))
    keep = np.zeros(len(working), bool)
    backwards = np.arange(len(working))[::-1]
    by_pin = backwards[np.argsort(~working.pinned[backwards], kind="stable")]
    left: dict[int, int] = {}
    for row in by_pin:
        topic = int(working.topics[row])
        used = left.get(topic, 0)
        if used < (exemplars if topic else waiting):
            keep[row] = True
            left[topic] = used + 1
    return working.take(keep)
