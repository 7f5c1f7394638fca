"""A decision as it is kept: what it changed, as it was before, so that undo is the exact inverse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Barred, Decision, KeyQuote, Ticket, Topic
from bridge.store import slices
from bridge.store import topics as store

_STATE = ("state", "state_before", "state_until", "state_until_reach")
_TOPIC: Mapping[str, tuple[str, ...]] = {
    "rename": ("title", "title_by"),
    "merge": ("root", "merged_into"),
} | dict.fromkeys(("approve", "reject", "ignore", "snooze"), _STATE)
_TICKET = ("state",)
_TICKET_AFTER = {"approve": "approved", "reject": "rejected"}
_LETS_GO = ("remove", "merge")
_LABEL = ("title", "keywords", "labelled_mentions")
_ASSIGNMENT = ("topic", "status", "pinned", "reason", "score", "runner_up", "runner_up_score")

Bar = tuple[int, int]
"""A statement and a topic that it is not of."""

Pin = tuple[int, int]
"""A statement and the topic that it is a key quote of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a decision is about to change, and how. `made` are the numbers of topics that it makes."""

    verb: str
    topic: int  # 0 when it is about none
    do: Callable[[], object]
    other: int | None = None
    topics: Sequence[Topic] = ()
    tickets: Sequence[Ticket | None] = ()
    assignments: Sequence[Assignment] = ()
    bars: Collection[Bar] = ()
    pins: Collection[Pin] = ()
    made: Sequence[int] = ()
    after: Mapping[str, Any] = field(default_factory=dict)


def keep(session: Session, change: Change, who: str, at: datetime, together: int | None = None) -> Decision:
    """Make a change and keep what was before."""
    before = _before(session, change)
    known = set(session.exec(select(Ticket.id)))
    change.do()
    session.flush()
    for made in set(session.exec(select(Ticket.id))) - known:
        before["ticket"][str(made)] = None
    names = _TOPIC.get(change.verb, ())
    after = {
        "topic": {str(topic.number): topic.state for topic in change.topics if "state" in names},
        "ticket": dict.fromkeys(before["ticket"], _TICKET_AFTER.get(change.verb)),
        **change.after,
    }
    decision = Decision(
        at=at, who=who, verb=change.verb, topic=change.topic, other=change.other, before=before, after=after
    )
    decision.together = together
    session.add(decision)
    session.flush()
    return decision


def _before(session: Session, change: Change) -> dict[str, dict[str, Any]]:
    names = _TOPIC.get(change.verb, ())
    statements = [row.statement_id for row in change.assignments]
    stages = slices.statements(session, statements) if change.verb in _LETS_GO else []
    before: dict[str, dict[str, Any]] = {
        "topic": {str(topic.number): _values(topic, names) for topic in change.topics}
        | {str(number): None for number in change.made},
        "ticket": {str(ticket.id): _values(ticket, _TICKET) for ticket in change.tickets if ticket},
        "assignment": {str(row.statement_id): _values(row, _ASSIGNMENT) for row in change.assignments},
        "barred": {f"{key}:{topic}": bar_of(session, (key, topic)) is not None for key, topic in change.bars},
        "key quote": {f"{key}:{topic}": turn_of(session, (key, topic)) for key, topic in change.pins},
        "stage": {str(statement.id): statement.stage for statement in stages},
    }
    grows = store.topic(session, change.other) if change.other and change.verb == "merge" else None
    if grows is not None:  # and will be named after what it becomes
        before["label"] = {str(grows.number): _values(grows, _LABEL)}
    return {part: rows for part, rows in before.items() if rows or part in ("topic", "ticket", "assignment")}


def newer(session: Session, decision: Decision) -> Decision | None:
    """Return a later decision, not undone, that changed what this one changed."""
    later = session.exec(
        select(Decision).where(
            Decision.workspace_id == WORKSPACE,
            col(Decision.id) > decision.id,
            col(Decision.undone_at).is_(None),
        )
    )
    mine, made = _changed(decision), made_by(decision)
    return next((d for d in later if mine & _changed(d) or {d.topic, d.other} & made), None)


def _changed(decision: Decision) -> set[tuple[str, str]]:
    return {
        (table, key)
        for table, rows in decision.before.items()
        if table not in ("label", "stage")
        for key in rows
    }


def made_by(decision: Decision) -> set[int | None]:
    """Return the numbers of the topics that a decision made."""
    return {int(number) for number, values in decision.before.get("topic", {}).items() if values is None}


def bar_of(session: Session, bar: Bar) -> Barred | None:
    """Return a stored bar."""
    return session.get(Barred, bar)


def turn_of(session: Session, pin: Pin) -> int | None:
    """Return where a stored pin stands among the others, None if there is none."""
    found = session.get(KeyQuote, pin)
    return None if found is None else found.turn


def bar(session: Session, bars: Collection[Bar]) -> None:
    """Say of each pair that the statement is not of the topic."""
    for pair in sorted(bars):
        if bar_of(session, pair) is None:
            session.add(Barred(statement_id=pair[0], topic=pair[1]))
    session.flush()


def touch(session: Session, number: int | None) -> None:
    """Mark a topic whose members changed."""
    topic = store.topic(session, number) if number else None
    if topic is not None:
        topic.touched += 1


def _values(row: Any, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in values.items()}
