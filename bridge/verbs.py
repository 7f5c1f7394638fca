"""What people decide about topics, and how it is undone.

Each decision keeps what it changed as it was, so undo is the exact inverse; states that something else has
changed since stay.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bridge.decision import Change, touch
from bridge.errors import InputError
from bridge.models import Assignment, KeyQuote, Ticket, Topic
from bridge.placing import Placing, existing, topic_number
from bridge.store import key_quotes, places
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.undo import undo, undo_recluster

__all__ = ["Verbs", "existing", "topic_number"]


class Verbs(Placing):
    """All decisions of one person at one time, in one transaction."""

    def approve(self, number: int, *, tracker: str, project: str, type_: str) -> None:
        """Let the topic's ticket be created at the next sync."""
        topic = self._shown(number)
        ticket = store.tickets(self._session, [number]).get(number)
        if ticket is not None and ticket.state in ("open", "approved"):
            raise InputError(f"the ticket of T-{number} is {ticket.state} already; nothing to approve")

        def do() -> None:
            if ticket is None:
                self._session.add(self._ticket(topic, "approved", tracker, project, type_))
            else:
                ticket.state = "approved"
            topic.state, topic.state_before = "in review", None

        self._decide(Change(verb="approve", topic=number, do=do, topics=[topic], tickets=[ticket]))

    def reject(self, number: int, *, tracker: str, project: str, type_: str) -> None:
        """Make no ticket of the topic, now or later; the topic goes on."""
        topic = self._shown(number)
        ticket = store.tickets(self._session, [number]).get(number)
        if ticket is not None and ticket.state in ("open", "done"):
            raise InputError(f"the ticket of T-{number} is {ticket.state} in the tracker; close it there")

        def do() -> None:
            if ticket is None:
                self._session.add(self._ticket(topic, "rejected", tracker, project, type_))
            else:
                ticket.state = "rejected"
            topic.state, topic.state_before = "new", None

        self._decide(Change(verb="reject", topic=number, do=do, topics=[topic], tickets=[ticket]))

    def ignore(self, number: int) -> None:
        """Hide the topic for good; what is said of it later stays with it."""
        topic = existing(self._session, number)
        self._of_topic("ignore", topic, lambda: _state(topic, "ignored"))

    def snooze(self, number: int, *, until: datetime | None, until_reach: int | None) -> None:
        """Hold the topic's ticket back until a time, or until so many people said it."""
        topic = existing(self._session, number)

        def do() -> None:
            _state(topic, "snoozed")
            topic.state_until, topic.state_until_reach = until, until_reach

        self._of_topic("snooze", topic, do)

    def rename(self, number: int, title: str) -> None:
        """Give the topic a title that no machine replaces."""
        topic = existing(self._session, number)
        words = " ".join(title.split())
        if not words:
            raise InputError("the title is empty; write a few words")

        def do() -> None:
            topic.title, topic.title_by = words[:255], "person"

        self._of_topic("rename", topic, do)

    def pin(self, number: int, name: str) -> None:
        """Make a statement a key quote: it stands first in the topic's evidence while it is of the topic.

        `name` is written as in `remove`, and means one statement.
        """
        row = self._quote(number, name)
        shown = key_quotes.of(self._session, [number]).get(number, [])
        if row.statement_id in shown:
            raise InputError(f"{name!r} is a key quote of T-{number} already")
        if len(shown) >= key_quotes.MOST:
            raise InputError(
                f"T-{number} has {len(shown)} key quotes, and {key_quotes.MOST} is the most; unpin one first"
            )
        pin = (row.statement_id, row.topic or number)

        def do() -> None:
            self._session.add(
                KeyQuote(statement_id=pin[0], topic=pin[1], turn=key_quotes.next_turn(self._session))
            )
            touch(self._session, number)

        self._decide(Change(verb="pin", topic=number, do=do, pins=[pin]))

    def unpin(self, number: int, name: str) -> None:
        """Let a statement be a key quote no longer."""
        row = self._quote(number, name)
        pins = key_quotes.pins(self._session, number, row.statement_id)
        if not pins:
            raise InputError(
                f"{name!r} is no key quote of T-{number}; see: feedback-bridge topics show T-{number}"
            )

        def do() -> None:
            for pin in pins:
                self._session.delete(self._session.get_one(KeyQuote, pin))
            touch(self._session, number)

        self._decide(Change(verb="unpin", topic=number, do=do, pins=pins))

    def _quote(self, number: int, name: str) -> Assignment:
        """Return the place of the one statement of a topic that is named."""
        existing(self._session, number)
        rows = places.named(self._session, number, [name])
        if len(rows) > 1:
            raise InputError(
                f"{name!r} says {len(rows)} things in T-{number}; name one of them, such as {name}#1"
            )
        if rows[0].status == "repost":
            raise InputError(
                f"{name!r} repeats what another said; pin the original, which is quoted in its stead"
            )
        return rows[0]

    def undo(self, number: int) -> str:
        """Take back the latest decision about a topic; return its verb."""
        return undo(self._session, number, self._who, self._at)

    def undo_recluster(self) -> int:
        """Take back all of the latest recluster; return how many statements go back."""
        return undo_recluster(self._session, self._who, self._at)

    def _shown(self, number: int) -> Topic:
        topic = existing(self._session, number)
        if topic.state == "ignored":
            raise InputError(
                f"T-{number} is ignored; undo that first: feedback-bridge topics undo T-{number}"
            )
        return topic

    def _of_topic(self, verb: str, topic: Topic, do: Callable[[], None]) -> None:
        self._decide(Change(verb=verb, topic=topic.number, do=do, topics=[topic]))

    def _ticket(self, topic: Topic, state: str, tracker: str, project: str, type_: str) -> Ticket:
        return Ticket(
            topic=topic.number,
            state=state,
            tracker=tracker,
            project=project,
            type=type_,
            marker=ticket_store.free_marker(self._session, project, topic.number),
            title=topic.title,
            rule=self._who,
            reason=f"{state} by {self._who}",
            proposed_at=self._at,
        )


def _state(topic: Topic, state: str) -> None:
    topic.state_before = topic.state if topic.state not in ("ignored", "snoozed") else topic.state_before
    topic.state = state
