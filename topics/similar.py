"""Similar topics: the nearest of each, by cosine of their centroids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK_CELLS = 8_000_000  # similarities held at once: 32 MB of float32
_DECIMALS = 5  # float32 noise below this would make ties depend on the machine


def nearest(
    centroids: NDArray[np.float32], numbers: Sequence[int], *, top: int = 5
) -> dict[int, list[tuple[int, float]]]:
    """Return for each topic the `top` most similar others as (number, cosine), most similar first.

    `centroids` has one row for each of `numbers`, of any length but 0; a row of zeros or with a value that is
    not finite is like no other (cosine 0). Cosines are rounded to five decimals; equal ones come lower number
    first, so the order of the rows does not matter. Memory is bounded: no matrix of all pairs is made.
    """
    if centroids.ndim != 2 or len(centroids) != len(numbers):  # noqa: PLR2004 - rows and columns
        raise ValueError(
            f"centroids have shape {centroids.shape}; expected one row for each of {len(numbers)} topics"
        )
    order = np.argsort(np.asarray(numbers, dtype=np.int64), kind="stable")
    units = _units(centroids[order]) if len(numbers) else centroids
    ascending = [int(numbers[i]) for i in order]
    found: dict[int, list[tuple[int, float]]] = {}
    block = max(1, _BLOCK_CELLS // max(1, len(ascending)))
    for start in range(0, len(ascending), block):
        cosines = np.round(units[start : start + block] @ units.T, _DECIMALS)
        for row, number in enumerate(ascending[start : start + block]):
            cosines[row, start + row] = -np.inf
            found[number] = [(ascending[i], float(cosines[row, i])) for i in _best(cosines[row], top)]
    return {int(number): found[int(number)] for number in numbers}


def _best(cosines: NDArray[np.float32], top: int) -> list[int]:
    """Return the places of the `top` highest finite values, equal ones in order of place."""
    wanted = min(top, len(cosines) - 1)
    if wanted <= 0:
        return []
    least = np.partition(cosines, -wanted)[-wanted]
    places = np.flatnonzero(cosines >= least)
    return [int(i) for i in places[np.argsort(-cosines[places], kind="stable")][:wanted]]


def _units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at length 1; those that cannot be, as zeros."""
    clean = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, 0).astype(np.float32)
    lengths = np.linalg.norm(clean, axis=1, keepdims=True)
    units: NDArray[np.float32] = np.divide(clean, lengths, out=np.zeros_like(clean), where=lengths > 0)
    return units
