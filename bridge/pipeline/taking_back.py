"""Taking back what we did to an issue, as far as the tracker lets it be undone.

The latest thing goes first: an update's fields get what stood there before and are people's own from then on,
a comment says that it was taken back, a reopened issue is closed again, and a created one is closed and let
go. What can't be undone in any tracker: the mail it has sent about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlmodel import col, select

from bridge.errors import InputError, TrackerError
from bridge.models import WORKSPACE, Intent, Ticket
from bridge.pipeline import noting
from bridge.pipeline.restoring import UNDO, BlankComment, RestoreFields, closing
from bridge.pipeline.sending import ledger_of
from bridge.store.audit import record

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.pipeline.context import Context
    from bridge.tracker.effects import Effect

_SKEW = timedelta(seconds=5)  # how far the tracker's clock may be behind ours
_SAYS = {
    "create": "close {key} as created by mistake, and let go of it",
    "update": "put back what stood in {key} before the update of {when}, and leave these fields to people",
    "comment": "replace the comment of {when} on {key} by a line that says it was taken back",
    "transition": "close {key} again, which was reopened {when}",
}


@dataclass(frozen=True, slots=True)
class Last:
    """The latest effect of ours on an issue that can be taken back."""

    ticket: Ticket
    intent: Intent

    @property
    def says(self) -> str:
        """What taking it back does, in words."""
        when = f"{self.intent.settled_at:%Y-%m-%d %H:%M}" if self.intent.settled_at else ""
        return _SAYS[self.intent.effect].format(key=self.ticket.key, when=when)


def latest(session: Session, key: str) -> Last:
    """Return what would be taken back on an issue; raises `InputError` if there is nothing."""
    ticket = session.exec(
        select(Ticket)
        .where(Ticket.workspace_id == WORKSPACE, Ticket.key == key, col(Ticket.state).in_(("open", "done")))
        .order_by(col(Ticket.id))
    ).first()
    if ticket is None:
        raise InputError(f"{key} is no issue of ours; see: feedback-bridge tickets list")
    rows = session.exec(
        select(Intent)
        .where(Intent.ticket_id == ticket.id, Intent.state == "confirmed")
        .order_by(col(Intent.settled_at).desc(), col(Intent.id).desc())
    ).all()
    undone = {row.key for row in rows if row.key.startswith(UNDO)}
    for row in rows:
        if row.effect in _SAYS and not row.key.startswith(UNDO) and _name(row) not in undone:
            return Last(ticket, row)
    raise InputError(
        f"nothing that we did to {key} can be taken back (any more); links follow the evidence by themselves"
    )


def effect_of(last: Last, who: str) -> Effect:
    """Return the effect that takes something back."""
    intent, ticket_id = last.intent, last.ticket.id or 0
    key = _name(intent)
    match intent.effect:
        case "update":
            since = intent.sent_at or last.ticket.proposed_at
            return RestoreFields(ticket_id=ticket_id, key=key, since=since - _SKEW)
        case "comment":
            return BlankComment(ticket_id=ticket_id, key=key, op=intent.op, evidence=_is_evidence(intent))
        case _:
            return closing(ticket_id, key, who)


def take_back(context: Context, last: Last, who: str) -> str:
    """Take something back, once; return what was done. Raises `TrackerError` when the tracker refuses."""
    ledger = ledger_of(context, context.tracker())
    outcome = ledger.perform(effect_of(last, who))
    if outcome == "confirmed":
        with context.database.writing() as session:
            details = {"intent": last.intent.id, "key": last.ticket.key}
            record(session, context.now, who, f"undo {last.intent.effect}", f"T-{last.ticket.topic}", details)
        return f"done: {last.says}"
    if outcome == "waiting":
        return "no answer yet: whether it was done is found out by the next feedback-bridge sync"
    raise TrackerError("; ".join(ledger.errors) or ledger.stopped or f"{last.ticket.key}: not taken back")


def _is_evidence(intent: Intent) -> bool:
    return noting.effect_name(intent.key) == noting.EVIDENCE


def _name(intent: Intent) -> str:
    """Name the taking back of an effect; an update is had again and again, so its time is part of it."""
    at = f" {intent.settled_at:%Y%m%dT%H%M%S}" if intent.effect == "update" and intent.settled_at else ""
    return f"{UNDO}{intent.effect} {intent.id}{at}"
