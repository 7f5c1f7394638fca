"""The effects that take back what we did to an issue: fields put back, a comment blanked, an issue closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import TrackerError
from bridge.linking import let_go
from bridge.models import Intent, Mirror, Ticket
from bridge.pipeline import noting
from bridge.render.document import Document, Paragraph, Text
from bridge.tracker.effects import Bookkeeping, Done, Effect, Move, mirror_of
from bridge.witness import before_ours, put_back, stood_there

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.tracker import Remote, Tracker

UNDO = "undo "
"""What the key of an effect begins with that takes another back; the other's kind and id follow."""

_SKEW = timedelta(seconds=5)  # how far the tracker's clock may be behind ours
_TAKEN_BACK = Document((Paragraph((Text("Feedback Bridge took this comment back."),)),))


def closing(ticket_id: int, key: str, who: str) -> Move:
    """Return the effect that closes an issue; one that was created by mistake is let go as well."""
    created = key.startswith(f"{UNDO}create")
    return Move(
        ticket_id=ticket_id, key=key, category="done", also=_let_go_by(who) if created else _kept_done
    )


def name_of(intent: Intent) -> str:
    """Name the taking back of an effect; an update is had again and again, so its time is part of it."""
    at = f" {intent.settled_at:%Y%m%dT%H%M%S}" if intent.effect == "update" and intent.settled_at else ""
    return f"{UNDO}{intent.effect} {intent.id}{at}"


def taking_back(session: Session, intent: Intent, key: str, who: str) -> Effect:
    """Return the effect named `key` that takes an effect back."""
    ticket_id = intent.ticket_id
    if intent.effect == "update":
        mirror = session.get(Mirror, ticket_id)
        since = (intent.sent_at or intent.planned_at) - _SKEW
        written = dict(mirror.written) if mirror else {}
        return RestoreFields(ticket_id=ticket_id, key=key, since=since, written=written)
    if intent.effect == "comment":
        is_evidence = noting.effect_name(intent.key) == noting.EVIDENCE
        return BlankComment(ticket_id=ticket_id, key=key, op=intent.op, evidence=is_evidence)
    return closing(ticket_id, key, who)


def again(session: Session, key: str) -> Effect | None:
    """Return the effect that an open intent of ours stands for; None if what it takes back is gone."""
    intent = session.get(Intent, int(key.split(" ")[2]))
    return None if intent is None else taking_back(session, intent, key, "feedback-bridge sync")


@dataclass(slots=True, kw_only=True)
class RestoreFields:
    """Put into fields what stood there before our update of a time, unless a person has edited them since."""

    ticket_id: int
    key: str
    since: datetime
    written: Mapping[str, Any]  # what stands there as written by us, as the mirror keeps it
    kind: str = "update"
    repeatable: bool = True
    payload_hash: str = ""
    fields: tuple[str, ...] = ()

    def wanted(self, session: Session) -> bool:
        """Whether the issue is there: a person has asked for it."""
        ticket = session.get(Ticket, self.ticket_id)
        return ticket is not None and bool(ticket.remote_id)

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - fields carry no op
        """Read the issue and its history, and write what can be put back; what people wrote stays."""
        now = _look(tracker, ticket)
        change = before_ours(tracker, now, self.since, self.written)
        sending = stood_there(tracker, now, change)
        self.fields = tuple(sorted(sending["fields"]))
        if self.fields:
            tracker.update(now.id, change)
            put_back(tracker, now.id, sending)
        return Done(remote=now)

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Look for nothing: it is asked for again by the person who wants it."""
        return []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG002
        """Keep that these fields are people's own now."""
        mirror = mirror_of(session, ticket)
        mirror.theirs = sorted({*mirror.theirs, *self.fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class BlankComment:
    """Replace a comment of ours, found by the op it was written with, by one line."""

    ticket_id: int
    key: str
    op: str
    evidence: bool
    kind: str = "comment"
    repeatable: bool = True
    payload_hash: str = ""

    def wanted(self, session: Session) -> bool:
        """Whether the issue is there: a person has asked for it."""
        ticket = session.get(Ticket, self.ticket_id)
        return ticket is not None and bool(ticket.remote_id)

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - it is the first one's op
        """Find the comment and replace it."""
        issue = _look(tracker, ticket).id
        found = [comment.id for comment in tracker.comments(issue) if comment.op == self.op]
        if not found:
            raise TrackerError(f"{ticket.key}: our comment isn't there any more")
        for comment_id in found:
            tracker.edit_comment(issue, comment_id, _TAKEN_BACK)
        return Done(comment_id=found[-1])

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Look for nothing: an edit can be sent again."""
        return []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG002
        """Keep that the evidence is not to be written there again."""
        if self.evidence:
            mirror = mirror_of(session, ticket)
            mirror.theirs = sorted({*mirror.theirs, noting.EVIDENCE})


def _kept_done(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG001
    mirror = mirror_of(session, ticket)
    mirror.done_at = at
    mirror.written = {name: value for name, value in mirror.written.items() if name != noting.OWED}
    ticket.state = "done"


def _let_go_by(who: str) -> Bookkeeping:
    def keep(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG001
        let_go(session, ticket, who, at)

    return keep


def _look(tracker: Tracker, ticket: Ticket) -> Remote:
    now = tracker.look(ticket.remote_id or "")
    if now is None:
        raise TrackerError(f"{ticket.key} can't be seen: deleted, or not for us to see")
    return now
