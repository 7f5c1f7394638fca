"""Tickets: proposals, their states, and what the rules need to know."""

from __future__ import annotations

from collections.abc import Collection
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


def any_open(session: Session) -> bool:
    """Tell whether an effect of an earlier run has not come to its end."""
    found = select(Intent.id).where(Intent.workspace_id == WORKSPACE, col(Intent.state).in_(OPEN[:-1]))
    return session.exec(found.limit(1)).first() is not None


def by_id(session: Session) -> dict[int, Ticket]:
    """Return all tickets by their ids."""
    rows = session.exec(select(Ticket).where(Ticket.workspace_id == WORKSPACE))
    return {ticket.id or 0: ticket for ticket in rows}


def not_sent(session: Session, other_than: str) -> list[Ticket]:
    """Return the tickets meant for another tracker than this one that no tracker was ever asked for."""
    asked = select(Intent.ticket_id).where(Intent.workspace_id == WORKSPACE)
    return list(
        session.exec(
            select(Ticket)
            .where(
                Ticket.workspace_id == WORKSPACE,
                Ticket.tracker != other_than,
                col(Ticket.remote_id).is_(None),
                col(Ticket.state).in_(("proposed", "approved")),
                col(Ticket.id).not_in(asked),
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
