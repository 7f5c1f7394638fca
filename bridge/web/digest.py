"""The digest as it would go out now, when it is due, and what became of the last ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.digest import records, schedule
from bridge.digest.render import figures, rest, subject, window
from bridge.digest.standing import SHOWN, as_json, next_due, preview
from bridge.models import DigestSent
from bridge.store import digests as store
from bridge.store.views import version_of
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.twins import json_answer
from bridge.web.words import Moment, moment, safe_link

PATH: Final = "/digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A topic as the digest tells it."""

    topic: str
    title: str
    figures: str
    quote: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the digest."""

    title: str
    count: int
    lines: list[Line]
    rest: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedLine:
    """A ticket that is done or released."""

    topic: str
    title: str
    key: str
    href: str | None
    state: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLine:
    """A digest that went out, or should have."""

    at: Moment
    way: str
    by: str
    state: str
    to: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage:
    """The page."""

    template: ClassVar[str] = "digest.html"
    title: str = "Digest"
    subject: str
    window: str
    is_quiet: bool
    parts: list[Part]
    waiting: list[tuple[str, int, str]]
    ended: list[EndedLine]
    ended_more: int
    failing: tuple[records.Failing, ...]
    failing_more: int
    when: str
    ways: list[str]
    next: Moment | None
    sent: list[SentLine]


def add_digest(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twin."""
    digest = _Digest(desk)
    for path, show in ((PATH, digest.page), (f"{PATH}.json", digest.json)):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Digest:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show the digest; nothing is sent."""
        return self._desk.page(request, _page, PATH)

    @needs("read")
    def json(self) -> Response:
        """Give what `digest --json` gives."""
        with self._desk.database.reading() as session:
            look = self._desk.look(session)
            found = _preview(look)
            return json_answer(as_json(session, found, look.settings, look.now))


def _preview(look: Look) -> records.Digest:
    """Return what would go out now; it is kept with the shelf, until anything is committed."""
    state, kept = version_of(look.session), look.shelf.kept.get(PATH)
    if isinstance(kept, tuple) and kept[0] == state:
        found: records.Digest = kept[1]
        return found
    found = preview(look.session, look.shelf, look.settings, look.now)
    look.shelf.kept[PATH] = (state, found)
    return found


def _page(look: Look) -> DigestPage:
    found = _preview(look)
    settings = look.settings.digest
    due = next_due(look.session, look.settings, look.now)
    return DigestPage(
        subject=subject(found),
        window=window(found, settings.zone),
        is_quiet=found.is_quiet,
        parts=[_part(part) for part in found.sections if part.entries or part.known],
        waiting=[(tab.title, tab.count, f"/review?view={tab.tab}") for tab in found.waiting if tab.count],
        ended=[_ended(one) for one in found.ended],
        ended_more=found.ended_more,
        failing=found.failing,
        failing_more=found.failing_more,
        when=schedule.sentence(settings),
        ways=list(settings.ways()),
        next=None if due is None else moment(due, look.now),
        sent=[_sent(row, look.now) for row in store.newest(look.session, SHOWN)],
    )


def _part(part: records.Section) -> Part:
    return Part(
        title=part.title,
        count=len(part.entries) + part.more,
        lines=[
            Line(
                topic=entry.topic,
                title=entry.title,
                figures=figures(entry),
                quote=entry.quote,
                source=entry.source,
            )
            for entry in part.entries
        ],
        rest=rest(part),
        href=part.path,
    )


def _ended(one: records.Ended) -> EndedLine:
    return EndedLine(
        topic=one.topic,
        title=one.title,
        key=one.key,
        href=safe_link(one.href),
        state=one.state,
        people=one.people,
    )


def _sent(row: DigestSent, now: datetime) -> SentLine:
    return SentLine(
        at=moment(row.due_at, now),
        way=row.way,
        by=row.by,
        state=row.state,
        to=", ".join(row.recipients),
        outcome=row.outcome,
    )
