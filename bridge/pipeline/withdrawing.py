"""What its author deleted leaves every issue, also of topics and tickets that nobody keeps up any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Item, Mirror, Statement, Ticket

if TYPE_CHECKING:
    from bridge.plan import Action

STATES = ("open", "done", "unlinked")


def affected(session: Session, tracker: str, handled: Collection[int]) -> list[tuple[Ticket, Mirror]]:
    """Return the tickets, other than the `handled`, whose issue was told what is not there any more."""
    tickets = session.exec(
        select(Ticket).where(
            Ticket.workspace_id == WORKSPACE,
            Ticket.tracker == tracker,
            col(Ticket.remote_id).is_not(None),
            col(Ticket.state).in_(STATES),
            col(Ticket.id).not_in(handled),
        )
    ).all()
    told = {ticket.id or 0: set((ticket.reported or {}).get("evidence", ())) for ticket in tickets}
    there = _there(session, {key for keys in told.values() for key in keys})
    found = []
    for ticket in tickets:
        mirror = session.get(Mirror, ticket.id) if told[ticket.id or 0] - there else None
        if mirror is not None and mirror.gone_at is None and not mirror.archived:
            found.append((ticket, mirror))
    return found


def _there(session: Session, keys: Collection[int]) -> set[int]:
    """Return which of these statements are still there, and their items too."""
    every, found = sorted(keys), set[int]()
    for start in range(0, len(every), 5000):
        rows = session.exec(
            select(Statement.id).where(
                col(Statement.id).in_(every[start : start + 5000]),
                Item.id == Statement.item_id,
                col(Item.removed_at).is_(None),
            )
        )
        found.update(key for key in rows if key is not None)
    return found


def handled_by(actions: Collection[Action]) -> Iterator[int]:
    """Yield the tickets that a plan brings up to date anyway."""
    for action in actions:
        if action.effect in ("update", "wait") and action.ticket_id is not None:
            yield action.ticket_id
