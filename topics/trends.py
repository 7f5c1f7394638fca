"""How many topics move at once: the measures of `topics.trend`, for a list of thousands.

Times are whole microseconds, weeks are windows of 7 days counted back from `now`, oldest first. Every figure
is that of `topics.trend.trend_by_source` for the same topic; only the way it is computed is another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topics.trend import (
    BEFORE,
    BURST_P,
    LEAST_BURST,
    LEAST_CALM,
    LEAST_FACTOR,
    LEAST_SPREAD,
    PRIOR,
    RECENT,
    in_turn,
)

WEEK_US = 7 * 86400 * 10**6

Counts = NDArray[np.int64]
Yes = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Movements:
    """The movement of each topic, in their order."""

    per_week: Counts  # topics by weeks
    ratio: tuple[float | None, ...]
    burst: Yes


def table(
    topics: Counts, sources: Counts, times: Counts, *, shape: tuple[int, int], now: int, weeks: int = 26
) -> Counts:
    """Count mentions by topic, source and week; a mention's topic and source are told by their place."""
    age = (now - times) // WEEK_US
    fit = (age >= 0) & (age < weeks)
    place = (topics[fit] * shape[1] + sources[fit]) * weeks + (weeks - 1 - age[fit])
    counts = np.bincount(place, minlength=shape[0] * shape[1] * weeks)
    return counts.reshape(*shape, weeks).astype(np.int64)


def movements(counts: Counts, volume: Counts, heard: Yes) -> Movements:
    """Say how topics move.

    `counts` are mentions by topic, source and week; `volume` is all customer statements by source and week;
    `heard` says which topic was ever heard of in which source: others don't count for it.
    """
    voices = np.maximum(volume[None], counts) * heard[:, :, None]
    return Movements(counts.sum(axis=1), _ratios(counts, voices), _bursts(counts, voices))


def _ratios(counts: Counts, voices: Counts) -> tuple[float | None, ...]:
    recent, before = slice(-RECENT, None), slice(-RECENT - BEFORE, -RECENT)
    m4, v4 = counts[:, :, recent].sum(axis=2), voices[:, :, recent].sum(axis=2)
    m8, v8 = counts[:, :, before].sum(axis=2), voices[:, :, before].sum(axis=2)
    told = (v4 > 0) & (v8 > 0)
    total = np.where(told, v4 + v8, 1)
    any_told = np.asarray(np.where(told, m4 + m8, 0).any(axis=1))
    whole = np.where(told, total, 0).sum(axis=1)
    if not told.size:
        return (None,) * len(counts)
    prior = PRIOR * in_turn(np.where(told, v4 * v8 / total, 0)) / np.where(whole > 0, whole, 1)
    rise = in_turn(np.where(told, m4 * v8 / total, 0)) + prior
    fall = in_turn(np.where(told, m8 * v4 / total, 0)) + prior
    shares = rise / np.where(any_told, fall, 1)
    return tuple(
        round(float(share), 4) if is_told else None
        for share, is_told in zip(list(shares), list(any_told), strict=True)
    )


def _bursts(counts: Counts, voices: Counts) -> Yes:
    """Say of each topic whether its last week is a burst."""
    found = np.zeros(len(counts), bool)
    maybe = np.flatnonzero(counts[:, :, -1].sum(axis=1) >= LEAST_BURST)
    if len(maybe):
        found[maybe] = _last_bursts(counts[maybe], voices[maybe])
    return found


def _last_bursts(counts: Counts, voices: Counts) -> Yes:
    calm = np.ones((len(counts), counts.shape[2]), bool)
    burst = np.zeros(len(counts), bool)
    for week in range(counts.shape[2]):
        burst = _is_burst(counts[:, :, : week + 1], voices[:, :, : week + 1], calm[:, None, :week])
        calm[:, week] = ~burst
    return burst


def _is_burst(counts: Counts, voices: Counts, calm: Yes) -> Yes:
    """Say of each topic whether the last of these weeks is far above the calm ones before."""
    burst: Yes
    known = ((voices[:, :, :-1] > 0) & calm).sum(axis=2) >= LEAST_CALM
    told = known & (voices[:, :, -1] > 0)
    mentions = np.where(told, counts[:, :, -1], 0).sum(axis=1)
    burst = mentions >= LEAST_BURST
    if not burst.any():
        return burst
    use = told[:, :, None] & calm
    past, volumes = np.where(use, counts[:, :, :-1], 0), np.where(use, voices[:, :, :-1], 0)
    whole = volumes.sum(axis=2)
    rates = np.where(told, (past.sum(axis=2) + 0.5) / np.where(whole > 0, whole, 1), 0.0)
    expected = (rates * voices[:, :, -1]).sum(axis=1)
    means = (rates[:, :, None] * volumes).sum(axis=1)
    excess = (((past.sum(axis=1) - means) ** 2 - means) * calm[:, 0]).sum(axis=1)
    square = (means**2).sum(axis=1)
    spread = np.maximum(LEAST_SPREAD, excess / np.where(square > 0, square, 1))
    burst &= mentions >= LEAST_FACTOR * expected
    burst[burst] = _tails(mentions[burst], expected[burst], spread[burst]) < BURST_P
    return burst


def _tails(counts: Counts, means: NDArray[np.float64], spreads: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import betainc

    size = 1 / spreads
    tails: NDArray[np.float64] = betainc(counts, size, means / (size + means))
    return tails
