"""The ledger of effects outside: written before they are sent, so that a crash never doubles one.

    planned ─▶ sent ─▶ confirmed
                 └──▶ in doubt ─▶ confirmed | absent ─▶ planned again (three generations) | needs a person

The intent and its audit entry are committed first; then `planned → sent` is committed; only then is the
tracker called. What is found in `sent` at the start belongs to a run that died: it is in doubt, and the
tracker is read by our marker before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from bridge.errors import TrackerError
from bridge.models import WORKSPACE, Intent, Ticket, Topic
from bridge.plan import Action, Draft
from bridge.store.audit import record
from bridge.store.database import Database
from bridge.tracker import Remote, Tracker

GENERATIONS = 3
OPEN_STATES = ("planned", "sent", "in doubt", "absent")


class Ledger:
    """Performs actions on a tracker, each exactly once. `clock` gives the time of the bridge."""

    def __init__(self, database: Database, tracker: Tracker, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._tracker = tracker
        self._clock = clock

    def settle(self, drafts: dict[int, Draft]) -> list[int]:
        """Bring to an end what an earlier run left open; return the tickets, one for each effect settled.

        `drafts` gives, by ticket id, what each ticket says today, for those that must be sent after all.
        """
        with self._database.reading() as session:
            left = session.exec(
                select(Intent)
                .where(Intent.workspace_id == WORKSPACE, col(Intent.state).in_(OPEN_STATES))
                .order_by(col(Intent.id))
            ).all()
        return [i.ticket_id for i in left if self._settle_one(i, drafts.get(i.ticket_id))]

    def perform(self, action: Action, ticket_id: int) -> None:
        """Have one effect: intent, commit, sent, commit, call, confirmed, commit."""
        intent_id = self._plan(action.effect, ticket_id, action.draft)
        self._send(intent_id, action.effect, ticket_id, action.draft)

    def _settle_one(self, intent: Intent, draft: Draft | None) -> bool:
        assert intent.id is not None  # noqa: S101 - it was read from the table
        if intent.state == "sent":
            self._move(intent.id, "sent", "in doubt", "found after a stop")
        if intent.effect == "create" and intent.state != "planned":
            found = self._tracker.find(intent.marker)
            if found:
                self._confirm(intent.id, intent.ticket_id, found[0], draft)
                return True
            if intent.generation >= GENERATIONS:
                self._move(intent.id, "in doubt", "needs a person", "sent three times, never found")
                return False
        if draft is None:
            return False
        self._again(intent.id)
        self._send(intent.id, intent.effect, intent.ticket_id, draft)
        return True

    def _plan(self, effect: str, ticket_id: int, draft: Draft) -> int:
        now = self._clock()
        with self._database.writing() as session:
            ticket = _ticket(session, ticket_id)
            intent = Intent(
                ticket_id=ticket_id,
                effect=effect,
                marker=ticket.marker,
                payload_hash=draft.payload_hash,
                planned_at=now,
            )
            session.add(intent)
            session.flush()
            record(session, now, "bridge", f"intent.{effect}", f"T-{ticket.topic}", {"intent": intent.id})
            return intent.id or 0

    def _send(self, intent_id: int, effect: str, ticket_id: int, draft: Draft) -> None:
        if not self._move(intent_id, "planned", "sent", ""):
            return  # another run has it
        with self._database.reading() as session:
            ticket = _ticket(session, ticket_id)
        try:
            if effect == "create":
                remote: Remote | None = self._tracker.create(draft, ticket.marker)
            else:
                self._tracker.update(ticket.remote_id or "", draft)
                remote = None
        except TrackerError as error:
            self._move(intent_id, "sent", "refused", str(error))
            raise
        self._confirm(intent_id, ticket_id, remote, draft)

    def _confirm(self, intent_id: int, ticket_id: int, remote: Remote | None, draft: Draft | None) -> None:
        now = self._clock()
        with self._database.writing() as session:
            ticket = _ticket(session, ticket_id)
            if remote is not None:
                ticket.state, ticket.created_at = "open", ticket.created_at or now
                ticket.key, ticket.remote_id, ticket.url = remote.key, remote.id, remote.url
                session.exec(
                    update(Topic)
                    .where(
                        col(Topic.workspace_id) == WORKSPACE,
                        col(Topic.number) == ticket.topic,
                        col(Topic.state).not_in(("ignored", "snoozed")),  # a person said so meanwhile
                    )
                    .values(state="tracked")
                )
            if draft is not None:
                ticket.title, ticket.reported = draft.title, {**draft.fields, "title": draft.title}
                ticket.baseline = ticket.baseline or dict(draft.fields)
            self._set(session, intent_id, "confirmed", "", now)
            record(
                session,
                now,
                "bridge",
                "intent.confirmed",
                f"T-{ticket.topic}",
                {"intent": intent_id, "key": ticket.key},
            )

    def _move(self, intent_id: int, before: str, after: str, outcome: str) -> bool:
        """Compare and set: only one run can take an intent on."""
        with self._database.writing() as session:
            intent = session.get(Intent, intent_id)
            if intent is None or intent.state != before:
                return False
            self._set(session, intent_id, after, outcome, self._clock())
            return True

    def _again(self, intent_id: int) -> None:
        with self._database.writing() as session:
            intent = session.get(Intent, intent_id)
            if intent is not None and intent.state != "planned":
                intent.state, intent.generation = "planned", intent.generation + 1

    def _set(self, session: Session, intent_id: int, state: str, outcome: str, now: datetime) -> None:
        intent = session.get(Intent, intent_id)
        if intent is None:
            return
        intent.state, intent.outcome = state, outcome
        if state == "sent":
            intent.sent_at = now
        else:
            intent.settled_at = now


def _ticket(session: Session, ticket_id: int) -> Ticket:
    found = session.get(Ticket, ticket_id)
    assert found is not None  # noqa: S101 - intents refer to tickets by foreign key
    return found
