"""Saved views: the list of them, and the forms that keep, rename, share, delete and restore one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response

from bridge.access.origin import next_page
from bridge.errors import InputError
from bridge.models import SavedView
from bridge.saving import PAGES, Views, is_of, may_change
from bridge.store import saved
from bridge.times import stamp
from bridge.web.access import insist, needs, require, who
from bridge.web.deciding import Refused
from bridge.web.errors import NotFound
from bridge.web.toast import Toast
from bridge.web.twins import csv_answer, csv_text, json_answer
from bridge.web.words import Moment, moment

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.access.roles import Actor
    from bridge.web.desk import Desk

MARK: Final = "v"
"""What stands before the number of a view where an address says what was just done."""
_COLUMNS = ("id", "name", "url", "shared", "mine", "who", "at")
_SAID: Final = {"saved": "is saved", "renamed": "is changed", "deleted": "is deleted"}
_DIGITS: Final = 12
Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view as it is shown."""

    id: int
    name: str
    url: str
    page: str
    asks: str  # its query in words
    shared: bool
    is_mine: bool
    may_change: bool
    who: str
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsPage:
    """The list of views."""

    template: ClassVar[str] = "saved.html"
    title: str = "Views"
    rows: list[View]
    pages: dict[str, str]


def add_saved(app: FastAPI, desk: Desk) -> None:
    """Add the page, its twins, and what its forms send to."""
    pages = _Saved(desk)
    for path, show in (("/views", pages.page), ("/views.json", pages.json), ("/views.csv", pages.csv)):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)
    for path, do in (
        ("/views", pages.save),
        ("/views/{number}/rename", pages.rename),
        ("/views/{number}/delete", pages.delete),
        ("/views/{number}/undo", pages.undo),
    ):
        app.post(path, include_in_schema=False)(do)


class _Saved:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show the views of who is asking, and the shared ones."""
        actor = require(request, "read")
        return self._desk.page(
            request,
            lambda look: ViewsPage(
                rows=[_shown(row, actor, look.now) for row in saved.seen_by(look.session, actor.account_id)],
                pages=PAGES,
            ),
            "/views",
        )

    @needs("read")
    def json(self, request: Request) -> Response:
        """Give the views."""
        return json_answer(self._rows(request))

    @needs("read")
    def csv(self, request: Request) -> Response:
        """Give the views as a file."""
        return csv_answer(csv_text(_COLUMNS, self._rows(request)), "views")

    @needs("self")
    def save(
        self,
        request: Request,
        name: Text = "",
        url: Text = "",
        shared: Text = "",
        next: Text = "",  # noqa: A002 - the field's name
    ) -> Response:
        """Keep a query under a name."""
        actor = require(request, "self")
        return self._do(actor, next, lambda views: views.save(name, url, shared=bool(shared)))

    @needs("self")
    def rename(
        self,
        request: Request,
        number: str,
        name: Text = "",
        shared: Text = "",
        next: Text = "",  # noqa: A002 - the field's name
    ) -> Response:
        """Give a view another name, share it, or keep it for oneself."""
        actor = require(request, "self")
        return self._do(actor, next, lambda views: views.rename(_number(number), name, shared=bool(shared)))

    @needs("self")
    def delete(self, request: Request, number: str, next: Text = "") -> Response:  # noqa: A002 - the field's name
        """Delete a view."""
        return self._do(require(request, "self"), next, lambda views: views.delete(_number(number)))

    @needs("self")
    def undo(self, request: Request, number: str, decision: Text = "", next: Text = "") -> Response:  # noqa: A002 - the field's name
        """Take the last change of a view back."""
        actor = require(request, "self")
        return self._do(actor, next, lambda views: views.undo(_number(number), decision))

    def _do(self, actor: Actor, to: str, change: Callable[[Views], SavedView]) -> Response:
        try:
            with self._desk.database.writing() as session:
                row = change(Views(session, actor, self._desk.clock()))
                _insist_on_sharing(actor, row)
        except InputError as error:
            raise Refused(str(error)) from error
        to = next_page(to or "/views")
        sign = "&" if "?" in to else "?"
        return RedirectResponse(f"{to}{sign}done={MARK}{row.id}", status_code=303)

    def _rows(self, request: Request) -> list[dict[str, Any]]:
        actor = require(request, "read")
        with self._desk.database.reading() as session:
            return [
                {
                    "id": row.id,
                    "name": row.name,
                    "url": row.url,
                    "shared": row.shared,
                    "mine": is_of(row, actor),
                    "who": row.who,
                    "at": stamp(row.at),
                }
                for row in saved.seen_by(session, actor.account_id)
            ]


def views_for(session: Session, request: Request, place: str) -> Sequence[SavedView]:
    """Return the views that a page offers to who is asking: those of its own list."""
    actor = who(request)
    if actor is None or place not in PAGES or request.url.path != place:
        return ()
    return [row for row in saved.seen_by(session, actor.account_id) if urlsplit(row.url).path == place]


def view_toast(session: Session, request: Request, done: str) -> Toast | None:
    """Return what to say of a change of a view; None for nothing that who is asking may see."""
    actor, number = who(request), done.removeprefix(MARK)
    if actor is None or not done.startswith(MARK) or not number.isdecimal() or len(number) > _DIGITS:
        return None
    row = saved.view(session, int(number), actor.account_id)
    if row is None:
        return None
    said = _SAID.get(row.verb, "is as it was before")
    undo = f"/views/{row.id}/undo" if row.before and may_change(row, actor) else ""
    href = "/views" if row.gone else row.url
    return Toast(
        text=f"The view {row.name} {said}", href=href, undo=undo, decision=str(row.change), need="self"
    )


def _insist_on_sharing(actor: Actor, row: SavedView) -> None:
    """Raise `Forbidden` if a view would be shared by somebody who keeps only views of their own."""
    if row.shared and not row.gone:
        insist(actor, "decide", "that: sharing a view with all")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise NotFound(f"there is no view {text[:20]!r}; see /views")
    return int(text)


def _shown(row: SavedView, actor: Actor, now: Any) -> View:
    parts = urlsplit(row.url)
    asks = " · ".join(f"{name} {value}" for name, value in parse_qsl(parts.query))
    return View(
        id=row.id or 0,
        name=row.name,
        url=row.url,
        page=PAGES[parts.path],
        asks=asks or "all of it",
        shared=row.shared,
        is_mine=is_of(row, actor),
        may_change=may_change(row, actor),
        who=row.who,
        at=moment(row.at, now),
    )
