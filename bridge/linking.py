"""Linking a topic to an issue that people made, and letting go of one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import InputError
from bridge.models import Mirror, Ticket
from bridge.placing import existing
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.store.audit import record
from bridge.tracker import marker

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.pipeline.context import Context
    from bridge.tracker import Remote

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


def unlink(session: Session, number: int, who: str, at: datetime) -> str | None:
    """Let go of a topic's issue, which stays as it is; return its key. The topic may be proposed anew."""
    topic = existing(session, number)
    ticket = store.tickets(session, [topic.root]).get(topic.root)
    if ticket is None or ticket.state not in ("open", "done"):
        raise InputError(f"T-{number} has no issue to let go of")
    ticket.state = UNLINKED
    for companion in ticket_store.companions(session).get(ticket.id or 0, ()):
        companion.state = UNLINKED
    if topic.state not in ("ignored", "snoozed"):
        topic.state = "new"
    record(session, at, who, "unlink", f"T-{topic.root}", {"key": ticket.key})
    return ticket.key


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
    ticket.marker = marker("1", ticket.project, ticket.topic)
    ticket.created_at = now
