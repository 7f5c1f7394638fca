"""Taking back what we did to an issue, as far as the tracker lets it be undone.

The latest thing goes first: an update's fields get what stood there before and are people's own from then on,
a comment says that it was taken back, a reopened issue is closed again, and a created one is closed and let
go. What can't be undone in any tracker: the mail it has sent about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from bridge.errors import InputError, TrackerError
from bridge.models import WORKSPACE, Intent, Ticket
from bridge.pipeline.restoring import UNDO, RestoreFields, name_of, taking_back
from bridge.pipeline.sending import ledger_of
from bridge.store.audit import record

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.pipeline.context import Context
    from bridge.tracker import Tracker

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
        if row.effect in _SAYS and not row.key.startswith(UNDO) and name_of(row) not in undone:
            if row.effect == "create":
                _refuse_shared(session, ticket)
            return Last(ticket, row)
    raise InputError(
        f"nothing that we did to {key} can be taken back (any more); links follow the evidence by themselves"
    )


def take_back(context: Context, last: Last, who: str) -> str:
    """Take something back, once; return what was done. Raises `TrackerError` when the tracker refuses."""
    tracker = context.tracker()
    _refuse_moved(tracker, last)
    ledger = ledger_of(context, tracker)
    with context.database.reading() as session:
        effect = taking_back(session, last.intent, name_of(last.intent), who)
    outcome = ledger.perform(effect)
    if outcome == "confirmed" and isinstance(effect, RestoreFields) and not effect.fields:
        return (
            f"{last.ticket.key}: nothing to put back: the tracker keeps no history, or people edited it since"
        )
    if outcome == "confirmed":
        with context.database.writing() as session:
            details = {"intent": last.intent.id, "key": last.ticket.key}
            record(session, context.now, who, f"undo {last.intent.effect}", f"T-{last.ticket.topic}", details)
        return f"done: {last.says}"
    if outcome == "waiting":
        return "no answer yet: whether it was done is found out by the next feedback-bridge sync"
    raise TrackerError("; ".join(ledger.errors) or ledger.stopped or f"{last.ticket.key}: not taken back")


def _refuse_moved(tracker: Tracker, last: Last) -> None:
    """Refuse to close again what people have moved since we reopened it."""
    since = last.intent.settled_at
    if last.intent.effect != "transition" or since is None:
        return
    moved = [e for e in tracker.history(last.ticket.remote_id or "", since) if e.field == "status"]
    if any(not edit.ours for edit in moved):
        raise InputError(f"people have moved {last.ticket.key} since we reopened it; close it there")


def _refuse_shared(session: Session, ticket: Ticket) -> None:
    """Refuse to close an issue as created by mistake that stands for another topic too."""
    others = session.exec(
        select(Ticket).where(
            Ticket.workspace_id == WORKSPACE,
            Ticket.remote_id == ticket.remote_id,
            Ticket.tracker == ticket.tracker,
            Ticket.id != ticket.id,
            col(Ticket.state).in_(("open", "done")),
        )
    ).all()
    if others:
        raise InputError(
            f"{ticket.key} stands for T-{others[0].topic} too; let go of it first: "
            f"feedback-bridge tickets unlink T-{others[0].topic}"
        )
