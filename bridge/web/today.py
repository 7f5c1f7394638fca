"""The first page: how things stand today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlmodel import Session

from bridge.config.model import Settings
from bridge.models import Run
from bridge.report import TopicReport, topic_reports
from bridge.store import pages as reads
from bridge.store.export import source_rows
from bridge.web.sources import SourceRow, source_row
from bridge.web.topics import TopicRow, has_returned, is_growing, topic_row
from bridge.web.words import Moment, counted, moment

_TOP = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is a link."""

    number: str
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a run with what it did."""

    name: str
    did: str
    seconds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShown:
    """The latest run."""

    at: Moment
    state: str
    steps: list[Step]
    errors: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The first page."""

    template: ClassVar[str] = "today.html"
    title: str = "Today"
    figures: list[Figure]
    is_empty: bool
    sources: list[SourceRow]
    run: RunShown | None
    top: list[TopicRow]
    returned: list[TopicRow]
    unsure: int


def today(session: Session, settings: Settings, now: datetime) -> Today:
    """Build the first page."""
    reports = topic_reports(session, now)
    sources = [source_row(row, now) for row in source_rows(session, settings)]
    run = reads.latest_run(session)
    return Today(
        figures=_figures(reports, reads.voices(session, now)),
        is_empty=not any(source.items for source in sources),
        sources=sources,
        run=_run(run, now) if run else None,
        top=[topic_row(report, now) for report in reports[:_TOP]],
        returned=[topic_row(report, now) for report in reports if has_returned(report)][:_TOP],
        unsure=reads.by_status(session, now).get("unsure", 0),
    )


def _figures(reports: list[TopicReport], people: int) -> list[Figure]:
    waiting = sum(1 for report in reports if report.ticket and report.ticket.state == "proposed")
    growing = sum(1 for report in reports if is_growing(report))
    return [
        Figure(f"{len(reports):,}", "topic" if len(reports) == 1 else "topics", "/topics"),
        Figure(f"{people:,}", "person heard" if people == 1 else "people heard", "/topics?sort=people"),
        Figure(f"{waiting:,}", "waiting for review", "/review"),
        Figure(f"{growing:,}", "growing now", "/topics?trend=growing&sort=growth"),
    ]


def _run(run: Run, now: datetime) -> RunShown:
    return RunShown(
        at=moment(run.started_at, now),
        state=run.state,
        steps=[_step(name, counts) for name, counts in run.steps.items()],
        errors=[str(error) for error in run.errors],
    )


def _step(name: str, counts: Mapping[str, Any]) -> Step:
    did = [f"{label} {value:,}" for label, value in counts.items() if label != "seconds" and value]
    return Step(name, " · ".join(did) or "nothing to do", counted_seconds(counts.get("seconds", 0)))


def counted_seconds(seconds: float) -> str:
    """Return a time span as a run shows it."""
    return f"{seconds:.1f} s" if seconds < 60 else counted(round(seconds / 60), "minute")  # noqa: PLR2004 - a minute
