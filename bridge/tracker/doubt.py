"""Readings that end a doubt: was it had, or not? A zero counts only once the index has surely come that far.

The first reading comes `settle_s` after the send, the second half of that later. Where the index may lag, a
label is put on an issue of ours at the first reading: as long as the second can't see it, the index is
behind, and the zero doesn't count.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Protocol

from sqlmodel import Session, col, select

from bridge.errors import InDoubt, TrackerDenied, TrackerError, TrackerThrottled, TrackerUnreachable
from bridge.models import WORKSPACE, Intent, Mirror, Ticket
from bridge.store.audit import record
from bridge.store.database import Database
from bridge.tracker import FieldUpdate, Tracker
from bridge.tracker.clock import Clock, Moment, passed
from bridge.tracker.effects import Done, Effect

CANARY = "fbb-seen-"
PASSING = (TrackerDenied, TrackerThrottled, TrackerUnreachable)
"""What says nothing of the one issue that was asked for."""

_LETTERS = "ghijklmnopqrstuv"  # no label of ours but a marker may end in hexadecimal digits


class Readings:
    """Reads what is in doubt, as far as it is due. Raises as the tracker's verbs do: then nothing counted."""

    def __init__(self, database: Database, tracker: Tracker, clock: Clock) -> None:
        self._database = database
        self._tracker = tracker
        self._clock = clock

    def read(self, intent: Intent, effect: Effect, ticket: Ticket, at: datetime) -> list[Done] | None:
        """Return what there is of an effect, nothing if it is surely absent, None if that isn't known yet."""
        settle_s = self._tracker.settle_s
        while is_due(intent, settle_s, self._clock.now()):
            self._tracker.ready([ticket.project])
            lags = effect.kind == "create" and settle_s > 0
            first = intent.reads == 0
            if first and lags:
                self._plant(intent, ticket, at)
            fresh = first or not intent.canary or self._is_seen(intent)
            found = effect.find(self._tracker, ticket, intent.op)
            if found or (not first and fresh):
                return found
            self._keep(intent, counts=fresh)
        return None

    def clean(self, intent: Intent) -> None:
        """Take a canary away; it stays on the row until that has surely been done."""
        if not intent.canary:
            return
        try:
            self._tracker.update(intent.canary_on, FieldUpdate(remove_labels=(intent.canary,)))
        except InDoubt:
            return
        except PASSING:
            raise
        except TrackerError:
            pass  # nobody can take it away there; it says nothing any more
        with self._database.writing() as session:
            row = session.get(Intent, intent.id)
            if row is not None and row.canary == intent.canary:
                row.canary = row.canary_on = ""
        intent.canary = intent.canary_on = ""

    def _plant(self, intent: Intent, ticket: Ticket, at: datetime) -> None:
        """Put a new label on an issue of ours in the same project, written down first."""
        self.clean(intent)
        now = self._clock.now()
        with self._database.reading() as session:
            issues = _issues(session, ticket)
        for issue in issues:
            if intent.canary:
                return
            label = _label(intent, issue, now)
            with self._database.writing() as session:
                row = session.get(Intent, intent.id)
                if row is None or row.state != "in doubt":
                    return
                row.canary, row.canary_on = label, issue
                record(session, at, "bridge", "intent.canary", f"T-{ticket.topic}", {"intent": row.id})
            intent.canary, intent.canary_on = label, issue
            try:
                self._tracker.update(issue, FieldUpdate(add_labels=(label,)))
            except InDoubt:
                return  # it shows, or it doesn't: the second reading tells
            except PASSING:
                raise
            except TrackerError:  # gone, archived, or not for us to edit: another issue will do
                self.clean(intent)

    def _is_seen(self, intent: Intent) -> bool:
        return any(remote.id == intent.canary_on for remote in self._tracker.find(intent.canary))

    def _keep(self, intent: Intent, *, counts: bool) -> None:
        """Keep when a reading found nothing; start again if the canary it waits for is not there any more."""
        lost = not counts and self._is_lost(intent)
        now = self._clock.now()
        with self._database.writing() as session:
            for row in (session.get(Intent, intent.id), intent):
                if row is not None and is_same_send(row, intent):
                    row.reads = 0 if lost else 1
                    row.read_boot, row.read_s = now.boot, now.seconds

    def _is_lost(self, intent: Intent) -> bool:
        issue = self._tracker.look(intent.canary_on)
        return issue is None or issue.archived or intent.canary not in issue.labels


def is_same_send(one: Intent, other: Intent) -> bool:
    """Whether two readings of a row are about the same send: a run that stood still may know an older one."""
    return (one.generation, one.sent_boot, one.sent_s) == (other.generation, other.sent_boot, other.sent_s)


class Sent(Protocol):
    """What an intent says of its send and of its last reading."""

    sent_boot: str
    sent_s: float
    read_boot: str
    read_s: float


def is_due(intent: Sent, settle_s: float, now: Moment) -> bool:
    """Whether the next reading of what is in doubt may be had."""
    if passed(intent.sent_boot, intent.sent_s, now) < settle_s:
        return False
    return not intent.read_s or passed(intent.read_boot, intent.read_s, now) >= settle_s / 2


def _issues(session: Session, ticket: Ticket) -> list[str]:
    """Return up to three issues of ours that a label can be put on, the newest first."""
    rows = session.exec(
        select(Ticket.remote_id)
        .outerjoin(Mirror, col(Mirror.ticket_id) == col(Ticket.id))
        .where(
            Ticket.workspace_id == WORKSPACE,
            Ticket.project == ticket.project,
            Ticket.tracker == ticket.tracker,
            col(Ticket.remote_id).is_not(None),
            col(Ticket.state).in_(("open", "done")),
            col(Mirror.gone_at).is_(None),
            col(Mirror.archived).is_not(True),
        )
        .order_by(col(Ticket.id).desc())
        .limit(3)
    )
    return [issue for issue in rows if issue]


def _label(intent: Intent, issue: str, now: Moment) -> str:
    """Return a label that was never there before: a reading is not to see an older one."""
    digest = hashlib.sha256(f"{intent.op}|{issue}|{now.boot}|{now.seconds}".encode()).hexdigest()
    return CANARY + "".join(_LETTERS[int(digit, 16)] for digit in digest[:6])
