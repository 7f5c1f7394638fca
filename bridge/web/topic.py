"""The page of one topic, and the page of all that was said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from markupsafe import Markup
from sqlmodel import Session

from bridge.access.roles import Need
from bridge.models import Decision
from bridge.report import TopicReport, history, topic_reports
from bridge.store import pages as reads
from bridge.store import topics as store
from bridge.store.counts import topic_sources
from bridge.store.views import GROWING
from bridge.web.desk import Look
from bridge.web.errors import NotFound
from bridge.web.marking import marked
from bridge.web.paging import SIZE, Paging, paging
from bridge.web.pane import Like
from bridge.web.sparkline import bars, described
from bridge.web.topics import TopicRow, topic_row
from bridge.web.verbs import undo_need
from bridge.web.words import Moment, author, counted, excerpt, moment, safe_link


class Merged(Exception):  # noqa: N818 - no fault: the topic lives on under another name
    """The topic lives on under the name of another."""

    def __init__(self, root: int) -> None:
        super().__init__(f"merged into T-{root}")
        self.root = root


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Words of one person with where they come from."""

    text: str
    author: str
    account: str | None
    source: str
    item: str
    link: str | None
    at: Moment
    score: str | None
    kind: str | None = None
    status: str | None = None
    reason: str | None = None
    runner_up: str | None = None
    name: str | None = None  # SOURCE:ID#n, by which verbs know it
    marked: Markup | None = None  # the text with the topic's words marked
    topic: str | None = None
    pinned: bool = False
    like: str | None = None  # how like it is to what was asked for


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A topic that is like another."""

    id: str
    title: str
    score: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a topic."""

    at: Moment
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Week:
    """The mentions of a week."""

    start: str
    mentions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPage:
    """The page of one topic."""

    template: ClassVar[str] = "topic.html"
    title: str
    row: TopicRow
    confidence: str
    recurrence: str
    trend: str
    chart: Markup
    chart_words: str
    weeks: list[Week]
    keywords: list[str]
    sources: list[tuple[str, int]]
    quotes: list[Quoted]
    nearest: list[Neighbour]
    history: list[Event]
    ticket_reason: str | None
    like: list[Like]
    can_approve: bool
    can_reject: bool
    undo: Need | None  # what taking back the latest decision needs; None: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePage:
    """All that was said of a topic."""

    template: ClassVar[str] = "evidence.html"
    title: str
    row: TopicRow
    quotes: list[Quoted]
    paging: Paging


def find(session: Session, now: datetime, number: int) -> TopicReport:
    """Return the report of a topic; raises Merged, and NotFound in words."""
    found = topic_reports(session, now, [number], hidden=True)
    if found:
        return found[0]
    topic = store.topic(session, number)
    if topic is None:
        raise NotFound(f"there is no topic T-{number}")
    if topic.root != number:
        raise Merged(topic.root)
    raise NotFound(f"nobody has spoken of T-{number} up to {now:%Y-%m-%d}")


def _found(look: Look, number: int) -> TopicReport:
    """Return the report of a topic, without a recount if the shelf has it; raises Merged and NotFound."""
    if number in look.shelf.by_number:
        return look.reports([number])[0]
    return find(look.session, look.now, number)


def topic_page(look: Look, number: int) -> TopicPage:
    """Build the page of a topic; raises Merged and NotFound."""
    session, now = look.session, look.now
    report = _found(look, number)
    row = topic_row(report, now)
    recurrence, words = report.recurrence, [term for term, _ in report.topic.keywords]
    near, state = look.map.neighbours(number), report.ticket.state if report.ticket else None
    decisions = store.decisions(session, number)
    return TopicPage(
        title=f"{row.id} {row.title}",
        row=row,
        confidence=f"{report.topic.confidence:.2f}",
        recurrence=(
            f"in {recurrence.active_weeks} of {counted(recurrence.weeks, 'week')}"
            + (f", came back {counted(recurrence.returns, 'time')}" if recurrence.returns else "")
        ),
        trend=_trend_words(report, row),
        chart=bars(report.trend.per_week),
        chart_words=described(report.trend.per_week),
        weeks=_weeks(report, now),
        keywords=words,
        sources=list(topic_sources(session, now, [number]).get(number, {}).items()),
        quotes=[
            _evidence(quote, now, words) for quote in store.evidence(session, [number], now).get(number, [])
        ],
        nearest=_nearest(session, near),
        history=[
            Event(moment(datetime.fromisoformat(event["at"]), now), event["who"], event["what"])
            for event in history(session, report.topic)
        ],
        ticket_reason=report.ticket.reason if report.ticket else None,
        like=_like(look, near),
        can_approve=state not in ("open", "done", "approved") and report.topic.state != "ignored",
        can_reject=state not in ("open", "done", "rejected") and report.topic.state != "ignored",
        undo=_undo(decisions, number, state),
    )


def _undo(decisions: Sequence[Decision], number: int, state: str | None) -> Need | None:
    standing = [made for made in decisions if made.undone_at is None]
    if not any(made.topic == number for made in standing):
        return None
    latest = max(standing, key=lambda made: made.id or 0)
    return undo_need(latest.verb, latest.before, state)


def evidence_page(look: Look, number: int, page: int) -> EvidencePage:
    """Build a page of all that was said of a topic; raises Merged and NotFound."""
    session, now = look.session, look.now
    report = _found(look, number)
    place = paging(f"/topics/{report.id}/evidence", page, report.counts.mentions)
    words = [term for term, _ in report.topic.keywords]
    said = reads.said_of(session, number, now, skip=place.skipped, limit=SIZE)
    return EvidencePage(
        title=f"What was said of {report.id} {report.topic.title}",
        row=topic_row(report, now),
        quotes=[quoted(one, now, words) for one in said],
        paging=place,
    )


def _trend_words(report: TopicReport, row: TopicRow) -> str:
    if row.is_bursting:
        return "bursting: far above its own level this week"
    if row.ratio is None:
        return "too little to tell a trend"
    fall = 1 / GROWING
    way = "growing" if row.is_growing else "falling" if (report.trend.ratio or 0.0) <= fall else "steady"
    return f"{way}: in the last 4 weeks {row.ratio} its share of what was said in the 8 weeks before"


def _weeks(report: TopicReport, now: datetime) -> list[Week]:
    counts = report.trend.per_week
    return [
        Week(f"{now - timedelta(days=7 * (len(counts) - place)):%Y-%m-%d}", count)
        for place, count in enumerate(counts)
    ]


def _like(look: Look, near: Sequence[dict[str, Any]]) -> list[Like]:
    found = ((row, look.shelf.by_number.get(int(row["topic"].removeprefix("T-")))) for row in near)
    return [
        Like(id=row["topic"], title=topic.title, people=topic.figures.reach, score=f"{row['score']:.2f}")
        for row, topic in found
        if topic is not None
    ]


def _nearest(session: Session, near: Sequence[dict[str, Any]]) -> list[Neighbour]:
    numbers = [int(other["topic"].removeprefix("T-")) for other in near]
    titles = reads.titles(session, numbers) if numbers else {}
    return [
        Neighbour(other["topic"], titles.get(number) or "(no title yet)", f"{other['score']:.2f}")
        for number, other in zip(numbers, near, strict=True)
    ]


def _evidence(quote: store.Quote, now: datetime, keywords: Sequence[str]) -> Quoted:
    return Quoted(
        text=excerpt(quote.text),
        author=quote.author or "somebody",
        account=quote.account,
        source=quote.source,
        item=quote.item,
        link=safe_link(quote.url),
        at=moment(quote.said_at, now),
        score=f"{quote.score:.2f}",
        name=f"{quote.source}:{quote.item}#{quote.ordinal}",
        pinned=quote.pinned,
        marked=marked(excerpt(quote.text), keywords),
    )


def quoted(said: reads.Said, now: datetime, keywords: Sequence[str] = ()) -> Quoted:
    """Return a statement as lists show it."""
    return Quoted(
        text=excerpt(said.text),
        author=author(said.display, said.handle, said.person_key),
        account=said.account,
        source=said.source,
        item=said.item,
        link=safe_link(said.url),
        at=moment(said.said_at, now),
        score=None if said.score is None else f"{said.score:.2f}",
        kind=said.kind,
        status=said.status,
        reason=said.reason,
        runner_up=_runner_up(said),
        name=f"{said.source}:{said.item}#{said.ordinal}",
        marked=marked(excerpt(said.text), keywords),
        topic=f"T-{said.topic}" if said.topic else None,
        pinned=said.pinned,
    )


def _runner_up(said: reads.Said) -> str | None:
    if said.runner_up is None:
        return None
    score = "" if said.runner_up_score is None else f" {said.runner_up_score:.2f}"
    return f"T-{said.runner_up}{score}"
