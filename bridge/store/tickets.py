"""Tickets: proposals, their states, and what the rules need to know."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from bridge.marks import marker
from bridge.models import WORKSPACE, BacklogIssue, Intent, Mirror, Ticket, Topic


def created_since(session: Session, now: datetime) -> int:
    """Return how many creates were sent in the 24 hours up to now."""
    return session.exec(
        select(func.count())
        .select_from(Intent)
        .where(
            Intent.workspace_id == WORKSPACE,
            Intent.effect == "create",
            col(Intent.state).in_(("planned", "sent", "in doubt", "confirmed")),
            col(Intent.planned_at) > now - timedelta(days=1),
        )
    ).one()


def with_open_creates(session: Session) -> set[int]:
    """Return the ids of tickets whose create is under way."""
    return set(
        session.exec(
            select(Intent.ticket_id).where(
                Intent.workspace_id == WORKSPACE,
                Intent.effect == "create",
                col(Intent.state).in_(("planned", "sent", "in doubt", "absent", "needs a person")),
            )
        )
    )


def with_issue(session: Session, tracker: str) -> list[Ticket]:
    """Return the tickets that have an issue in this tracker, by id."""
    return list(
        session.exec(
            select(Ticket)
            .where(
                Ticket.workspace_id == WORKSPACE,
                Ticket.tracker == tracker,
                col(Ticket.remote_id).is_not(None),
                col(Ticket.state).in_(("open", "done")),
            )
            .order_by(col(Ticket.id))
        )
    )


def companions(session: Session) -> dict[int, list[Ticket]]:
    """Return the tickets that go along with another one in further projects, by the other's id."""
    found: dict[int, list[Ticket]] = {}
    for row in session.exec(
        select(Ticket)
        .where(Ticket.workspace_id == WORKSPACE, col(Ticket.also_of).is_not(None))
        .order_by(col(Ticket.id))
    ):
        found.setdefault(row.also_of or 0, []).append(row)
    return found


OPEN = ("planned", "sent", "in doubt", "absent", "needs a person")
ONCE = ("create", "comment", "transition", "link")


def under_way(session: Session) -> dict[int, Intent]:
    """Return, by ticket, the effect that must end before others are had; upserts are none."""
    found = session.exec(
        select(Intent)
        .where(Intent.workspace_id == WORKSPACE, col(Intent.effect).in_(ONCE), col(Intent.state).in_(OPEN))
        .order_by(col(Intent.id))
    )
    return {intent.ticket_id: intent for intent in found}


def forget_refused(session: Session, ticket_id: int) -> None:
    """Remove what was refused or withdrawn of a ticket that goes elsewhere now; the audit log keeps it."""
    session.execute(
        delete(Intent).where(
            col(Intent.ticket_id) == ticket_id, col(Intent.state).in_(("refused", "withdrawn"))
        )
    )


def last_word(session: Session, tracker: str, remote_id: str | None) -> datetime | None:
    """Return when an issue was last commented on for any of its tickets."""
    return session.exec(
        select(func.max(Mirror.commented_at)).where(
            Ticket.id == Mirror.ticket_id, Ticket.tracker == tracker, Ticket.remote_id == remote_id
        )
    ).one()


def free_marker(session: Session, project: str, topic: int) -> str:
    """Return the marker of a topic's next issue in a project: none that another ticket was ever sent with."""
    asked = select(Intent.ticket_id).where(Intent.workspace_id == WORKSPACE)
    used = set(
        session.exec(
            select(Ticket.marker).where(
                Ticket.workspace_id == WORKSPACE,
                Ticket.topic == topic,
                col(Ticket.remote_id).is_not(None) | col(Ticket.id).in_(asked),
            )
        )
    )
    nth = 1
    while (found := marker("1", project, topic, nth)) in used:
        nth += 1
    return found


def any_open(session: Session) -> bool:
    """Tell whether an effect of an earlier run has not come to its end."""
    found = select(Intent.id).where(Intent.workspace_id == WORKSPACE, col(Intent.state).in_(OPEN[:-1]))
    return session.exec(found.limit(1)).first() is not None


def by_id(session: Session) -> dict[int, Ticket]:
    """Return all tickets by their ids."""
    rows = session.exec(select(Ticket).where(Ticket.workspace_id == WORKSPACE))
    return {ticket.id or 0: ticket for ticket in rows}


def not_sent(session: Session) -> list[Ticket]:
    """Return the tickets that no tracker was ever asked for with an unclear end, and that have no issue."""
    open_or_had = select(Intent.ticket_id).where(
        Intent.workspace_id == WORKSPACE, col(Intent.state).not_in(("refused", "withdrawn"))
    )
    return list(
        session.exec(
            select(Ticket)
            .where(
                Ticket.workspace_id == WORKSPACE,
                col(Ticket.remote_id).is_(None),
                col(Ticket.also_of).is_(None),
                col(Ticket.state).in_(("proposed", "approved")),
                col(Ticket.id).not_in(open_or_had),
            )
            .order_by(col(Ticket.id))
        )
    )


def had(session: Session) -> frozenset[tuple[int, str]]:
    """Return, by ticket, the keys of the effects that were had."""
    rows = session.exec(
        select(Intent.ticket_id, Intent.key).where(
            Intent.workspace_id == WORKSPACE,
            Intent.state == "confirmed",
            col(Intent.effect).in_(("comment", "link", "transition")),
        )
    )
    return frozenset((ticket_id, key) for ticket_id, key in rows)


def earlier(session: Session, tracker: str, latest: Collection[int | None]) -> dict[int, list[Ticket]]:
    """Return, by topic, the tickets with an issue that are none of the latest ones, oldest first."""
    found: dict[int, list[Ticket]] = {}
    for row in with_issue(session, tracker):
        if row.id not in latest:
            found.setdefault(row.topic, []).append(row)
    return found


def ticket(session: Session, ticket_id: int) -> Ticket | None:
    """Return a ticket by its id."""
    return session.get(Ticket, ticket_id)


def ticket_rows(session: Session) -> list[dict[str, Any]]:
    """Return all tickets as rows, those that wait for a person first.

    `fault` says what the tracker refused the last time, or what is in doubt.
    """
    rows = session.exec(
        select(Ticket, Topic.root, Topic.title, Mirror)
        .join(Topic, (col(Topic.number) == col(Ticket.topic)) & (col(Topic.workspace_id) == WORKSPACE))
        .outerjoin(Mirror, col(Mirror.ticket_id) == col(Ticket.id))
        .where(Ticket.workspace_id == WORKSPACE)
        .order_by(col(Ticket.id))
    ).all()
    faults = _faults(session)
    shown = [
        {
            "topic": f"T-{root}",
            "state": ticket.state,
            "project": ticket.project,
            "type": ticket.type,
            "title": title or ticket.title,
            "key": ticket.key,
            "url": ticket.url,
            "status": mirror.status or None if mirror else None,
            "assignee": mirror.assignee if mirror else None,
            "rule": ticket.rule,
            "reason": ticket.reason,
            "fault": faults.get(ticket.id or 0),
        }
        for ticket, root, title, mirror in rows
    ]
    return sorted(shown, key=lambda row: row["state"] != "proposed")


def _faults(session: Session) -> dict[int, str]:
    rows = session.exec(
        select(Intent)
        .where(
            Intent.workspace_id == WORKSPACE,
            col(Intent.state).in_(("refused", "in doubt", "needs a person")),
        )
        .order_by(col(Intent.id))
    )
    return {row.ticket_id: f"{row.effect} {row.state}: {row.outcome}" for row in rows}


def backlog_issue(session: Session, key: str) -> BacklogIssue | None:
    """Return an issue of the embedded backlog by its key."""
    return session.exec(
        select(BacklogIssue).where(BacklogIssue.workspace_id == WORKSPACE, BacklogIssue.key == key)
    ).first()
