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
from functools import partial

from sqlalchemy import update
from sqlmodel import Session, col, select

from bridge.errors import TrackerError
from bridge.models import WORKSPACE, Intent, Ticket, Topic
from bridge.plan import Action, Draft
from bridge.store import topics
from bridge.store.audit import record
from bridge.store.database import Database
from bridge.tracker import Remote, Tracker

GENERATIONS = 3
_STATE_FOR = {"create": "approved", "update": "open"}
OPEN_STATES = ("planned", "sent", "in doubt", "absent")


class Ledger:
    """Performs actions on a tracker, each exactly once. `clock` gives the time of the bridge.

    What the tracker refuses is kept in `errors`, by topic; the effects after it are had all the same.
    """

    def __init__(self, database: Database, tracker: Tracker, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._tracker = tracker
        self._clock = clock
        self.errors: list[str] = []

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
        return [i.ticket_id for i in left if self._tried(i.ticket_id, partial(self._settle_one, i, drafts))]

    def perform(self, action: Action, ticket_id: int) -> bool:
        """Have one effect: intent, commit, sent, commit, call, confirmed, commit.

        False if the tracker refused it, or a person decided otherwise since it was planned.
        """
        return self._tried(ticket_id, lambda: self._perform(action, ticket_id))

    def _perform(self, action: Action, ticket_id: int) -> bool:
        intent_id = self._plan(action.effect, ticket_id, action.draft)
        if intent_id is None:
            return False
        return self._send(intent_id, action.effect, ticket_id, action.draft)

    def _tried(self, ticket_id: int, effect: Callable[[], bool]) -> bool:
        try:
            return effect()
        except TrackerError as error:
            with self._database.reading() as session:
                ticket = session.get(Ticket, ticket_id)
            self.errors.append(f"T-{ticket.topic}: {error}" if ticket else str(error))
            return False

    def _settle_one(self, intent: Intent, drafts: dict[int, Draft]) -> bool:
        draft = drafts.get(intent.ticket_id)
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
        return self._send(intent.id, intent.effect, intent.ticket_id, draft)

    def _plan(self, effect: str, ticket_id: int, draft: Draft) -> int | None:
        """Write the intent, or None if the ticket no longer wants the effect."""
        now = self._clock()
        with self._database.writing() as session:
            ticket = _wanted(session, effect, ticket_id)
            if ticket is None:
                return None
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
            return intent.id

    def _send(self, intent_id: int, effect: str, ticket_id: int, draft: Draft) -> bool:
        if not self._start(intent_id, effect, ticket_id):
            return False
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
        return True

    def _start(self, intent_id: int, effect: str, ticket_id: int) -> bool:
        """Move a planned intent to sent; False if another run has it, or a person has withdrawn it."""
        with self._database.writing() as session:
            intent = session.get(Intent, intent_id)
            if intent is None or intent.state != "planned":
                return False
            wanted = _wanted(session, effect, ticket_id) is not None
            outcome = "" if wanted else "withdrawn: decided otherwise before it was sent"
            self._set(session, intent_id, "sent" if wanted else "refused", outcome, self._clock())
            return wanted

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


def _wanted(session: Session, effect: str, ticket_id: int) -> Ticket | None:
    """Return the ticket if people still want the effect on it: nobody rejected, undid or hid it meanwhile."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None or ticket.state != _STATE_FOR[effect]:
        return None
    topic = topics.topic(session, ticket.topic)
    root = topics.topic(session, topic.root) if topic else None
    return None if root is None or root.state == "ignored" else ticket


def _ticket(session: Session, ticket_id: int) -> Ticket:
    found = session.get(Ticket, ticket_id)
    assert found is not None  # noqa: S101 - intents refer to tickets by foreign key
    return found
