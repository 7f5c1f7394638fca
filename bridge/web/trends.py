"""How the topics of the most people go, week by week, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from markupsafe import Markup

from bridge.models import SourceGap
from bridge.report import TopicReport, by_source_and_week
from bridge.store import pages as reads
from bridge.store.views import WEEKS
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.sparkline import bars, described
from bridge.web.topics import TopicRow, topic_row
from bridge.web.twins import csv_answer, csv_text, json_answer
from topics.trend import burst_weeks

TOPICS: Final = 12
COLUMNS = ("topic", "title", "week", "mentions", "burst", "gap")
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """A week of a topic."""

    start: str
    mentions: int
    is_burst: bool
    gap: str  # the sources that could not give all that was said


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiple:
    """A topic with its weeks."""

    row: TopicRow
    chart: Markup
    words: str
    bursts: list[str]
    gaps: list[str]
    weeks: list[Week]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """The topics of the most people."""

    template: ClassVar[str] = "trends.html"
    title: str = "Trends"
    multiples: list[Multiple]
    total: int


def add_trends(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twins."""
    trends = _Trends(desk)
    for path, show in (("/trends", trends.page), ("/trends.json", trends.json), ("/trends.csv", trends.csv)):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Trends:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show the weeks of each topic."""
        return self._desk.page(request, _page, "/trends")

    @needs("read")
    def json(self) -> Response:
        """Give the topics as `topics list --json` does, with the weeks that burst and that lack a source."""
        return json_answer([{**report.as_json(), **_marks(weeks)} for report, weeks in self._weeks()])

    @needs("read")
    def csv(self) -> Response:
        """Give the weeks as a file."""
        return csv_answer(csv_text(COLUMNS, list(_flat(self._weeks()))), "trends")

    def _weeks(self) -> list[tuple[TopicReport, list[Week]]]:
        with self._desk.database.reading() as session:
            return _reports(self._desk.look(session))


def _page(look: Look) -> Trends:
    found = _reports(look)
    return Trends(
        multiples=[_multiple(report, weeks, look.now) for report, weeks in found],
        total=len(look.shelf.topics),
    )


def _reports(look: Look) -> list[tuple[TopicReport, list[Week]]]:
    """Return the topics of the most people with their weeks, oldest first."""
    numbers = [topic.number for topic in look.shelf.topics[:TOPICS]]
    starts = [look.shelf.now - _WEEK * (WEEKS - place) for place in range(WEEKS)]
    gaps = reads.gaps(look.session, starts[0])
    return [(report, _weeks(look, report, starts, gaps)) for report in look.reports(numbers)]


def _weeks(
    look: Look, report: TopicReport, starts: Sequence[datetime], gaps: Sequence[SourceGap]
) -> list[Week]:
    figures = look.shelf.by_number[report.topic.number].figures
    bursts = burst_weeks(*by_source_and_week(figures, look.shelf.volume, look.shelf.now))
    heard = {name for name, _ in figures.sources}
    mine = [gap for gap in gaps if gap.source in heard]
    return [
        Week(
            start=f"{start:%Y-%m-%d}",
            mentions=mentions,
            is_burst=burst,
            gap=", ".join(sorted({gap.source for gap in mine if _lacks(gap, start)})),
        )
        for start, mentions, burst in zip(starts, report.trend.per_week, bursts, strict=True)
    ]


def _lacks(gap: SourceGap, start: datetime) -> bool:
    """Whether a gap reaches into the week that begins at `start`; one without an end ends when seen."""
    until = gap.until or gap.seen_at
    return (gap.since or until) < start + _WEEK and until >= start


def _multiple(report: TopicReport, weeks: Sequence[Week], now: datetime) -> Multiple:
    bursts = [place for place, week in enumerate(weeks) if week.is_burst]
    gaps = [place for place, week in enumerate(weeks) if week.gap]
    per_week = [week.mentions for week in weeks]
    words = described(per_week)
    told = [f"{len(bursts)} of them a burst"] * bool(bursts) + [f"{len(gaps)} lack a source"] * bool(gaps)
    return Multiple(
        row=topic_row(report, now),
        chart=bars(per_week, bursts=bursts, gaps=gaps, label="; ".join([words, *told])),
        words=words,
        bursts=[weeks[place].start for place in bursts],
        gaps=[f"{weeks[place].start} ({weeks[place].gap})" for place in gaps],
        weeks=list(weeks),
    )


def _marks(weeks: Sequence[Week]) -> dict[str, Any]:
    return {
        "bursts": [week.start for week in weeks if week.is_burst],
        "gaps": [{"week": week.start, "sources": week.gap.split(", ")} for week in weeks if week.gap],
    }


def _flat(found: Sequence[tuple[TopicReport, Sequence[Week]]]) -> Iterator[dict[str, Any]]:
    for report, weeks in found:
        for week in weeks:
            yield {
                "topic": report.id,
                "title": report.topic.title,
                "week": week.start,
                "mentions": week.mentions,
                "burst": "yes" if week.is_burst else "no",
                "gap": week.gap,
            }
