"""What a plan is made from, read in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.models import Intent, Mirror, Ticket
from bridge.pipeline import noting
from bridge.pipeline.mirroring import mirrors
from bridge.plan import Person
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.tracker.ledger import needs_person

if TYPE_CHECKING:
    from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Known:
    """What the plan is made from, read in one transaction."""

    tickets: Mapping[int, Ticket]  # the main one of each topic
    companions: Mapping[int, Sequence[Ticket]]  # by the main one's id
    mirrors: Mapping[int, Mirror]
    under_way: Mapping[int, Intent]  # by ticket: an effect that must end before others are had
    had: frozenset[tuple[int, str]]  # by ticket: keys of effects that were had
    earlier: Mapping[int, Sequence[Ticket]]  # by topic: its former tickets
    waiting: int
    persons: tuple[Person, ...]

    def of(self, number: int) -> list[Ticket]:
        """Return a topic's tickets: the main one and those in further projects."""
        main = self.tickets.get(number)
        return [] if main is None else [main, *self.companions.get(main.id or 0, ())]


def read(session: Session, tracker: str) -> Known:
    """Read it; tickets that stand in another tracker are left aside."""
    found = store.tickets(session)
    tickets = {number: t for number, t in found.items() if t.tracker == tracker or t.remote_id is None}
    companions = ticket_store.companions(session)
    every = [*tickets.values(), *(t for found in companions.values() for t in found)]
    earlier = ticket_store.earlier(session, tracker, {ticket.id for ticket in every})
    merged_away = [t for former in earlier.values() for t in former if t.state == "open"]
    known = mirrors(session, [*every, *merged_away])
    return Known(
        tickets=tickets,
        companions=companions,
        mirrors=known,
        under_way=ticket_store.under_way(session),
        had=ticket_store.had(session),
        earlier=earlier,
        waiting=sum(ticket.state == "proposed" for ticket in tickets.values()),
        persons=(
            *noting.persons(session, [*every, *merged_away], known),
            *(_person(row) for row in needs_person(session)),
        ),
    )


def _person(row: Mapping[str, Any]) -> Person:
    command = f"feedback-bridge tickets settle {row['topic']}"
    return Person(
        topic=int(str(row["topic"]).removeprefix("T-")),
        project=row["project"],
        key=row["ticket"],
        reason=row["reason"],
        next_step=f"{row['next_step']}: {command} --absent, --key KEY or --seen",
    )


def last_words(known: Known) -> dict[str, datetime]:
    """Return when an issue that several tickets share was last commented on, by the issue's id."""
    every = [*known.tickets.values(), *(t for found in known.companions.values() for t in found)]
    found: dict[str, datetime] = {}
    shared = Counter(ticket.remote_id for ticket in every if ticket.remote_id)
    for ticket in every:
        mirror, issue = known.mirrors.get(ticket.id or 0), ticket.remote_id or ""
        if shared[issue] > 1 and mirror is not None and mirror.commented_at is not None:
            found[issue] = max(found.get(issue, mirror.commented_at), mirror.commented_at)
    return found
