"""Search in all that was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.store import pages as reads
from bridge.store.export import items_with
from bridge.web import query
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.paging import SIZE
from bridge.web.topic import Quoted, quoted
from bridge.web.twins import csv_answer, csv_text, json_answer

MOST = 200
"""Items that a twin gives."""

COLUMNS = ("item", "source", "at", "author", "role", "lang", "url", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Statements that hold some words, the latest first."""

    template: ClassVar[str] = "items.html"
    title: str = "Items"
    q: str
    quotes: list[Quoted]
    more: bool


def add_items(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twins."""
    items = _Items(desk)
    for path, show in (("/items", items.page), ("/items.json", items.json), ("/items.csv", items.csv)):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Items:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show what holds the words."""
        q = query.words(request.query_params.get("q", ""))

        def build(look: Look) -> Items:
            said = reads.holding(look.session, q, look.now, limit=SIZE + 1)
            quotes = [quoted(one, look.now, q.split()) for one in said[:SIZE]]
            return Items(q=q, quotes=quotes, more=len(said) > SIZE)

        return self._desk.page(request, build, "/items")

    @needs("read")
    def json(self, request: Request) -> Response:
        """Give what `items search --json` gives."""
        return json_answer(self._rows(request))

    @needs("read")
    def csv(self, request: Request) -> Response:
        """Give the items as a file."""
        return csv_answer(csv_text(COLUMNS, self._rows(request)), "items")

    def _rows(self, request: Request) -> list[dict[str, object]]:
        with self._desk.database.reading() as session:
            return items_with(session, query.words(request.query_params.get("q", "")), MOST)
