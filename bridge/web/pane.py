"""One topic laid open in the inbox: what people say, the ticket as it would be written, what is like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bridge import drafting
from bridge.decide import NO_SUBJECT
from bridge.editing import edits
from bridge.models import DraftEdit
from bridge.pipeline.deciding import home_project, type_of
from bridge.render.markdown import Markdown
from bridge.report import TopicReport
from bridge.store import reviewing
from bridge.store import topics as store
from bridge.store.views import Shelved
from bridge.web.desk import Look
from bridge.web.marking import marked
from bridge.web.topics import TopicRow, shelf_row
from bridge.web.words import Moment, excerpt, moment, safe_link

QUOTES = 4
LIKE = 5
SIMILAR = 3  # that a ticket tells of


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A quote in few words."""

    text: Markup
    author: str
    account: str | None
    source: str
    link: str | None
    at: Moment
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A topic that is like another."""

    id: str
    title: str
    people: int
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ticket as it would be written now."""

    tracker: str
    project: str
    type: str
    heading: str
    body: str
    edited: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """A topic laid open."""

    row: TopicRow
    reason: str
    rule: str
    confidence: str
    keywords: list[str]
    quotes: list[Voice]
    source: str | None  # address of the first quote that has one
    draft: Draft
    like: list[Like]
    can_approve: bool
    can_reject: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two topics that may be one."""

    one: TopicRow
    other: TopicRow
    why: str
    score: str
    quotes: list[str]


def pane(look: Look, topic: Shelved) -> Pane:
    """Lay a topic open."""
    session, now, number = look.session, look.now, topic.number
    like = look.map.neighbours(number, LIKE)
    near = [reviewing.number(row["topic"]) for row in like]
    reports = look.reports([number, *near])
    material = drafting.gather(session, now, [number], reports)
    quotes = material.quotes.get(number, [])[:QUOTES]
    said = [voice(quote, topic.keywords, look) for quote in quotes]
    ticket = topic.ticket
    state = ticket.state if ticket else None
    return Pane(
        row=shelf_row(look.shelf, topic, now),
        reason=ticket.reason if ticket else "" if topic.has_subject else NO_SUBJECT,
        rule=ticket.rule if ticket else "",
        confidence=f"{topic.confidence:.2f}",
        keywords=list(topic.keywords),
        quotes=said,
        source=next((one.link for one in said if one.link), None),
        draft=draft_of(look, number, reports, material, like),
        like=[
            Like(id=row["topic"], title=found.title, people=found.figures.reach, score=f"{row['score']:.2f}")
            for row, n in zip(like, near, strict=True)
            if (found := look.shelf.by_number.get(n)) is not None
        ],
        can_approve=state not in ("open", "done", "approved"),
        can_reject=state not in ("open", "done", "rejected"),
    )


def pair(look: Look, asked: reviewing.Asked) -> Pair:
    """Show two topics that may be one."""
    one, other = (
        shelf_row(look.shelf, look.shelf.by_number[n], look.now) for n in (asked.topic, asked.other)
    )
    return Pair(
        one=one,
        other=other,
        why=asked.why,
        score=f"{asked.score:.2f}",
        quotes=[excerpt(q) for q in asked.quotes],
    )


def voice(quote: store.Quote, keywords: Sequence[str], look: Look) -> Voice:
    """Return a piece of evidence with the topic's words marked."""
    return Voice(
        text=marked(excerpt(quote.text), keywords),
        author=quote.author or "somebody",
        account=quote.account,
        source=quote.source,
        link=safe_link(quote.url),
        at=moment(quote.said_at, look.now),
        pinned=quote.pinned,
    )


def draft_of(
    look: Look,
    number: int,
    reports: list[TopicReport],
    material: drafting.Material,
    like: Sequence[Mapping[str, Any]],
) -> Draft:
    """Return the ticket of a topic as it would be written now, with what a person wrote into it."""
    session, settings = look.session, look.settings
    report = next(report for report in reports if report.topic.number == number)
    edit = edits(session).get(number)
    text = drafting.text_of(report, material, settings, like[:SIMILAR])
    ticket, fmt = report.ticket, Markdown()
    project = (ticket.project if ticket else "") or home_project(settings)
    told = edit.description if edit else None
    return Draft(
        tracker=ticket.tracker if ticket else settings.tracker,
        project=project,
        type=(edit.type if edit else None)
        or (ticket.type if ticket else "")
        or type_of(settings, report.topic.kind),
        heading=report.topic.title or report.id,
        body=fmt.write(drafting.document_of(text, settings, fmt, project, told=told)),
        edited=touched(edit),
    )


def touched(edit: DraftEdit | None) -> tuple[str, ...]:
    """Return the fields that a person wrote."""
    return tuple(name for name in ("title", "description", "type") if edit and getattr(edit, name))
