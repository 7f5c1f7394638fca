"""Saved views: a page's query under a name, kept for oneself or shared with all, each change with its undo.

Only the path of one of our own lists and its query are ever kept: what is opened from a view is a page of
ours, and opening it changes nothing. So a view may stand in a digest, behind the address of the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlmodel import Session

from bridge.access.roles import Actor, may
from bridge.config.values import quoted
from bridge.errors import InputError
from bridge.models import SavedView
from bridge.store import audit, saved

PAGES: Final = {"/topics": "Topics", "/review": "Review", "/items": "Items", "/trends": "Trends"}
"""The pages that have views."""
NAME_LIMIT: Final = 80  # characters
MOST: Final = 200
"""Views of one account."""
KEPT: Final = timedelta(days=30)
"""So long a deleted view can be taken back."""
_URL_LIMIT: Final = 1500  # characters
_PASSING: Final = frozenset({"page", "done", "topic"})
_STATE: Final = ("name", "shared", "gone")


def address(text: str) -> str:
    """Return the address of a view as it is kept: a list of ours and what it is asked for.

    Where one stood in the list is no part of it. Raises `InputError` for anything else.

    >>> address("/topics?state=new&page=3&q=lost+bag"), address("/review?view=low&topic=T-4")
    ('/topics?state=new&q=lost+bag', '/review?view=low')
    """
    is_plain = text.isascii() and text.isprintable() and "\\" not in text and len(text) <= _URL_LIMIT
    try:
        parts = urlsplit(text)
        asked = parse_qsl(parts.query, max_num_fields=20)
    except ValueError:
        is_plain = False
    if not is_plain or parts.scheme or parts.netloc or parts.path not in PAGES:
        pages = ", ".join(PAGES)
        raise InputError(f"{quoted(text)} can't be saved as a view; a view is a query of one of: {pages}")
    kept = [(name, value) for name, value in asked if name.isidentifier() and name not in _PASSING]
    return parts.path + (f"?{urlencode(kept)}" if kept else "")


@dataclass(frozen=True, slots=True)
class Views:
    """The views as somebody sees and changes them, in a writing transaction."""

    session: Session
    actor: Actor
    now: datetime

    def save(self, name: str, url: str, *, shared: bool) -> SavedView:
        """Keep a query under a name; raises `InputError` for a name or an address that won't do."""
        saved.forget_deleted(self.session, self.now - KEPT)
        row = SavedView(
            account_id=self.actor.account_id,
            who=self.actor.name,
            name=_name(name),
            url=address(url),
            shared=shared,
            at=self.now,
            before={"name": _name(name), "shared": shared, "gone": True},
        )
        self._refuse(row)
        if len([view for view in self._seen() if is_of(view, self.actor)]) >= MOST:
            raise InputError(f"you have {MOST} views; delete one, then save this one")
        return self._keep(row, told=shared)

    def rename(self, number: int, name: str, *, shared: bool) -> SavedView:
        """Give a view another name, share it or keep it for oneself; raises `InputError`."""
        row = self._changeable(number)
        if row.gone:
            raise InputError(f"the view {quoted(row.name)} is deleted")
        return self._change(row, "renamed", {"name": _name(name), "shared": shared, "gone": False})

    def delete(self, number: int) -> SavedView:
        """Delete a view; it can be taken back for a while."""
        row = self._changeable(number)
        return self._change(row, "deleted", {"name": row.name, "shared": row.shared, "gone": True})

    def undo(self, number: int, change: str) -> SavedView:
        """Take the last change of a view back, if it is the one that was meant; raises `InputError`."""
        row = self._changeable(number)
        if not row.before or (change and change != str(row.change)):
            raise InputError(
                f"the view {quoted(row.name)} was changed again since; nothing was taken back: see /views"
            )
        return self._change(row, "", dict(row.before))

    def _change(self, row: SavedView, verb: str, state: dict[str, Any]) -> SavedView:
        before = {name: getattr(row, name) for name in _STATE}
        for name, value in state.items():
            setattr(row, name, value)
        if not row.gone:
            self._refuse(row)
        row.verb, row.before = verb, before if verb else {}
        row.at, row.change = self.now, row.change + 1
        return self._keep(row, told=row.shared or before["shared"])

    def _keep(self, row: SavedView, *, told: bool) -> SavedView:
        self.session.add(row)
        self.session.flush()
        if told:  # what others see is written down; what one keeps for oneself is nobody's business
            verb = f"{_SAID[row.verb]} view"
            audit.record(
                self.session, self.now, self.actor.name, verb, f"view {row.id}", {"shared": row.shared}
            )
        return row

    def _refuse(self, row: SavedView) -> None:
        """Raise `InputError` if another view of the same kind has this name."""
        for other in self._seen():
            same = other.shared == row.shared and other.name.casefold() == row.name.casefold()
            if same and other.id != row.id and (row.shared or is_of(other, self.actor)):
                whose = "a shared view" if row.shared else "a view of yours"
                raise InputError(f"there is {whose} named {quoted(row.name)} already; name it otherwise")

    def _seen(self) -> list[SavedView]:
        with self.session.no_autoflush:
            return saved.seen_by(self.session, self.actor.account_id)

    def _changeable(self, number: int) -> SavedView:
        row = saved.view(self.session, number, self.actor.account_id)
        if row is None or not may_change(row, self.actor):
            raise InputError("there is no such view of yours; see /views")
        return row


_SAID: Final = {"saved": "save", "renamed": "rename", "deleted": "delete", "": "restore"}


def is_of(view: SavedView, actor: Actor) -> bool:
    """Say whether a view is somebody's own."""
    return view.account_id == actor.account_id


def may_change(view: SavedView, actor: Actor) -> bool:
    """Say whether somebody may rename or delete a view: one's own, and of the shared ones an admin all."""
    return is_of(view, actor) or (view.shared and may(actor, "manage"))


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
        raise InputError(f"{quoted(name)} is no name of a view: 1 to {NAME_LIMIT} characters")
    return name
