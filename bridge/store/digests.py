"""Digests: what was noted of each before it went out, and what they ask of tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, DigestSent, Mirror, Ticket, Topic
from bridge.times import stamp

SETTLED: Final = ("sent", "quiet", "in doubt")
"""States after which the same digest never goes out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedTicket:
    """A ticket that is done, with when that was, or when it was released."""

    ticket: int
    topic: int  # the root
    key: str
    url: str | None
    project: str
    at: datetime
    is_released: bool
    resolution: str | None
    status: str


def noted(session: Session, way: str, due: datetime) -> DigestSent | None:
    """Return what was noted of the digest that was due at a time, by one way."""
    return session.get(DigestSent, (WORKSPACE, way, due))


def as_json(row: DigestSent) -> dict[str, Any]:
    """Return a digest as it was noted, in the shape that `digest --json` prints."""
    return {
        "way": row.way,
        "due": stamp(row.due_at),
        "by": row.by or None,
        "state": row.state,
        "to": list(row.recipients),
        "since": stamp(row.since_at),
        "until": stamp(row.until_at),
        "tries": row.tries,
        "outcome": row.outcome,
    }


def last_told(session: Session, way: str | None = None) -> DigestSent | None:
    """Return the last digest of the schedule that went out, may have, or had nothing to tell."""
    these = [] if way is None else [DigestSent.way == way]
    return session.exec(
        select(DigestSent)
        .where(
            DigestSent.workspace_id == WORKSPACE,
            DigestSent.by == "",
            col(DigestSent.state).in_(SETTLED),
            *these,
        )
        .order_by(col(DigestSent.due_at).desc())
        .limit(1)
    ).first()


def first_since(session: Session, way: str | None = None) -> datetime | None:
    """Return from when on the schedule has had something to tell, None before its first digest."""
    these = [] if way is None else [DigestSent.way == way]
    return session.exec(
        select(func.min(DigestSent.since_at)).where(
            DigestSent.workspace_id == WORKSPACE, DigestSent.by == "", *these
        )
    ).one()


def newest(session: Session, limit: int) -> list[DigestSent]:
    """Return the latest digests of all ways, the last first."""
    return list(
        session.exec(
            select(DigestSent)
            .where(DigestSent.workspace_id == WORKSPACE)
            .order_by(col(DigestSent.due_at).desc(), col(DigestSent.way))
            .limit(limit)
        )
    )


def latest_by_way(session: Session) -> list[DigestSent]:
    """Return the latest digest of the schedule by each way."""
    last = (
        sa_select(col(DigestSent.way), func.max(col(DigestSent.due_at)).label("due"))
        .where(col(DigestSent.workspace_id) == WORKSPACE, col(DigestSent.by) == "")
        .group_by(col(DigestSent.way))
        .subquery()
    )
    found = select(DigestSent).join(
        last, (col(DigestSent.way) == last.c.way) & (col(DigestSent.due_at) == last.c.due)
    )
    return list(session.exec(found.where(DigestSent.workspace_id == WORKSPACE).order_by(DigestSent.way)))


def give_up_lost(session: Session, but: Sequence[str]) -> int:
    """Say of digests whose sender ended amid the sending that nobody knows; return how many.

    Whoever calls this holds the store, so nobody is at them any more. Ways named in `but` are left: what they
    do can be done again without anything being there twice.
    """
    lost: Any = session.execute(
        update(DigestSent)
        .where(
            col(DigestSent.workspace_id) == WORKSPACE,
            col(DigestSent.state) == "sending",
            (col(DigestSent.by) != "") | col(DigestSent.way).not_in(but),
        )
        .values(state="in doubt", outcome="the program ended while it was being sent")
    )
    return int(lost.rowcount)


def ended_tickets(session: Session, after: datetime, until: datetime) -> list[EndedTicket]:
    """Return the tickets that were done, or released, after one time and up to another, the latest last.

    Tickets that go along in further projects and issues closed as copies are left out.
    """
    at = func.coalesce(col(Mirror.released_at), col(Mirror.done_at))
    rows = session.exec(
        select(Ticket, Mirror, Topic.root)
        .join(Mirror, col(Mirror.ticket_id) == col(Ticket.id))
        .join(Topic, (col(Topic.number) == col(Ticket.topic)) & (col(Topic.workspace_id) == WORKSPACE))
        .where(
            Ticket.workspace_id == WORKSPACE,
            Ticket.state == "done",
            col(Ticket.also_of).is_(None),
            col(Mirror.copy_of).is_(None),
            at > after,
            at <= until,
        )
        .order_by(at, col(Ticket.id))
    )
    return [_ended(ticket, mirror, root) for ticket, mirror, root in rows]


def _ended(ticket: Ticket, mirror: Mirror, root: int) -> EndedTicket:
    at = mirror.released_at or mirror.done_at
    assert at is not None  # noqa: S101 - the query has asked for it
    return EndedTicket(
        ticket=ticket.id or 0,
        topic=root,
        key=ticket.key or "",
        url=ticket.url,
        project=ticket.project,
        at=at,
        is_released=mirror.released_at is not None,
        resolution=mirror.resolution,
        status=mirror.status,
    )


def born_after(session: Session, at: datetime) -> set[int]:
    """Return the numbers of the topics that were found after a time."""
    born = select(Topic.number).where(Topic.workspace_id == WORKSPACE, col(Topic.born_at) > at)
    return set(session.exec(born))
