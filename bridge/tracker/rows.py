"""The statements that the ledger runs for every effect, made once; they go by the tables, not by the classes.

An effect costs three transactions: what they ask is kept to the columns they need. Where rows are few, in
doubt or before a person, `intents` goes by the classes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, insert, or_, select, update
from sqlmodel import Session

from bridge.models import WORKSPACE, Intent, Lease, Ticket

UNSURE = ("sent", "in doubt", "absent")
"""What may have been had, or may still be."""

_INTENT: Table = Intent.__table__  # type: ignore[attr-defined]
_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]
_LEASE: Table = Lease.__table__  # type: ignore[attr-defined]
_I = _INTENT.c

_TICKET_AND_INTENT = (
    select(
        _TICKET.c.topic,
        _TICKET.c.marker,
        _I.id.label("intent_id"),
        _I.state,
        _I.read_s,
        _I.sent_boot,
        _I.sent_s,
        _I.generation,
    )
    .outerjoin(
        _INTENT,
        (_I.ticket_id == _TICKET.c.id) & (_I.effect == bindparam("effect")) & (_I.key == bindparam("key")),
    )
    .where(_TICKET.c.id == bindparam("ticket"))
)
_OTHERS = select(_I.id).where(
    _I.workspace_id == WORKSPACE,
    _I.state.in_(UNSURE),
    or_(
        _I.ticket_id == bindparam("ticket"),
        (_I.effect == "create") & (_I.marker == bindparam("marker")),
    ),
)
_FENCE = (
    select(_LEASE.c.fence)
    .where(_LEASE.c.workspace_id == WORKSPACE, _LEASE.c.name == bindparam("lease"))
    .scalar_subquery()
)
_STANDING = select(
    _I.state, _I.op, _I.generation, _I.ticket_id, _I.outcome, _FENCE.label("newest_fence")
).where(_I.id == bindparam("intent"))
_NEW = insert(_INTENT)
_BLANK = {
    name: field.default
    for name, field in Intent.model_fields.items()
    if not field.is_required() and field.default is not None
}
_SET: dict[tuple[str, ...], Any] = {}
_OPEN = (
    select(_I.id, _I.state, _I.outcome, _I.sent_boot, _I.sent_s, _I.read_boot, _I.read_s)
    .where(_I.workspace_id == WORKSPACE, _I.state.in_(bindparam("states", expanding=True)))
    .order_by(_I.id)
)
_LEFT = select(_I.id, _I.ticket_id, _I.state, _I.canary).where(
    _I.workspace_id == WORKSPACE,
    or_(_I.state.in_(bindparam("states", expanding=True)), _I.canary != ""),
)
_FROM_SENT = (
    update(_INTENT)
    .where(_I.id == bindparam("intent"), _I.state == "sent")
    .values(state=bindparam("to_state"), outcome=bindparam("to_outcome"), settled_at=bindparam("to_at"))
)


def ticket_and_intent(session: Session, ticket_id: int, effect: str, key: str) -> Any:
    """Return a ticket's topic and marker, and what stands of an effect's intent; None without a ticket."""
    asked = {"ticket": ticket_id, "effect": effect, "key": key}
    return session.connection().execute(_TICKET_AND_INTENT, asked).first()


def is_unsure(session: Session, ticket_id: int, marker: str) -> bool:
    """Whether anything is unsure on a ticket, or any create by a marker."""
    found = session.connection().execute(_OTHERS, {"ticket": ticket_id, "marker": marker})
    return found.first() is not None


def standing(session: Session, intent_id: int, lease: str) -> Any:
    """Return state, op, generation, ticket_id and outcome of an intent, and the newest fence of a lease."""
    return session.connection().execute(_STANDING, {"intent": intent_id, "lease": lease}).first()


def add(session: Session, **values: Any) -> int:
    """Add an intent; return its id."""
    key = session.connection().execute(_NEW, {**_BLANK, **values}).inserted_primary_key
    return int(key[0]) if key else 0


def change(session: Session, intent_id: int, **values: Any) -> None:
    """Set columns of an intent."""
    names = tuple(values)
    if names not in _SET:
        sets: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
        _SET[names] = update(_INTENT).where(_I.id == bindparam("intent")).values(sets)
    session.connection().execute(
        _SET[names], {"intent": intent_id} | {f"to_{name}": value for name, value in values.items()}
    )


def end(session: Session, intent_id: int, state: str, outcome: str, at: datetime) -> None:
    """Bring an intent into a state."""
    change(session, intent_id, state=state, outcome=outcome, settled_at=at)


def not_ended(session: Session, states: tuple[str, ...]) -> list[Any]:
    """Return the intents in these states, oldest first: id, state, outcome, their send and last reading."""
    return list(session.connection().execute(_OPEN, {"states": states}))


def left(session: Session, states: tuple[str, ...]) -> list[Any]:
    """Return id, ticket_id, state and canary of the intents in these states, or with a canary."""
    return list(session.connection().execute(_LEFT, {"states": states}))


def end_sent(session: Session, intent_id: int, state: str, outcome: str, at: datetime) -> None:
    """Bring an intent into a state, if it is still as it was sent."""
    values = {"intent": intent_id, "to_state": state, "to_outcome": outcome, "to_at": at}
    session.connection().execute(_FROM_SENT, values)
