"""The first page: how things stand today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlmodel import Session

from bridge.config.model import Settings
from bridge.jobs.going import standing
from bridge.models import Run
from bridge.store import pages as reads
from bridge.store.export import source_rows
from bridge.store.views import Shelf
from bridge.web.sources import SourceRow, source_row
from bridge.web.topics import TopicRow, shelf_row
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


def today(session: Session, shelf: Shelf, settings: Settings, now: datetime) -> Today:
    """Build the first page."""
    sources = [source_row(row, now) for row in source_rows(session, settings)]
    run = reads.latest_run(session)
    back = [topic for topic in shelf.topics if topic.number in shelf.returned]
    return Today(
        figures=_figures(shelf, sources, reads.stuck(session)),
        is_empty=not any(source.items for source in sources),
        sources=sources,
        run=_run_shown(session, run, now) if run else None,
        top=[shelf_row(shelf, topic, now) for topic in shelf.topics[:_TOP]],
        returned=[shelf_row(shelf, topic, now) for topic in back[:_TOP]],
        unsure=reads.unsure_count(session, now),
    )


def _figures(shelf: Shelf, sources: Sequence[SourceRow], stuck: int) -> list[Figure]:
    waiting = sum(1 for topic in shelf.topics if topic.ticket and topic.ticket.state == "proposed")
    failing = sum(not source.is_well for source in sources)
    return [
        Figure(f"{waiting:,}", "waiting for review", "/review"),
        Figure(f"{len(shelf.growing):,}", "growing now", "/review?view=growing"),
        Figure(f"{len(shelf.returned):,}", "came back", "/review?view=back"),
        Figure(f"{failing + stuck:,}", "failing", "/sources"),
    ]


def _run_shown(session: Session, run: Run, now: datetime) -> RunShown:
    stand = standing(session, now)
    return run_shown(run, now, state=stand.of(run)[0], steps=stand.steps_of(run))


def run_shown(run: Run, now: datetime, *, state: str, steps: Mapping[str, Mapping[str, Any]]) -> RunShown:
    """Return a run as a page shows it: how it stands, and what its steps did so far."""
    return RunShown(
        at=moment(run.started_at, now),
        state=state,
        steps=[_step(name, counts) for name, counts in steps.items()],
        errors=[str(error) for error in run.errors],
    )


def _step(name: str, counts: Mapping[str, Any]) -> Step:
    did = [f"{label} {value:,}" for label, value in counts.items() if label != "seconds" and value]
    return Step(name, " · ".join(did) or "nothing to do", counted_seconds(counts.get("seconds", 0)))


def counted_seconds(seconds: float) -> str:
    """Return a time span as a run shows it."""
    return f"{seconds:.1f} s" if seconds < 60 else counted(round(seconds / 60), "minute")  # noqa: PLR2004 - a minute
