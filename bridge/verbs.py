"""What people decide about topics, and how it is undone.

Each decision keeps what it changed as it was, so undo is the exact inverse; states that something else has
changed since stay. A merge is a pointer: the statements stay where they are, and counts follow the pointer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bridge.errors import InputError
from bridge.models import WORKSPACE, Assignment, Decision, Intent, Item, Statement, Ticket, Topic
from bridge.store import topics as store
from bridge.store.audit import record
from bridge.store.tickets import with_open_creates
from bridge.tracker import marker

_STATE = ("state", "state_before", "state_until", "state_until_reach")
_TOPIC: Mapping[str, tuple[str, ...]] = {
    "rename": ("title", "title_by"),
    "merge": ("root", "merged_into"),
    "move": (),
} | dict.fromkeys(("approve", "reject", "ignore", "snooze"), _STATE)
_TICKET = ("state",)
_TICKET_AFTER = {"approve": "approved", "reject": "rejected"}
_LABEL = ("title", "keywords", "labelled_mentions")
_ASSIGNMENT = ("topic", "status", "pinned", "reason", "score")


def topic_number(text: str) -> int:
    """Read "T-12" (or "12")."""
    digits = text.strip().upper().removeprefix("T-")
    if not digits.isdecimal():
        raise InputError(f"{text!r} is no topic; write T-12, see: feedback-bridge topics list")
    return int(digits)


def existing(session: Session, number: int) -> Topic:
    """Return a topic, and say what to do if there is none or it was merged."""
    topic = store.topic(session, number)
    if topic is None:
        raise InputError(f"there is no topic T-{number}; see: feedback-bridge topics list")
    if topic.root != number:
        raise InputError(f"T-{number} was merged into T-{topic.root}; name T-{topic.root} instead")
    return topic


class Verbs:
    """Decisions of one person at one time, in one transaction."""

    def __init__(self, session: Session, who: str, at: datetime) -> None:
        self._session = session
        self._who = who
        self._at = at

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

        self._decide("approve", topic, do, tickets=[ticket])

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

        self._decide("reject", topic, do, tickets=[ticket])

    def ignore(self, number: int) -> None:
        """Hide the topic for good; what is said of it later stays with it."""
        topic = existing(self._session, number)
        self._decide("ignore", topic, lambda: _state(topic, "ignored"))

    def snooze(self, number: int, *, until: datetime | None, until_reach: int | None) -> None:
        """Hold the topic's ticket back until a time, or until so many people said it."""
        topic = existing(self._session, number)

        def do() -> None:
            _state(topic, "snoozed")
            topic.state_until, topic.state_until_reach = until, until_reach

        self._decide("snooze", topic, do)

    def rename(self, number: int, title: str) -> None:
        """Give the topic a title that no machine replaces."""
        topic = existing(self._session, number)
        words = " ".join(title.split())
        if not words:
            raise InputError("the title is empty; write a few words")

        def do() -> None:
            topic.title, topic.title_by = words[:255], "person"

        self._decide("rename", topic, do)

    def merge(self, number: int, into: int) -> None:
        """Let one topic be part of another from now on."""
        topic = existing(self._session, number)
        existing(self._session, into)
        if number == into:
            raise InputError(f"T-{number} can't be merged into itself; name another topic")
        family = self._session.exec(
            select(Topic).where(Topic.workspace_id == WORKSPACE, Topic.root == number)
        ).all()

        def do() -> None:
            for member in family:
                member.root = into
            topic.merged_into = into
            _touch(self._session, number)
            _touch(self._session, into)

        self._decide("merge", topic, do, other=into, topics=family)

    def move(self, source: str, external_id: str, to: int | None) -> int:
        """Put all statements of an item into a topic, or out of all; return how many there are."""
        if to is not None:
            existing(self._session, to)
        statements = self._session.exec(
            select(Assignment)
            .join(Statement, col(Statement.id) == col(Assignment.statement_id))
            .join(Item, col(Item.id) == col(Statement.item_id))
            .where(Item.workspace_id == WORKSPACE, Item.source == source, Item.external_id == external_id)
        ).all()
        if not statements:
            raise InputError(f"there is no item {external_id!r} in source {source!r}; see: items search")
        number = to or next((row.topic for row in statements if row.topic), None)
        topic = store.topic(self._session, number) if number else None

        def do() -> None:
            for row in statements:
                _touch(self._session, row.topic)
                row.topic, row.status = to, "published" if to else "out"
                row.pinned, row.score = True, 1.0 if to else None
                row.reason = f"put here by {self._who}" if to else f"taken out by {self._who}"
            _touch(self._session, to)

        self._decide("move", topic, do, assignments=statements)
        return len(statements)

    def undo(self, number: int) -> str:
        """Take back the latest decision about a topic; return its verb."""
        latest = next(
            (d for d in reversed(store.decisions(self._session, number)) if d.undone_at is None), None
        )
        if latest is None:
            raise InputError(f"nobody has decided anything about T-{number} that is not undone yet")
        newer = self._newer(latest)
        if newer is not None:
            raise InputError(f"undo the later decision about T-{newer.topic} first: {newer.verb}")
        if latest.verb == "approve":
            self._not_sent(number)
        _restore(self._session, latest.before, latest.after)
        latest.undone_at = self._at
        record(
            self._session, self._at, self._who, f"undo {latest.verb}", f"T-{number}", {"decision": latest.id}
        )
        return latest.verb

    def _shown(self, number: int) -> Topic:
        topic = existing(self._session, number)
        if topic.state == "ignored":
            raise InputError(
                f"T-{number} is ignored; undo that first: feedback-bridge topics undo T-{number}"
            )
        return topic

    def _not_sent(self, number: int) -> None:
        ticket = store.tickets(self._session, [number]).get(number)
        if ticket is not None and ticket.state in ("open", "done"):
            raise InputError(f"{ticket.key} is in the tracker already; close it there")
        if ticket is not None and ticket.id in with_open_creates(self._session):
            raise InputError(
                f"the ticket of T-{number} is being created; see what became of it with: feedback-bridge sync"
            )

    def _newer(self, decision: Decision) -> Decision | None:
        """Return a later decision, not undone, that changed what this one changed."""
        later = self._session.exec(
            select(Decision).where(
                Decision.workspace_id == WORKSPACE,
                col(Decision.id) > decision.id,
                col(Decision.undone_at).is_(None),
            )
        )
        mine = _changed(decision)
        return next((other for other in later if mine & _changed(other)), None)

    def _decide(
        self,
        verb: str,
        topic: Topic | None,
        do: Callable[[], None],
        *,
        other: int | None = None,
        topics: Sequence[Topic] = (),
        tickets: Sequence[Ticket | None] = (),
        assignments: Sequence[Assignment] = (),
    ) -> None:
        rows = {topic.number: topic} if topic else {}
        rows |= {member.number: member for member in topics}
        there = [ticket for ticket in tickets if ticket is not None]
        before: dict[str, dict[str, Any]] = {
            "topic": {str(number): _values(row, _TOPIC[verb]) for number, row in rows.items()},
            "ticket": {str(ticket.id): _values(ticket, _TICKET) for ticket in there},
            "assignment": {str(row.statement_id): _values(row, _ASSIGNMENT) for row in assignments},
        }
        grows = store.topic(self._session, other) if other else None
        if grows is not None:  # and will be named after what it becomes
            before["label"] = {str(grows.number): _values(grows, _LABEL)}
        known = set(self._session.exec(select(Ticket.id)))
        do()
        self._session.flush()
        for made in set(self._session.exec(select(Ticket.id))) - known:
            before["ticket"][str(made)] = None
        after = {
            "topic": {str(n): row.state for n, row in rows.items() if "state" in _TOPIC[verb]},
            "ticket": dict.fromkeys(before["ticket"], _TICKET_AFTER.get(verb)),
        }
        number = topic.number if topic else 0
        self._session.add(
            Decision(
                at=self._at, who=self._who, verb=verb, topic=number, other=other, before=before, after=after
            )
        )
        details = {"other": other} if other else {}
        record(self._session, self._at, self._who, verb, f"T-{number}", details)

    def _ticket(self, topic: Topic, state: str, tracker: str, project: str, type_: str) -> Ticket:
        return Ticket(
            topic=topic.number,
            state=state,
            tracker=tracker,
            project=project,
            type=type_,
            marker=marker("1", project, topic.number),
            title=topic.title,
            rule=self._who,
            reason=f"{state} by {self._who}",
            proposed_at=self._at,
        )


def _changed(decision: Decision) -> set[tuple[str, str]]:
    return {(table, key) for table, rows in decision.before.items() if table != "label" for key in rows}


def _state(topic: Topic, state: str) -> None:
    topic.state_before = topic.state if topic.state not in ("ignored", "snoozed") else topic.state_before
    topic.state = state


def _touch(session: Session, number: int | None) -> None:
    topic = store.topic(session, number) if number else None
    if topic is not None:
        topic.touched += 1


def _values(row: Any, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in values.items()}


def _restore(
    session: Session, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> None:
    """Set back what a decision changed; states only if they are still those that it set (`after`)."""
    for number, values in before.get("topic", {}).items():
        topic = store.topic(session, int(number))
        if topic is not None:
            _touch(session, topic.number)
            _touch(session, topic.root)
            if "state" not in values or topic.state == after.get("topic", {}).get(number):
                _set(topic, values)
    for number, values in before.get("label", {}).items():
        topic = store.topic(session, int(number))
        if topic is not None and topic.title_by == "machine":
            _set(topic, values)
    for key, values in before.get("ticket", {}).items():
        ticket = session.get(Ticket, int(key))
        if ticket is not None and ticket.state == after.get("ticket", {}).get(key):
            _restore_ticket(session, ticket, values)
    for key, values in before.get("assignment", {}).items():
        row = session.get(Assignment, int(key))
        if row is not None:
            _touch(session, row.topic)
            _set(row, values)
            _touch(session, row.topic)


def _restore_ticket(session: Session, ticket: Ticket, values: Mapping[str, Any] | None) -> None:
    """Remove a ticket that a decision made; once the tracker was asked for it, it stays as a proposal."""
    if values is not None:
        _set(ticket, values)
    elif session.exec(select(Intent.id).where(Intent.ticket_id == ticket.id)).first() is None:
        session.delete(ticket)
    else:
        ticket.state = "proposed"


def _set(row: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        is_time = name == "state_until" and value is not None
        setattr(row, name, datetime.fromisoformat(value) if is_time else value)
