"""The step `sync`: settle what is in doubt, read back, plan, and have each effect once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.drafting import document_of_note
from bridge.errors import InputError, TrackerError
from bridge.models import Intent, Mirror, Ticket
from bridge.pipeline import noting
from bridge.pipeline.again import prepare
from bridge.pipeline.context import Context
from bridge.pipeline.deciding import decide_all
from bridge.pipeline.mirroring import Sight, read_back
from bridge.pipeline.planning import make_plan
from bridge.plan import Action, Draft, Plan
from bridge.render.document import Document
from bridge.render.ticket import summary
from bridge.store import tickets as store
from bridge.tracker.effects import (
    AddComment,
    Bookkeeping,
    Create,
    Done,
    Effect,
    Join,
    Move,
    mirror_of,
    nothing,
)
from bridge.tracker.lease import LEASE, current, take
from bridge.tracker.ledger import Ledger, needs_person, resolve
from bridge.upkeep import SENDING, EditEvidence, KeepLinks, Refresh, evidence_hash

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.tracker import Tracker


PASSES = 3
"""How often a sync plans: what it did may call for more, such as the figures of what was opened again."""


@dataclass(slots=True)
class Sent:
    """What a sync did, what is left of the plan after it, and what went wrong, by topic."""

    done: list[Action] = field(default_factory=list)
    settled: int = 0
    left: Plan = field(default_factory=lambda: Plan(()))
    errors: list[str] = field(default_factory=list)
    stopped: str | None = None

    def counts(self) -> dict[str, int]:
        """Return the counts of the step."""
        of = [action.effect for action in self.done]
        return {
            "settled": self.settled,
            "created": of.count("create"),
            "updated": of.count("update"),
            "commented": of.count("comment"),
            "moved": of.count("transition"),
            "linked": of.count("link"),
            "failed": len(self.errors),
        }


def sync(context: Context) -> Sent:
    """Bring the tracker up to date; the caller holds the store for itself.

    What the tracker refuses holds nothing else up: it is told in `errors`. Raises `TrackerError` only when
    the tracker can't be read at all.
    """
    tracker, sent = context.tracker(), Sent()
    with context.database.reading() as session:
        is_open = store.any_open(session)
    if is_open:
        ledger = _ledger(context, tracker)
        sent.settled = _settle(context, tracker, ledger)
        sent.errors, sent.stopped = list(ledger.errors), ledger.stopped
    if sent.stopped is None:
        sight = Sight(tracker)
        blind = read_back(context, tracker, sight).blind
        prepare(context)
        _in_passes(context, sent, lambda: _plan(context, tracker, sight, blind))
        sent.errors += sight.faults
    return sent


def _plan(context: Context, tracker: Tracker, sight: Sight, blind: Sequence[Ticket]) -> Plan:
    """Plan; what is to be had in a project that is out of reach is for a person."""
    plan = make_plan(context, decide_all(context), tracker.format)
    actions, persons = noting.out_of_reach(plan, blind, sight.fault)
    return replace(plan, actions=actions, needs_person=(*plan.needs_person, *persons))


def _in_passes(context: Context, sent: Sent, planned: Callable[[], Plan]) -> None:
    """Plan and apply until nothing new is to be done: what was opened again is brought up to date too."""
    tried: set[tuple[int | None, str, str]] = set()
    for _ in range(PASSES):
        sent.left = planned()
        due = [a for a in sent.left.actions if a.effect != "wait" and _name(a) not in tried]
        if not due or sent.stopped is not None:
            return
        tried |= {_name(action) for action in due}
        apply_plan(context, replace(sent.left, actions=tuple(due)), sent)
    sent.left = planned()


def _name(action: Action) -> tuple[int | None, str, str]:
    return action.ticket_id, action.effect, action.op_key


def apply_plan(context: Context, plan: Plan, sent: Sent | None = None) -> Sent:
    """Have the effects of a plan, each once, as far as they are still wanted."""
    sent = sent or Sent()
    tracker = context.tracker()
    ledger = _ledger(context, tracker)
    _Sender(context, tracker, ledger, sent).perform(plan)
    sent.errors, sent.stopped = [*sent.errors, *ledger.errors], ledger.stopped
    return sent


def _ledger(context: Context, tracker: Tracker) -> Ledger:
    """Take the lease, and return the ledger under its fence; the caller holds the store for itself."""
    fence = take(context.database, LEASE, "sync", context.now)
    return Ledger(
        context.database, tracker, context.clock, fence, wall=lambda: context.now, pause=context.pause
    )


def look(context: Context) -> Plan:
    """Read back and say what a sync would do, the tickets it would add included; sends nothing."""
    tracker = context.tracker()
    sight = Sight(tracker)
    blind = read_back(context, tracker, sight).blind
    return _plan(context, tracker, sight, blind)


def _settle(context: Context, tracker: Tracker, ledger: Ledger) -> int:
    """Bring on what an earlier sync left open."""
    plan = make_plan(context, decide_all(context), tracker.format, doubted=True)
    with context.database.reading() as session:
        tickets = store.by_id(session)
    maker = _Effects(context, tracker)

    def rebuild(intent: Intent) -> Effect | None:
        ticket = tickets.get(intent.ticket_id)
        return None if ticket is None else maker.again(intent, ticket, plan.actions)

    return len(ledger.settle(rebuild).settled)


class _Effects:
    """Makes effects from actions and from intents."""

    def __init__(self, context: Context, tracker: Tracker) -> None:
        self._context = context
        self._tracker = tracker

    def of(self, action: Action, ticket: Ticket, mirror: Mirror) -> Effect:
        """Return the effect that an action asks for."""
        ticket_id = ticket.id or 0
        match action.effect:
            case "create":
                assert action.draft is not None  # noqa: S101 - the plan gives each create its draft
                return Create(ticket_id=ticket_id, draft=action.draft)
            case "update":
                assert action.draft is not None  # noqa: S101 - and each update
                return self.refresh(action.draft, action, ticket, mirror)
            case "transition":
                return Move(ticket_id=ticket_id, key=action.op_key, category="new", also=self._moved)
            case "link" if action.other:
                return Join(ticket_id=ticket_id, other_id=action.other, how="Relates")
            case "link":
                return links(action, ticket_id)
            case _:
                return self.comment(action, action.op_key, ticket_id)

    def again(self, intent: Intent, ticket: Ticket, actions: Sequence[Action]) -> Effect | None:
        """Return an open intent's effect as it would be today; None for upserts, which are planned anew."""
        kind, key = intent.effect, intent.key
        same = [a for a in actions if (a.ticket_id, a.effect) == (ticket.id, kind) and _alike(a.op_key, key)]
        action = same[0] if same else None
        if kind == "create":
            draft = action.draft if action and action.draft else _last_words(ticket)
            return Create(ticket_id=ticket.id or 0, draft=draft)
        if kind == "transition":
            return Move(ticket_id=ticket.id or 0, key=key, category="new", also=self._moved)
        if kind == "link" and key.startswith("join "):
            return Join(ticket_id=ticket.id or 0, other_id=key.removeprefix("join "), how="Relates")
        if kind == "comment" and not key.startswith("edit "):
            return self.comment(action, key, ticket.id or 0)
        return None

    def refresh(self, draft: Draft, action: Action, ticket: Ticket, mirror: Mirror) -> Refresh:
        """Return the update of an issue's fields."""
        return Refresh(
            ticket_id=ticket.id or 0,
            key=action.op_key,
            draft=draft,
            title=summary(draft.title),
            written=dict(mirror.written or {}),
            theirs=tuple(mirror.theirs or ()),
            adopted=ticket.adopted,
            withdraws=action.withdraws,
            keep=self._keep,
        )

    def _keep(self, ticket_id: int, sending: Mapping[str, Any]) -> None:
        """Keep what stands in an issue before we write there, should nobody see the end of it."""
        with self._context.database.writing() as session:
            mirror = session.get(Mirror, ticket_id)
            if mirror is not None:
                known = {name: value for name, value in mirror.written.items() if name != SENDING}
                mirror.written = {**known, SENDING: sending} if sending else known

    def comment(self, action: Action | None, key: str, ticket_id: int) -> AddComment:
        """Return the comment of an action; without one, a comment that is only looked for."""
        document: Document | None = None
        also: Bookkeeping = nothing
        if action is not None and action.note is not None:
            document = document_of_note(action.note, self._context.settings, action.project)
            also = self._commented(action)
        elif action is not None and action.draft is not None:
            document = action.draft.document
            also = self._evidence(action.draft)
        return AddComment(ticket_id=ticket_id, key=key, document=document, also=also)

    def _commented(self, action: Action) -> Bookkeeping:
        note = action.note

        def keep(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG001
            if note is None:
                return
            mirror = mirror_of(session, ticket)
            mirror.commented_at, mirror.commented_reach = at, max(mirror.commented_reach, action.people)
            told = {name: value for name, value in mirror.written.items() if name != noting.OWED}
            mirror.written = {**told, "recurrence": action.recurrence}

        return keep

    def _evidence(self, draft: Draft) -> Bookkeeping:
        def keep(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
            mirror = mirror_of(session, ticket)
            mirror.evidence_comment, mirror.commented_at = done.comment_id, at
            mirror.commented_reach = max(mirror.commented_reach, int(draft.fields.get("reach", 0)))
            mirror.written = {**mirror.written, "evidence": evidence_hash(draft.document)}

        return keep

    @staticmethod
    def _moved(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG004
        """Keep that an issue was opened again."""
        from bridge.store import topics

        mirror = mirror_of(session, ticket)
        mirror.moved_at, mirror.category = at, "new"
        mirror.written = {**mirror.written, noting.OWED: "reopened"}
        mirror.done_at = mirror.released_at = None
        ticket.state = "open"
        own = topics.topic(session, ticket.topic)
        root = topics.topic(session, own.root) if own else None
        if root is not None and root.state in ("done", "released", "tracked"):
            root.state = "recurred"


class _Sender:
    """Performs the actions of a plan."""

    def __init__(self, context: Context, tracker: Tracker, ledger: Ledger, sent: Sent) -> None:
        self._context, self._tracker, self._ledger, self._sent = context, tracker, ledger, sent
        self._effects = _Effects(context, tracker)

    def perform(self, plan: Plan) -> None:
        """Have all effects of a plan, one after the other, until nothing more should be tried."""
        barred: set[int] = set()
        for number, action in enumerate(plan.actions, 1):
            if self._ledger.stopped is not None:
                return
            ticket_id = action.ticket_id
            due = ticket_id is not None and ticket_id not in barred and action.effect != "wait"
            if due and ticket_id is not None and not self._one(action, ticket_id):
                barred.add(ticket_id)
            self._context.progress.step("sync", number, len(plan.actions))

    def _one(self, action: Action, ticket_id: int) -> bool:
        """Have one effect and what goes with it; False when nothing more should be had on this ticket."""
        ticket, mirror = self._look(ticket_id)
        if ticket is None:  # a person took it back meanwhile
            return False
        habits = noting.habits_for(self._context, ticket)
        if action.effect == "comment" and noting.is_fresh(self._last_word(ticket), habits, self._context.now):
            return True  # one of this run came before it
        outcome = self._ledger.perform(self._effects.of(action, ticket, mirror))
        if outcome != "confirmed":
            return False
        self._sent.done.append(action)
        if action.effect == "create" and action.attach:
            self._ledger.perform(links(action, ticket_id))
        if action.effect == "update" and action.draft is not None:
            self._evidence_comment(action, action.draft, ticket_id)
        return True

    def _evidence_comment(self, action: Action, draft: Draft, ticket_id: int) -> None:
        """Keep the evidence in one comment of ours where the description is people's own."""
        ticket, mirror = self._look(ticket_id)
        if ticket is None:
            return
        habits = noting.habits_for(self._context, ticket)
        due = noting.evidence_comment_due(ticket, mirror, habits, self._context.now)
        fresh = noting.is_fresh(self._last_word(ticket), habits, self._context.now)
        if due and not fresh and not action.withdraws:
            first = AddComment(
                ticket_id=ticket_id,
                key=noting.EVIDENCE,
                document=draft.document,
                also=self._effects._evidence(draft),  # noqa: SLF001 - the two are one module's halves
            )
            self._note_done(action, self._ledger.perform(first))
        elif mirror.evidence_comment is not None and noting.EVIDENCE not in mirror.theirs:
            edit = EditEvidence(
                ticket_id=ticket_id,
                key="edit evidence",
                comment_id=mirror.evidence_comment,
                document=draft.document,
                written=str(mirror.written.get("evidence", "")),
                withdraws=action.withdraws,
            )
            self._note_done(action, self._ledger.perform(edit))

    def _note_done(self, action: Action, outcome: str) -> None:
        if outcome == "confirmed":
            reason = "the evidence stands in one comment"
            self._sent.done.append(replace(action, effect="comment", changes=(), reason=reason))

    def _last_word(self, ticket: Ticket) -> datetime | None:
        with self._context.database.reading() as session:
            return store.last_word(session, ticket.tracker, ticket.remote_id)

    def _look(self, ticket_id: int) -> tuple[Ticket | None, Mirror]:
        with self._context.database.reading() as session:
            ticket = session.get(Ticket, ticket_id)
            mirror = session.get(Mirror, ticket_id)
        return ticket, mirror or Mirror(ticket_id=ticket_id)


def links(action: Action, ticket_id: int) -> KeepLinks:
    """Return the upkeep of the links that an action names."""
    return KeepLinks(
        ticket_id=ticket_id,
        key="links",
        attach=action.attach,
        detach=action.detach,
        withdraws=action.withdraws,
    )


def audit(context: Context, days: int) -> list[tuple[int, str, list[str]]]:
    """Count the issues of each ticket of the last days in the tracker; return those with more than one."""
    with context.database.reading() as session:
        fence = current(session, LEASE)
    ledger = Ledger(context.database, context.tracker(), context.clock, fence, wall=lambda: context.now)
    found = ledger.audit(days)
    if ledger.stopped is not None or ledger.errors:
        raise TrackerError(ledger.stopped or "; ".join(ledger.errors))
    return found


def end_doubt(context: Context, number: int, answer: str) -> str:
    """Take a person's word on what the bridge couldn't find out; return what happens next."""
    with context.database.writing() as session:
        rows = [row for row in needs_person(session) if row["topic"] == f"T-{number}"]
        if not rows:
            raise InputError(
                f"nothing about T-{number} waits for a person; see: feedback-bridge sync --dry-run"
            )
        resolve(session, rows[0]["intent"], answer, context.now)
    if answer == "seen":
        return f"T-{number}: noted"
    return f"T-{number}: noted; the next feedback-bridge sync goes on from there"


def _alike(planned: str, key: str) -> bool:
    """Whether two keys name the same effect, made on whatever day."""
    return noting.effect_name(planned) == noting.effect_name(key)


def _last_words(ticket: Ticket) -> Draft:
    """Return a draft for a ticket that nobody wants any more: it is looked for, not sent."""
    return Draft(
        topic=ticket.topic,
        project=ticket.project,
        type=ticket.type,
        title=ticket.title,
        document=Document(()),
        fields={},
    )
