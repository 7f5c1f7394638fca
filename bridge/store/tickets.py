"""Tickets: proposals, their states, and what the rules need to know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, BacklogIssue, Intent, Ticket, Topic


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


def ticket(session: Session, ticket_id: int) -> Ticket | None:
    """Return a ticket by its id."""
    return session.get(Ticket, ticket_id)


def ticket_rows(session: Session) -> list[dict[str, Any]]:
    """Return all tickets as rows, those that wait for a person first."""
    rows = session.exec(
        select(Ticket, Topic.root, Topic.title)
        .where(
            Ticket.workspace_id == WORKSPACE, Topic.workspace_id == WORKSPACE, Topic.number == Ticket.topic
        )
        .order_by(col(Ticket.id))
    ).all()
    shown = [
        {
            "topic": f"T-{root}",
            "state": ticket.state,
            "project": ticket.project,
            "type": ticket.type,
            "title": title or ticket.title,
            "key": ticket.key,
            "url": ticket.url,
            "rule": ticket.rule,
            "reason": ticket.reason,
        }
        for ticket, root, title in rows
    ]
    return sorted(shown, key=lambda row: row["state"] != "proposed")


def backlog_issue(session: Session, key: str) -> BacklogIssue | None:
    """Return an issue of the embedded backlog by its key."""
    return session.exec(
        select(BacklogIssue).where(BacklogIssue.workspace_id == WORKSPACE, BacklogIssue.key == key)
    ).first()
