"""Linking a topic to an issue that people made, and letting go of one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import select

from bridge.errors import InputError
from bridge.models import WORKSPACE, Mirror, Ticket
from bridge.placing import existing, topic_number
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.store.audit import record

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.pipeline.context import Context
    from bridge.tracker import Remote

TOPIC = re.compile(r"[Tt]-[0-9]+")

UNLINKED = "unlinked"
"""State of a ticket whose issue was let go."""


def link(context: Context, number: int, key: str, who: str) -> Remote:
    """Let an issue that is there already be a topic's ticket; return the issue. Raises `InputError`.

    Its title and description stay people's own: the evidence goes into one comment and into links.
    """
    remote = context.tracker().look(key)
    if remote is None:
        raise InputError(f"no issue {key!r} can be seen; name one by its key, such as WEB-12")
    with context.database.writing() as session:
        topic = existing(session, number)
        old = store.tickets(session, [topic.root]).get(topic.root)
        _refuse(session, old, remote, number)
        ticket = old if old is not None and old.remote_id is None else None
        if ticket is None:
            ticket = Ticket(
                topic=topic.root,
                tracker=context.settings.tracker,
                proposed_at=context.now,
                rule=who,
            )
            session.add(ticket)
        _adopt(ticket, remote, topic.title, context.now, who)
        session.flush()
        session.add(Mirror(ticket_id=ticket.id or 0, stale=True))
        if topic.state not in ("ignored", "snoozed"):
            topic.state = "tracked"
        record(session, context.now, who, "link", f"T-{topic.root}", {"key": remote.key})
    return remote


def unlink(session: Session, name: str, who: str, at: datetime) -> list[str]:
    """Let go of an issue, named by its key or by its topic; return its topics. The issue stays as it is.

    Its topics may be proposed anew. Raises `InputError` when there is none.
    """
    tickets = [t for t in _named(session, name) if t.state in ("open", "done")]
    if not tickets:
        raise InputError(
            f"{name} is no issue of ours and no topic with one; see: feedback-bridge tickets list"
        )
    for ticket in tickets:
        let_go(session, ticket, who, at)
    return [f"T-{ticket.topic}" for ticket in tickets]


def let_go(session: Session, ticket: Ticket, who: str, at: datetime) -> None:
    """Let go of a ticket's issue, and of those that go along with it; its topic may be proposed anew."""
    ticket.state = UNLINKED
    for companion in ticket_store.companions(session).get(ticket.id or 0, ()):
        companion.state = UNLINKED
    topic = store.topic(session, ticket.topic)
    if topic is not None and topic.root == topic.number and topic.state not in ("ignored", "snoozed"):
        topic.state = "new"
    record(session, at, who, "unlink", f"T-{ticket.topic}", {"key": ticket.key})


def _named(session: Session, name: str) -> list[Ticket]:
    if not TOPIC.fullmatch(name):
        found = select(Ticket).where(Ticket.workspace_id == WORKSPACE, Ticket.key == name)
        return list(session.exec(found))
    topic = existing(session, topic_number(name))
    ticket = store.tickets(session, [topic.root]).get(topic.root)
    return [] if ticket is None else [ticket]


def _refuse(session: Session, old: Ticket | None, remote: Remote, number: int) -> None:
    if old is None:
        return
    if old.remote_id == remote.id:
        raise InputError(f"T-{number} is linked to {remote.key} already")
    if old.state == "open":
        raise InputError(
            f"T-{number} has {old.key}; let go of it first: feedback-bridge tickets unlink T-{number}"
        )
    if old.id in ticket_store.under_way(session):
        raise InputError(
            f"the ticket of T-{number} is being created; run feedback-bridge sync, then try again"
        )


def _adopt(ticket: Ticket, remote: Remote, title: str, now: datetime, who: str) -> None:
    ticket.state = "done" if remote.is_done else "open"
    ticket.adopted, ticket.title, ticket.reason = True, title, f"linked by {who}"
    ticket.project = remote.project or remote.key.partition("-")[0]
    ticket.key, ticket.remote_id, ticket.url = remote.key, remote.id, remote.url
    ticket.marker = ""  # it was never created by us
    ticket.created_at = now
