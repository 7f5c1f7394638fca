"""Search in all that was said: by words, and by likeness to something that was said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import Response
from sqlmodel import Session

from bridge.errors import InputError
from bridge.store import alike, places
from bridge.store import pages as reads
from bridge.store.export import items_with
from bridge.times import stamp
from bridge.web import query
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.errors import NotFound, PageError
from bridge.web.paging import SIZE
from bridge.web.topic import Quoted, quoted
from bridge.web.twins import csv_answer, csv_text, json_answer

MOST = 200
"""Items that a twin gives."""

LIKE = 30
"""Statements that are like one, on the page."""

SPARE = 2
"""Times as many texts are looked at as are shown: some are gone, or are other words of one item."""

COLUMNS = ("item", "source", "at", "author", "role", "lang", "url", "text")
LIKE_COLUMNS = ("item", "statement", "source", "at", "author", "kind", "topic", "score", "url", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Statements that hold some words, the latest first, or that are like one, the most like first."""

    template: ClassVar[str] = "items.html"
    title: str = "Items"
    q: str
    like: str
    of: list[Quoted]  # what they are like
    quotes: list[Quoted]
    more: bool
    twins: str  # the query of the twins


@dataclass(frozen=True, slots=True)
class Near:
    """A statement and how like it is, 0 to 1."""

    said: reads.Said
    score: float


def add_items(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twins."""
    items = _Items(desk)
    for path, show in (("/items", items.page), ("/items.json", items.json), ("/items.csv", items.csv)):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Items:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._texts = alike.Texts()

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show what holds the words, or what is like an item."""
        q, like = _asked(request)
        build = self._like(like) if like else _holding(q)
        return self._desk.page(request, build, "/items")

    @needs("read")
    def json(self, request: Request) -> Response:
        """Give what `items search --json` gives, or what is like an item with its score."""
        return json_answer(self._rows(request)[1])

    @needs("read")
    def csv(self, request: Request) -> Response:
        """Give the items as a file."""
        columns, rows = self._rows(request)
        return csv_answer(csv_text(columns, rows), "items")

    def _rows(self, request: Request) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
        q, like = _asked(request)
        with self._desk.database.reading() as session:
            if not like:
                return COLUMNS, items_with(session, q, MOST)
            _, near = self._near(session, like, self._desk.look(session), MOST)
            return LIKE_COLUMNS, [_as_row(one) for one in near]

    def _like(self, like: str) -> Any:
        def build(look: Look) -> Items:
            of, near = self._near(look.session, like, look, LIKE)
            quotes = [replace(quoted(one.said, look.now), like=f"{one.score:.2f}") for one in near]
            twins = urlencode({"like": like})
            shown = [quoted(one, look.now) for one in of]
            return Items(q="", like=like, of=shown, quotes=quotes, more=False, twins=twins)

        return build

    def _near(
        self, session: Session, like: str, look: Look, most: int
    ) -> tuple[list[reads.Said], list[Near]]:
        """Return the statements of an item, and what is most like them, one of each other item."""
        of = reads.these(session, _meant(session, like), look.now)
        if not of:
            raise NotFound(f"there is no item {like[:80]!r}; look for its words instead")
        points = [one for one in of if one.kind != "other"] or of  # a greeting is like every greeting
        near = self._texts.near(session, {one.text_hash for one in points}, SPARE * most)
        shown = alike.shown_for(session, near, {one.item_id for one in of}, look.now)
        best = dict(list(shown.items())[:most])
        said = {one.statement_id: one for one in reads.these(session, list(best), look.now)}
        return of, [Near(said[key], score) for key, score in best.items()]


def _asked(request: Request) -> tuple[str, str]:
    q = query.words(request.query_params.get("q", ""))
    like = request.query_params.get("like", "").strip()
    if q and like:
        raise PageError("q and like can't be asked together; take one of them")
    return q, like


def _holding(q: str) -> Any:
    def build(look: Look) -> Items:
        said = reads.holding(look.session, q, look.now, limit=SIZE + 1)
        quotes = [quoted(one, look.now, q.split()) for one in said[:SIZE]]
        twins = urlencode({"q": q})
        return Items(q=q, like="", of=[], quotes=quotes, more=len(said) > SIZE, twins=twins)

    return build


def _meant(session: Session, like: str) -> list[int]:
    try:
        return [row.statement_id for row in places.meant(session, like)]
    except InputError as error:
        raise PageError(str(error)) from error


def _as_row(near: Near) -> dict[str, Any]:
    said = near.said
    return {
        "item": said.item,
        "statement": said.ordinal,
        "source": said.source,
        "at": stamp(said.said_at),
        "author": said.display or said.handle,
        "kind": said.kind,
        "topic": f"T-{said.topic}" if said.topic else None,
        "score": near.score,
        "url": said.url,
        "text": said.text,
    }
