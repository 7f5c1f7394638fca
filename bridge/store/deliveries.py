"""Webhooks' deliveries: what was taken in, and which issues are to be looked at again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from bridge.models import WORKSPACE, Delivery, Mirror, Ticket

KEPT = timedelta(days=30)
ONCE = "once:"
"""How names begin that are needed for `BRIEF` only: the time that was signed with them ends by then."""
BRIEF = timedelta(hours=1)
_AFTER_ONCE = "once;"  # the next character, so that the key's index finds them


def take(session: Session, names: Collection[str], at: datetime) -> bool:
    """Note a delivery by all its names; return False if one of them was there. Forgets the old ones."""
    session.exec(
        delete(Delivery).where(col(Delivery.workspace_id) == WORKSPACE, col(Delivery.at) < at - KEPT)
    )
    session.exec(
        delete(Delivery).where(
            col(Delivery.workspace_id) == WORKSPACE,
            col(Delivery.id) >= ONCE,
            col(Delivery.id) < _AFTER_ONCE,
            col(Delivery.id).startswith(ONCE, autoescape=True),  # not every database sorts by characters
            col(Delivery.at) < at - BRIEF,
        )
    )
    known = set(
        session.exec(
            select(Delivery.id).where(Delivery.workspace_id == WORKSPACE, col(Delivery.id).in_(names))
        )
    )
    session.add_all(Delivery(id=name, at=at) for name in sorted(set(names) - known))
    return not known


def mark_stale(session: Session, issues: Collection[str]) -> None:
    """Say that these issues of Jira, by their ids, are no longer as we last saw them."""
    _mark(session, [col(Ticket.remote_id).in_(issues)])


def mark_version_stale(session: Session, name: str) -> None:
    """Say the same of all issues that are to be released with a version of this name."""
    _mark(session, [col(Mirror.released_at).is_(None)], version=name)


def _mark(session: Session, narrowed: list, version: str | None = None) -> None:  # type: ignore[type-arg]
    mirrors = session.exec(
        select(Mirror)
        .join(Ticket, col(Ticket.id) == Mirror.ticket_id)
        .where(Mirror.workspace_id == WORKSPACE, Ticket.tracker == "jira", *narrowed)
    )
    for mirror in mirrors:
        if version is None or any(one.get("name") == version for one in mirror.versions):
            mirror.stale = True
            session.add(mirror)
