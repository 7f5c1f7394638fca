"""The page of what waits for review: proposed tickets, each as it would be written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlmodel import Session

from bridge import drafting
from bridge.config.model import Settings
from bridge.models import Ticket
from bridge.render.markdown import Markdown
from bridge.report import TopicReport, neighbours, topic_reports
from bridge.web.errors import NotFound
from bridge.web.topics import TopicRow, topic_row
from bridge.web.words import Moment, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A topic whose ticket waits for a person."""

    row: TopicRow
    reason: str
    rule: str
    since: Moment
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ticket as it would be written now."""

    row: TopicRow
    tracker: str
    project: str
    type: str
    heading: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What waits for review, and the draft of one."""

    template: ClassVar[str] = "review.html"
    title: str = "Review"
    waiting: list[Waiting]
    draft: Draft | None
    growing: int


def review(session: Session, settings: Settings, now: datetime, number: int | None) -> Review:
    """Build the page; the draft shown is that of `number`, or of the widest reach. Raises NotFound."""
    reports = topic_reports(session, now)
    pairs = [(r, r.ticket) for r in reports if r.ticket is not None and r.ticket.state == "proposed"]
    chosen = next((pair for pair in pairs if number in (None, pair[0].topic.number)), None)
    if number is not None and chosen is None:
        raise NotFound(f"the ticket of T-{number} does not wait for review; what waits is under /review")
    shown = chosen[0].topic.number if chosen else None
    return Review(
        waiting=[_waiting(report, ticket, now, shown) for report, ticket in pairs],
        draft=_draft(session, settings, now, reports, chosen) if chosen else None,
        growing=sum(1 for report in reports if topic_row(report, now).is_growing) if not pairs else 0,
    )


def _waiting(report: TopicReport, ticket: Ticket, now: datetime, shown: int | None) -> Waiting:
    return Waiting(
        row=topic_row(report, now),
        reason=ticket.reason,
        rule=ticket.rule,
        since=moment(ticket.proposed_at, now),
        is_chosen=report.topic.number == shown,
    )


def _draft(
    session: Session,
    settings: Settings,
    now: datetime,
    reports: list[TopicReport],
    chosen: tuple[TopicReport, Ticket],
) -> Draft:
    report, ticket = chosen
    number = report.topic.number
    material = drafting.gather(session, now, [number], reports)
    text = drafting.text_of(report, material, settings, neighbours(session, number, 3))
    fmt = Markdown()
    return Draft(
        row=topic_row(report, now),
        tracker=ticket.tracker,
        project=ticket.project,
        type=ticket.type,
        heading=report.topic.title,
        body=fmt.write(drafting.document_of(text, settings, fmt, ticket.project)),
    )
