"""A map of topics: places in the plane by what is near what; places once given stay.

`afresh` lays all out together: t-SNE from the places they have, or from principal components while there are
none; the whole is then turned, moved and scaled onto the old places. `beside` places single ones beside those
they are most like, and moves nothing else.
Both are the same each time for the same input, whatever its order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Place = tuple[float, float]
Floats = NDArray[np.float64]

FEW = 8
"""Topics up to which two principal components are the map: t-SNE has nothing to show yet."""

_LEADING = 50  # principal components that t-SNE looks at
_PERPLEXITY = 12.0  # neighbours that it counts with, fewer where there are few topics
_AT_FIRST, _AS_IT_WAS = 5.0, 10.0  # how wide its start is, in its own unit
_PULL = 2.0  # how much closer it first draws what belongs together
_NEAREST = 3  # topics that a new one is placed by
_STEEP = 6  # how much more the most like of them counts
_GAP = 0.6  # room around a new place, in median distances between next places
_GOLDEN = np.pi * (3 - np.sqrt(5))  # a turn that never comes back to where it was
_DECIMALS = 5
_AT_ONCE = 256  # places whose distances to all others are in memory


def afresh(
    centres: NDArray[np.float32], numbers: Sequence[int], known: Mapping[int, Place]
) -> dict[int, Place]:
    """Return a place for each topic; `centres` has a row for each number, less the mean of all that is said.

    `known` are places that some of them had; the new ones lie as near to these as turning, mirroring, moving
    and scaling of the whole map allow. Without any the map has its middle at 0 and a mean radius of 1.
    """
    order = np.argsort(np.asarray(numbers, np.int64), kind="stable")
    ascending = [int(numbers[i]) for i in order]
    units = _units(centres[order])
    flat = _leading(units, 2)
    if len(ascending) > FEW:
        old = {number: known[number] for number in ascending if number in known}
        settled = len(old) > FEW
        if settled:  # from where they are, so that they stay about there
            old |= beside(centres, numbers, old)
            flat = np.array([old[number] for number in ascending], np.float64)
        flat = _spread(units, flat, settled=settled)
    flat = _onto(_scaled(flat), ascending, known)
    return {number: _place(point) for number, point in zip(ascending, flat, strict=True)}


def beside(
    centres: NDArray[np.float32], numbers: Sequence[int], known: Mapping[int, Place]
) -> dict[int, Place]:
    """Return places for the topics that have none in `known`, which is not empty, by the others' places.

    A topic lies between the three it is most like, by far nearest to the first, on the free spot next to it.
    """
    order = np.argsort(np.asarray(numbers, np.int64), kind="stable")
    units = _units(centres[order])
    ascending = [int(numbers[i]) for i in order]
    rows = [row for row, number in enumerate(ascending) if number in known]
    places = np.array([known[ascending[row]] for row in rows], np.float64).reshape(len(rows), 2)
    gap = _GAP * _median_gap(places)
    found: dict[int, Place] = {}
    for row, number in enumerate(ascending):
        if number not in known:
            point = _free(_between(units[rows] @ units[row], places), places, gap)
            places, rows = np.vstack([places, point]), [*rows, row]
            found[number] = _place(point)
    return found


def _between(cosines: Floats, places: Floats) -> Floats:
    best = np.argsort(-np.round(cosines, _DECIMALS), kind="stable")[:_NEAREST]
    weights = np.maximum(cosines[best], 1e-3) ** _STEEP
    found: Floats = weights @ places[best] / weights.sum()
    return found


def _free(point: Floats, places: Floats, gap: float) -> Floats:
    """Return the first spot on a spiral around a point that is a gap away from all places."""
    for step in range(50 * len(places)):
        angle, radius = step * _GOLDEN, gap * np.sqrt(step) / 2
        spot: Floats = point + radius * np.array([np.cos(angle), np.sin(angle)])
        if np.linalg.norm(places - spot, axis=1).min() >= gap:
            return spot
    return point


def _median_gap(places: Floats) -> float:
    """Return the median distance from a place to the next one; 0.1 for one place alone."""
    if len(places) < 2:  # noqa: PLR2004 - a pair
        return 0.1
    nearest = np.empty(len(places))
    for first in range(0, len(places), _AT_ONCE):  # of all at once the table would take gigabytes
        some = np.arange(first, min(first + _AT_ONCE, len(places)))
        apart = np.hypot(*(places[some, None] - places[None]).transpose(2, 0, 1))
        apart[some - first, some] = np.inf
        nearest[some] = apart.min(axis=1)
    return float(np.median(nearest)) or 0.1


def _leading(units: Floats, count: int) -> Floats:
    """Return the rows in their leading principal components, the same way round each time."""
    shifted = units - units.mean(axis=0)
    left, sizes, right = np.linalg.svd(shifted, full_matrices=False)
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    found = (left * sizes * np.where(signs == 0, 1, signs))[:, :count]
    return np.pad(found, ((0, 0), (0, max(0, count - found.shape[1]))))


def _spread(units: Floats, start: Floats, *, settled: bool) -> Floats:
    """Return the map that t-SNE makes from a start; from a settled one it moves little."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count, middle = len(units), start - start.mean(axis=0)
    look = TSNE(
        init=(middle / max(float(middle.std()), 1e-9) * (_AS_IT_WAS if settled else _AT_FIRST)).astype(
            np.float32
        ),
        early_exaggeration=1.0 if settled else _PULL,
        perplexity=min(_PERPLEXITY, (count - 1) / 3),
        method="exact" if count <= 4 * _LEADING else "barnes_hut",
        random_state=0,
        n_jobs=1,
    )
    with threadpool_limits(1):  # sums over several threads differ in their last digits each time
        found: Floats = look.fit_transform(_leading(units, min(_LEADING, count))).astype(np.float64)
    return found


def _onto(flat: Floats, numbers: Sequence[int], known: Mapping[int, Place]) -> Floats:
    """Turn, mirror, move and scale a map so that it lies on known places as well as it can (Procrustes)."""
    shared = [row for row, number in enumerate(numbers) if number in known]
    if len(shared) < 3:  # noqa: PLR2004 - two points say nothing about mirroring
        return flat
    old = np.array([known[numbers[row]] for row in shared], np.float64)
    new = flat[shared]
    left, sizes, right = np.linalg.svd((new - new.mean(axis=0)).T @ (old - old.mean(axis=0)))
    scale = sizes.sum() / max(float(((new - new.mean(axis=0)) ** 2).sum()), 1e-12)
    found: Floats = (flat - new.mean(axis=0)) @ (left @ right) * scale + old.mean(axis=0)
    return found


def _scaled(flat: Floats) -> Floats:
    middle = flat - flat.mean(axis=0)
    found: Floats = middle / (float(np.linalg.norm(middle, axis=1).mean()) or 1.0)
    return found


def _place(point: Floats) -> Place:
    return round(float(point[0]), _DECIMALS), round(float(point[1]), _DECIMALS)


def _units(vectors: NDArray[np.float32]) -> Floats:
    wide = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, 0).astype(np.float64)
    units: Floats = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
    return units


def kept_near(centres: NDArray[np.float32], places: Floats, *, near: int = 5, among: int = 10) -> float:
    """Return the share of each topic's nearest by meaning that are among its nearest on the map, 0 to 1."""
    units = _units(centres)
    by_meaning, by_place = -(units @ units.T), np.linalg.norm(places[:, None] - places[None], axis=2)
    for table in (by_meaning, by_place):
        np.fill_diagonal(table, np.inf)
    there = np.argsort(by_place, axis=1, kind="stable")[:, :among]
    wanted = np.argsort(by_meaning, axis=1, kind="stable")[:, :near]
    return float(np.mean([np.isin(one, other).mean() for one, other in zip(wanted, there, strict=True)]))


def next_to(places: Sequence[tuple[float, float]], most: int) -> list[list[int]]:
    """Return for each place the rows of the `most` others next to it on the map, the nearest first."""
    from scipy.spatial import KDTree

    if not places:
        return []
    table = np.array(places, np.float32)
    looked_at = min(2 * most + 2, len(table))  # itself, and some to spare where several lie on one spot
    _, some = KDTree(table).query(table, k=np.arange(1, looked_at + 1))
    apart = np.square(table[some] - table[:, None]).sum(axis=2)
    apart[some == np.arange(len(table))[:, None]] = np.inf
    nearest = np.take_along_axis(some, np.argsort(apart, axis=1, kind="stable"), axis=1)[:, :most]
    return [[other for other in others if other != row] for row, others in enumerate(nearest.tolist())]
