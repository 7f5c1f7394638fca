"""Trend: how a topic's mentions move over time, against how much its sources say; bursts and returns.

Weeks are windows of 7 days counted back from `now`: the last one is (now - 7 days, now]. All times are
aware.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_WEEK = timedelta(days=7)
RECENT, BEFORE = 4, 8  # weeks the ratio compares
PRIOR = 2.0  # mentions of pseudo-count, spread by volume: two mentions are no trend
LEAST_BURST = 5  # mentions a burst has at least
BURST_P = 1e-3  # a chance as small as this in a week is a burst; once in 20 years of weeks for a topic
LEAST_FACTOR = 2.0  # and it is at least twice the expected
LEAST_SPREAD = 0.1  # variance = m + 0.1 m^2 at least: people are never as regular as Poisson
QUIET_DAYS = 28  # without a mention: what is said after them comes back
LEAST_CALM = 4  # weeks with volume a baseline takes
_Table = NDArray[np.int64]  # sources by weeks
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A topic's movement."""

    per_week: tuple[int, ...]  # mentions in each week, oldest first
    ratio: float | None  # share of voice of the last 4 weeks over that of the 8 before; None: no telling
    slope: float | None  # change of the share of voice a week, as a part of its mean; None: no telling
    burst: bool  # the last week is far above the topic's own baseline
    burst_since: datetime | None  # the start of the first week of the burst going on


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """How a topic goes and comes back."""

    active_weeks: int  # weeks with a mention
    weeks: int  # weeks from the first mention to now
    returns: int  # times it came back after a quiet time
    last_quiet_days: int  # whole days of the latest quiet time that ended, 0 if none did


def weekly(said: Iterable[datetime], *, now: datetime, weeks: int = 26) -> tuple[int, ...]:
    """Count the times of `said` in each of the last `weeks` weeks, oldest first; others are left out."""
    counts = [0] * weeks
    for at in said:
        age = (now - at) // _WEEK
        if 0 <= age < weeks:
            counts[weeks - 1 - age] += 1
    return tuple(counts)


def trend(said: Iterable[datetime], *, volume: Sequence[int], now: datetime, weeks: int = 26) -> Trend:
    """Say how a topic moves; `volume` is all customer statements of its sources in each week, oldest first.

    With several sources `trend_by_source` knows more: see there for each measure. Raises ValueError if
    `volume` has not one number for each week.
    """
    return trend_by_source({"": said}, volume={"": volume}, now=now, weeks=weeks)


def trend_by_source(
    said: Mapping[str, Iterable[datetime]],
    *,
    volume: Mapping[str, Sequence[int]],
    now: datetime,
    weeks: int = 26,
) -> Trend:
    """Say how a topic moves, each source compared with itself only.

    `said` are the times of the topic's mentions in each source, `volume` all customer statements of that
    source in each week, oldest first (below the mentions it is raised to them). A louder source is no rise,
    a silent one no fall, and one that is new or dead tells nothing, whatever share the topic has in it.

    ratio: the Mantel-Haenszel rate ratio over sources, sum(m4 v8 / V) + c over sum(m8 v4 / V) + c, with m
    and v the mentions and volume of a source in the last 4 weeks and in the 8 before, V = v4 + v8. c = 2
    sum(v4 v8 / V) / sum(V) is two pseudo-mentions spread by volume, so that it is finite and few mentions
    stay near 1. None if no source has volume on both sides or none of these has a mention.

    slope: least-squares slope, per week, of mentions over those expected from the volume at each source's
    mean rate (indirect standardisation). None with fewer than 3 weeks of volume or no mentions.

    burst: a week of at least 5 mentions, at least twice the expected m, and with P(X >= mentions) below
    0.001 under a negative binomial of mean m and variance m + k m^2. m sums, over the sources that have a
    baseline, the rate in their calm weeks before (half a mention added) times the week's volume; k is
    estimated by moments from the calm weeks, at least 0.1 (as in Noufaily et al. 2013, without season). A
    baseline takes 4 calm weeks with volume; a week that bursts is not calm.

    Raises ValueError if a source of `said` has no volume or not one number for each week.
    """
    names = sorted(volume)
    wrong = sorted(set(said) - set(names)) or [name for name in names if len(volume[name]) != weeks]
    if wrong:
        raise ValueError(
            f"the volume of source {wrong[0]!r} is not {weeks} numbers; give one for each week, oldest first"
        )
    counts = np.array([weekly(said.get(name, ()), now=now, weeks=weeks) for name in names]).reshape(-1, weeks)
    return trend_of_weeks(counts, np.array([volume[name] for name in names]).reshape(-1, weeks), now=now)


def trend_of_weeks(counts: _Table, volume: _Table, *, now: datetime) -> Trend:
    """Say how a topic moves, as `trend_by_source`, from mentions and volume by source and week."""
    weeks = counts.shape[1]
    voices = np.maximum(volume, counts)
    bursts = _bursts(counts, voices)
    length = next((i for i, burst in enumerate(reversed(bursts)) if not burst), weeks)
    return Trend(
        per_week=tuple(int(n) for n in counts.sum(axis=0)),
        ratio=_ratio(counts, voices),
        slope=_slope(counts, voices),
        burst=length > 0,
        burst_since=now - length * _WEEK if length else None,
    )


def burst_weeks(counts: _Table, volume: _Table) -> tuple[bool, ...]:
    """Say of each week, oldest first, whether it is a burst; arguments as of `trend_of_weeks`."""
    return tuple(_bursts(counts, np.maximum(volume, counts)))


def recurrence(said: Iterable[datetime], *, now: datetime, quiet_days: int = QUIET_DAYS) -> Recurrence:
    """Say how often a topic came back after at least `quiet_days` without a mention.

    Times after `now` are left out. The silence going on at `now` is not counted: it has not ended.
    """
    times = sorted(at for at in said if at <= now)
    if not times:
        return Recurrence(active_weeks=0, weeks=0, returns=0, last_quiet_days=0)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    quiet = [gap.days for gap in gaps if gap >= timedelta(days=quiet_days)]
    return Recurrence(
        active_weeks=len({(now - at) // _WEEK for at in times}),
        weeks=(now - times[0]) // _WEEK + 1,
        returns=len(quiet),
        last_quiet_days=quiet[-1] if quiet else 0,
    )


def sparkline(per_week: Sequence[int]) -> str:
    """Draw the numbers as one block character each, 0 the lowest and the greatest the full block."""
    greatest = max(per_week, default=0)
    return "".join(_BARS[_height(n, greatest)] for n in per_week)


def _height(number: int, greatest: int) -> int:
    """Return which of the eight bars `number` gets; anything above 0 is more than the lowest."""
    if number <= 0:
        return 0
    return max(1, round(number / greatest * (len(_BARS) - 1)))


def _ratio(counts: _Table, voices: _Table) -> float | None:
    """Return the ratio of `trend_by_source`."""
    recent, before = slice(-RECENT, None), slice(-RECENT - BEFORE, -RECENT)
    m4, v4 = counts[:, recent].sum(axis=1), voices[:, recent].sum(axis=1)
    m8, v8 = counts[:, before].sum(axis=1), voices[:, before].sum(axis=1)
    told = (v4 > 0) & (v8 > 0)
    total = (v4 + v8)[told]
    if not (m4 + m8)[told].any():
        return None
    prior = PRIOR * in_turn(v4[told] * v8[told] / total) / total.sum()
    rise = in_turn(m4[told] * v8[told] / total) + prior
    return round(float(rise / (in_turn(m8[told] * v4[told] / total) + prior)), 4)


def in_turn(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum the last axis one after another, so that noughts in between change no last digit."""
    sums: NDArray[np.float64] = np.cumsum(values, axis=-1)[..., -1]
    return sums


def _slope(counts: _Table, voices: _Table) -> float | None:
    """Return the slope of `trend_by_source`."""
    rates = counts.sum(axis=1) / np.maximum(voices.sum(axis=1), 1)
    expected = rates @ voices
    weeks = np.flatnonzero(expected > 0)
    if len(weeks) < 3:  # noqa: PLR2004 - two points are always a line
        return None
    index = counts.sum(axis=0)[weeks] / expected[weeks]
    away = weeks - weeks.mean()
    return round(float(away @ (index - index.mean()) / (away @ away) / index.mean()), 4)


def _bursts(counts: _Table, voices: _Table) -> list[bool]:
    """Say of each week whether it is a burst over the earlier ones that are not."""
    calm: list[int] = []
    found: list[bool] = []
    for week in range(counts.shape[1]):
        burst = _is_burst(counts, voices, week, calm)
        found.append(burst)
        if not burst:
            calm.append(week)
    return found


def _is_burst(counts: _Table, voices: _Table, week: int, calm: Sequence[int]) -> bool:
    """Say whether the mentions in `week` are far above those of the calm weeks before."""
    if counts[:, week].sum() < LEAST_BURST:
        return False
    told = ((voices[:, calm] > 0).sum(axis=1) >= LEAST_CALM) & (voices[:, week] > 0)
    count = int(counts[told, week].sum())
    if count < LEAST_BURST:
        return False
    past, volumes = counts[told][:, calm], voices[told][:, calm]
    rates = (past.sum(axis=1) + 0.5) / volumes.sum(axis=1)
    expected = float(rates @ voices[told, week])
    return (
        count >= LEAST_FACTOR * expected and _tail(count, expected, _spread(past, volumes, rates)) < BURST_P
    )


def _spread(past: _Table, volumes: _Table, rates: NDArray[np.float64]) -> float:
    """Estimate k of variance = m + k m^2 by moments over the calm weeks, at least `LEAST_SPREAD`."""
    means = rates @ volumes
    excess = ((past.sum(axis=0) - means) ** 2 - means).sum()
    return max(LEAST_SPREAD, float(excess / (means**2).sum()))


def _tail(count: int, mean: float, spread: float) -> float:
    """Return P(X >= count) of a negative binomial of the given mean and variance mean + spread mean^2."""
    from scipy.special import betainc

    size = 1 / spread
    return float(betainc(count, size, mean / (size + mean)))
