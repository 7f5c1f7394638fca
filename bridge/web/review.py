"""The inbox: what waits for a person, in tabs, with one of them laid open beside the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import urlencode

from bridge.access.roles import Need
from bridge.models import Ticket
from bridge.store import reviewing
from bridge.store.tabs import in_tab
from bridge.store.topics import tickets
from bridge.store.views import Shelf, Shelved
from bridge.web.desk import Look
from bridge.web.errors import BadQuery
from bridge.web.paging import Paging, paging
from bridge.web.pane import Pair, Pane, pair, pane
from bridge.web.topics import TopicRow, shelf_row
from bridge.web.verbs import undo_need
from bridge.web.words import Moment, moment

VIEWS: Final = {
    "new": "New",
    "growing": "Growing",
    "back": "Came back",
    "duplicates": "Possible duplicates",
    "low": "Low confidence",
    "done": "Done today",
}
SIZE: Final = 25
"""Rows of the list."""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab with how much is in it."""

    name: str
    label: str
    count: int
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A topic in the list."""

    row: TopicRow
    reason: str
    since: Moment | None
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Something a person decided."""

    at: Moment
    who: str
    what: str
    topic: str
    title: str
    undo: Need | None  # what taking it back needs; None: it is taken back
    decision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The inbox."""

    template: ClassVar[str] = "review.html"
    title: str = "Review"
    view: str
    tabs: list[Tab]
    waiting: list[Waiting]
    pairs: list[Pair]
    decided: list[Decided]
    pane: Pane | None
    here: str  # the address that a verb comes back to
    next: str | None  # address of the next in the list
    previous: str | None
    place: str  # "3 of 17"
    paging: Paging


def chosen(look: Look, view: str) -> list[Shelved]:
    """Return the topics of a tab, in its order; raises BadQuery."""
    if view not in VIEWS:
        raise BadQuery("view", view, VIEWS)
    return in_tab(look.shelf, look.settings.policy, view)


def review(look: Look, view: str, number: int | None, page: int) -> Review:
    """Build the page; what is laid open is topic `number`, or the first. Raises BadQuery, NotFound."""
    found = chosen(look, view)
    questions = reviewing.questions(look.session, look.now)
    decided = reviewing.decided_since(look.session, look.now - DAY)
    sizes = {name: len(found) if name == view else len(chosen(look, name)) for name in VIEWS}
    sizes |= {"duplicates": len(questions), "done": len(decided)}
    index = next((place for place, topic in enumerate(found) if topic.number == number), None)
    page = index // SIZE + 1 if index is not None else page
    place = paging(f"/review?view={view}", page, sizes[view], SIZE)
    index = place.skipped if index is None else index
    shown = found[place.skipped : place.skipped + SIZE]
    open_ = found[index] if found else None
    following = next(iter(found[index + 1 :]), None) or (found[index - 1] if index else None)
    return Review(
        view=view,
        tabs=_tabs(view, sizes),
        waiting=[_waiting(look.shelf, topic, look.now, view, open_) for topic in shown],
        pairs=[pair(look, question) for question in questions[place.skipped : place.skipped + SIZE]]
        if view == "duplicates"
        else [],
        decided=_all_decided(look, decided[place.skipped : place.skipped + SIZE]) if view == "done" else [],
        pane=pane(look, open_) if open_ else None,
        here=_address(view, following),
        next=_address(view, found[index + 1]) if index + 1 < len(found) else None,
        previous=_address(view, found[index - 1]) if index else None,
        place=f"{index + 1} of {len(found)}" if found else "",
        paging=place,
    )


def _tabs(view: str, sizes: dict[str, int]) -> list[Tab]:
    return [
        Tab(
            name=name,
            label=label,
            count=sizes[name],
            href=f"/review?view={name}",
            is_chosen=name == view,
        )
        for name, label in VIEWS.items()
    ]


def _waiting(shelf: Shelf, topic: Shelved, now: datetime, view: str, open_: Shelved | None) -> Waiting:
    ticket = topic.ticket
    return Waiting(
        row=shelf_row(shelf, topic, now),
        reason=ticket.reason if ticket and ticket.state == "proposed" else "",
        since=moment(ticket.proposed_at, now) if ticket else None,
        href=_address(view, topic),
        is_chosen=open_ is not None and topic.number == open_.number,
    )


def _all_decided(look: Look, rows: Sequence[reviewing.Decided]) -> list[Decided]:
    found = tickets(look.session, {row.topic for row in rows})
    return [_decided(look, row, found.get(row.topic)) for row in rows]


def _decided(look: Look, row: reviewing.Decided, ticket: Ticket | None) -> Decided:
    other = f" T-{row.other}" if row.other else ""
    return Decided(
        at=moment(row.at, look.now),
        who=row.who,
        what=f"{row.verb}{other}{f' ({row.reason})' if row.reason else ''}",
        topic=f"T-{row.topic}",
        title=row.title,
        undo=None if row.undone else undo_need(row.verb, row.before, ticket.state if ticket else None),
        decision=row.decision,
    )


def _address(view: str, topic: Shelved | None) -> str:
    asked = {"view": view} | ({"topic": f"T-{topic.number}"} if topic else {})
    return f"/review?{urlencode(asked)}"
