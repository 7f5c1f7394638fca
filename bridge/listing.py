"""Many topics in the shape of `topics list --json`, from what is known of all of them at once.

The figures are those of `bridge.report`; only the way to them is another, for a list of thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import Session

from bridge.report import WEEKS, shape, topic_reports
from bridge.store import counts as counting
from bridge.store import figures as figuring
from bridge.store.figures import Figures, Times
from bridge.store.views import Shelf, Shelved, moving
from topics.trends import WEEK_US, Movements

NAMED = 500  # topics that a query names one by one


def listed(session: Session, shelf: Shelf, now: datetime, chosen: Sequence[Shelved]) -> list[dict[str, Any]]:
    """Return these topics of a shelf in their order, with their figures up to a time."""
    if not shelf.holds(now):
        return _one_by_one(session, now, [topic.number for topic in chosen])
    if not chosen:
        return []
    every = [topic.figures for topic in chosen]
    moves = _moves(session, shelf, now, chosen)
    trends = zip(moves.per_week.tolist(), moves.ratio, moves.burst.tolist(), strict=True)
    told = zip(chosen, _counts(every), _recurrences(every, now), trends, strict=True)
    return [shape(topic, topic.ticket, counts, again, trend) for topic, counts, again, trend in told]


def _one_by_one(session: Session, now: datetime, numbers: Sequence[int]) -> list[dict[str, Any]]:
    all_of_them = numbers if len(numbers) <= NAMED else None
    by_number = {report.topic.number: report for report in topic_reports(session, now, all_of_them)}
    return [by_number[number].as_json() for number in numbers if number in by_number]


def _moves(session: Session, shelf: Shelf, now: datetime, chosen: Sequence[Shelved]) -> Movements:
    if now == shelf.now:
        moves, rows = shelf.moving, [shelf.place[topic.number] for topic in chosen]
        return Movements(moves.per_week[rows], tuple(moves.ratio[row] for row in rows), moves.burst[rows])
    volume = counting.weekly_volume(session, now, WEEKS)
    return moving([topic.figures for topic in chosen], volume, now)


def _counts(every: Sequence[Figures]) -> list[tuple[int, int, str, str]]:
    firsts, lasts = (_stamps(times) for times in figuring.ends(every))
    return [
        (figures.mentions, figures.reach, first, last)
        for figures, first, last in zip(every, firsts, lasts, strict=True)
    ]


def _stamps(times: Times) -> list[str]:
    """Return times as `bridge.times.stamp` does."""
    seconds = np.datetime_as_string(times.astype("datetime64[us]"), unit="s")
    return [f"{second}Z" for second in seconds.tolist()]


def _recurrences(every: Sequence[Figures], now: datetime) -> list[tuple[int, int, int, int]]:
    """Return how each topic comes and goes: weeks with a mention, weeks since the first, and its returns."""
    times, _ = figuring.flat(every)
    ages: Times = (figuring.micros(now) - times) // WEEK_US
    rows = np.repeat(np.arange(len(every)), [len(figures.times) for figures in every])
    heard = np.zeros((len(every), int(ages.max()) + 1), bool)
    heard[rows, ages] = True
    weeks = heard.shape[1] - np.argmax(heard[:, ::-1], axis=1)
    counted = zip(every, heard.sum(axis=1).tolist(), weeks.tolist(), strict=True)
    return [(active, weeks, figures.returns, figures.last_quiet_days) for figures, active, weeks in counted]
