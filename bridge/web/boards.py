"""The pages on which one decides: the inbox, the draft of a ticket, a merge, a split, the help of keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge import drafting
from bridge.access.origin import next_page
from bridge.listing import listed
from bridge.proposals import suggestion
from bridge.report import topic_reports
from bridge.store import counts as counting
from bridge.store import reviewing
from bridge.web import query
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.errors import BadQuery, NotFound
from bridge.web.keys import KEYS, OTHERS, Key
from bridge.web.pane import SIMILAR, Draft, draft_of
from bridge.web.review import chosen, review
from bridge.web.topics import TicketLink, TopicRow, as_csv, shelf_row, topic_row
from bridge.web.twins import csv_answer, json_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPage:
    """The draft of a ticket, to be edited."""

    template: ClassVar[str] = "ticket.html"
    title: str
    row: TopicRow
    draft: Draft
    next: str
    can_approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ThereAlready:
    """A ticket that is in the tracker, and so no draft any more."""

    template: ClassVar[str] = "there.html"
    title: str
    row: TopicRow
    ticket: TicketLink
    tracker: str  # as in "it is in Jira"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some of a topic's statements that belong together."""

    statements: int
    quotes: list[str]
    items: str  # a line each


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPage:
    """The groups that a topic would fall into."""

    template: ClassVar[str] = "split.html"
    title: str
    row: TopicRow
    why: str
    groups: list[Group]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePage:
    """What a merge would do."""

    template: ClassVar[str] = "merge.html"
    title: str = "Merge"
    kept: TopicRow
    gone: TopicRow
    people: int
    mentions: int
    both: int
    tickets: str


@dataclass(frozen=True, slots=True)
class KeysPage:
    """The keys."""

    template: ClassVar[str] = "keys.html"
    title: str = "Keys"
    keys: tuple[Key, ...] = KEYS
    others: tuple[tuple[str, str, str], ...] = OTHERS


def add_boards(app: FastAPI, desk: Desk) -> None:
    """Add the pages."""
    boards = _Boards(desk)
    for path, show in (
        ("/review", boards.review),
        ("/review.json", boards.review_json),
        ("/review.csv", boards.review_csv),
        ("/topics/{name}/ticket", boards.ticket),
        ("/topics/{name}/split", boards.split),
        ("/merge", boards.merge),
        ("/help/keys", boards.keys),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Boards:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("read")
    def review(self, request: Request) -> Response:
        """Show what waits for a person."""
        params = request.query_params
        name, page = params.get("topic"), query.page_number(params)
        number, view = query.topic_number(name) if name else None, params.get("view", "new")
        return self._desk.page(request, lambda look: review(look, view, number, page), "/review")

    @needs("read")
    def review_json(self, request: Request) -> Response:
        """Give a tab's topics in the shape of `topics list --json`."""
        return json_answer(self._rows(request))

    @needs("read")
    def review_csv(self, request: Request) -> Response:
        """Give a tab's topics as a file."""
        return csv_answer(as_csv(self._rows(request)), "review")

    def _rows(self, request: Request) -> list[dict[str, Any]]:
        view = request.query_params.get("view", "new")
        with self._desk.database.reading() as session:
            look = self._desk.look(session)
            return listed(session, look.shelf, look.now, chosen(look, view))

    @needs("decide")
    def ticket(self, request: Request, name: str) -> Response:
        """Show the draft of a ticket, to be edited before it is made."""
        number, to = query.topic_number(name), request.query_params.get("next", "")

        def build(look: Look) -> TicketPage | ThereAlready:
            row = _row(look, number)
            state = row.ticket.state if row.ticket else None
            if row.ticket is not None and state in ("open", "done"):
                tracker = "Jira" if look.settings.tracker == "jira" else "the backlog"
                return ThereAlready(title=f"Ticket of {row.id}", row=row, ticket=row.ticket, tracker=tracker)
            return TicketPage(
                title=f"Ticket of {row.id}",
                row=row,
                draft=draft_now(look, number),
                next=next_page(to or f"/topics/{row.id}"),
                can_approve=state != "approved",
            )

        return self._desk.page(request, build, "/review")

    @needs("read")
    def split(self, request: Request, name: str) -> Response:
        """Show the groups that a topic would fall into."""
        number, to = query.topic_number(name), request.query_params.get("next", "")

        def build(look: Look) -> SplitPage:
            row = _row(look, number)
            found = suggestion(look.session, number)
            groups = [
                Group(statements=group["statements"], quotes=group["quotes"], items="\n".join(group["items"]))
                for group in found["groups"]
            ]
            return SplitPage(
                title=f"Split {row.id}",
                row=row,
                why=found["why"],
                groups=groups,
                next=next_page(to or f"/topics/{row.id}"),
            )

        return self._desk.page(request, build, "/topics")

    @needs("read")
    def merge(self, request: Request) -> Response:
        """Show what a merge would do."""
        params = request.query_params
        names = [*params.get("ids", "").split(","), *params.get("into", "").split(",")]
        ends = [query.topic_number(name) for name in names if name]
        if len(ends) != 2 or ends[0] == ends[1]:  # noqa: PLR2004 - a merge has two ends
            raise BadQuery("ids", ",".join(names), ["two topics, such as T-1,T-2: the first becomes a part"])
        return self._desk.page(request, lambda look: _merge(look, *ends), "/topics")

    @needs("read")
    def keys(self, request: Request) -> Response:
        """Show the keys."""
        return self._desk.page(request, lambda _: KeysPage(), "")


def _row(look: Look, number: int) -> TopicRow:
    """Return a topic that lists may not hold, such as an ignored one; raises NotFound, or leads on."""
    found = look.shelf.by_number.get(number)
    if found is not None:
        return shelf_row(look.shelf, found, look.now)
    reports = topic_reports(look.session, look.now, [number], hidden=True)
    if not reports:
        raise NotFound(f"nobody has spoken of T-{number}, or it was merged; see /topics")
    return topic_row(reports[0], look.now)


def draft_now(look: Look, number: int) -> Draft:
    """Return the draft of a topic's ticket; raises NotFound."""
    like = look.map.neighbours(number, SIMILAR)
    near = [reviewing.number(row["topic"]) for row in like]
    reports = look.reports([number, *near])
    if not any(report.topic.number == number for report in reports):
        raise NotFound(f"nobody has spoken of T-{number}, or it was merged; see /topics")
    material = drafting.gather(look.session, look.now, [number], reports)
    return draft_of(look, number, reports, material, like)


def _merge(look: Look, gone: int, kept: int) -> MergePage:
    rows = [_row(look, number) for number in (kept, gone)]
    people = counting.people_of(look.session, look.now, [kept, gone])
    keys = [row.ticket.key or row.ticket.state for row in rows if row.ticket]
    told = " and ".join(keys)
    return MergePage(
        kept=rows[0],
        gone=rows[1],
        people=people,
        mentions=sum(row.mentions for row in rows),
        both=sum(row.people for row in rows) - people,
        tickets=f"Tickets: {told}. The one of {rows[0].id} goes on; the other gets a word and a link."
        if len(keys) > 1
        else "",
    )
