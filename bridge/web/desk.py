"""What every page stands on: the store, the clock, the shelf of topics, and how a page is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from bridge.config.model import Settings
from bridge.report import Map, TopicReport, reports_of, topic_reports
from bridge.store import topics as store
from bridge.store.database import Database
from bridge.store.views import EARLIER, Shelf, Shelves
from bridge.web.render import Page, Renderer
from bridge.web.saved import view_toast, views_for
from bridge.web.toast import toast

if TYPE_CHECKING:
    from bridge.pipeline.context import Context


@dataclass
class Look:
    """One look at the store, for one page."""

    session: Session
    now: datetime
    settings: Settings
    shelves: Shelves

    @cached_property
    def shelf(self) -> Shelf:
        """All topics in few words."""
        return self.shelves.get(self.session, self.now)

    @cached_property
    def map(self) -> Map:
        """Where all topics lie; kept with the shelf."""
        found = self.shelf.kept.get("map")
        if not isinstance(found, Map):
            before = self.shelf.kept.pop(EARLIER, None)
            before = before if isinstance(before, Map) else None
            found = self.shelf.kept["map"] = Map.of(self.session, before)
        return found

    def reports(self, numbers: Sequence[int]) -> list[TopicReport]:
        """Return the reports of topics, also of hidden ones; figures of the shelf aren't read again."""
        shelf = self.shelf
        if any(number not in shelf.by_number for number in numbers):
            return topic_reports(self.session, self.now, numbers, hidden=True)
        found = {number: shelf.by_number[number].figures for number in numbers}
        topics = store.roots(self.session, hidden=True, numbers=numbers)
        tickets = store.tickets(self.session, numbers)
        return reports_of(topics, found, shelf.volume, tickets, shelf.now)


class Desk:
    """Answers pages; keeps nothing that can't be made anew from the store."""

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], datetime], renderer: Renderer
    ) -> None:
        self.database = database
        self.settings = settings
        self.clock = clock
        self.renderer = renderer
        self.shelves = Shelves()
        self.looked: float | None = None  # when somebody last looked, by time.monotonic

    def make_ready(self) -> None:
        """Read what pages stand on, so that the next view need not."""
        with self.database.reading() as session:
            shelf = Look(session, self.clock(), self.settings, self.shelves).shelf
            _ = shelf.growing, shelf.returned, shelf.growth, shelf.place

    def page(self, request: Request, build: Callable[[Look], Page], place: str) -> HTMLResponse:
        """Answer with a page and, if the address names a decision, with what it did and its undo."""
        with self.database.reading() as session:
            page = build(self.look(session))
            done = request.query_params.get("done", "")
            said = toast(session, done) or view_toast(session, request, done)
            views = views_for(session, request, place)
        return self.renderer.html(page, request=request, place=place, toast=said, views=views)

    def look(self, session: Session) -> Look:
        """Return what a page is built from."""
        self.looked = time.monotonic()
        return Look(session, self.clock(), self.settings, self.shelves)

    @cached_property
    def _app(self) -> Callable[[], Context]:
        from bridge.pipeline.context import Context

        def make() -> Context:
            return Context(
                database=self.database,
                settings=self.settings,
                now=self.clock(),
                encoder=_not_here,
                classifier=_not_here,
                detector=_not_here,
                tracker=_not_here,
            )

        return make

    def context(self) -> Context:
        """Return what rules are asked with; it has no models and no tracker."""
        return self._app()

    def ticket_places(self, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
        """Return tracker, project and type that tickets of topics get by the rules, by topic."""
        from bridge.pipeline.deciding import ticket_places

        return ticket_places(self.context(), numbers)


def _not_here() -> NoReturn:
    raise RuntimeError("a page has no models and calls no tracker")
