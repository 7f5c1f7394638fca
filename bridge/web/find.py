"""Finding a page, a saved view or a topic by its words: for the command palette, and as a page of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.saving import PAGES
from bridge.store import saved
from bridge.store.views import Shelved
from bridge.web import query
from bridge.web.access import may, needs, require
from bridge.web.desk import Desk, Look
from bridge.web.render import MORE, NAVIGATION
from bridge.web.twins import csv_answer, csv_text, json_answer

MOST: Final = 12
"""Topics that are told, those of the most people."""
_COLUMNS = ("what", "label", "more", "href")
_NUMBER = re.compile(r"(?:[Tt]-?)?([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that one can go to."""

    what: str  # page · view · topic
    label: str
    more: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPage:
    """What was found."""

    template: ClassVar[str] = "find.html"
    title: str = "Find"
    q: str
    found: list[Found]


def add_find(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twins."""
    find = _Find(desk)
    for path, show in (("/find", find.page), ("/find.json", find.json), ("/find.csv", find.csv)):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Find:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show what the words lead to."""
        q = _asked(request)
        return self._desk.page(
            request, lambda look: FindPage(q=q, found=list(_found(look, request, q))), "/find"
        )

    @needs("read")
    def json(self, request: Request) -> Response:
        """Give what the words lead to."""
        return json_answer(self._rows(request))

    @needs("read")
    def csv(self, request: Request) -> Response:
        """Give it as a file."""
        return csv_answer(csv_text(_COLUMNS, self._rows(request)), "find")

    def _rows(self, request: Request) -> list[dict[str, Any]]:
        with self._desk.database.reading() as session:
            look = self._desk.look(session)
            return [asdict(one) for one in _found(look, request, _asked(request))]


def _asked(request: Request) -> str:
    return query.words(request.query_params.get("q", ""))


def _found(look: Look, request: Request, q: str) -> Iterator[Found]:
    """Yield what bears all words: a topic by its number first, then pages, views and topics."""
    words = q.casefold().split()
    yield from (_topic(topic) for topic in _numbered(look, q))
    pages = [(href, label) for href, label, _ in NAVIGATION]
    pages += [(href, label) for href, label, need in MORE if may(request, need)]
    for href, label in [*pages, ("/help/keys", "Keys"), ("/account", "Your account")]:
        if _bears(label, words):
            yield Found(what="page", label=label, more="", href=href)
    actor = require(request, "read")
    for view in saved.seen_by(look.session, actor.account_id):
        if _bears(view.name, words):
            page = PAGES[view.url.partition("?")[0]]
            yield Found(what="view", label=view.name, more=page, href=view.url)
    if words:
        named = [topic for topic in look.shelf.topics if _bears(_text(topic), words)]
        yield from (_topic(topic) for topic in named[:MOST])


def _numbered(look: Look, q: str) -> list[Shelved]:
    match = _NUMBER.fullmatch(q)
    found = look.shelf.by_number.get(int(match[1])) if match else None
    return [] if found is None else [found]


def _text(topic: Shelved) -> str:
    return " ".join([topic.title, *topic.keywords])


def _bears(text: str, words: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


def _topic(topic: Shelved) -> Found:
    name = f"T-{topic.number}"
    return Found(what="topic", label=f"{name} {topic.title}", more=topic.state, href=f"/topics/{name}")
