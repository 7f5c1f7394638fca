"""The step `sync`: settle what is in doubt, read back, plan, and have each effect once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import InputError, TrackerError
from bridge.models import Intent, Mirror, Ticket
from bridge.pipeline import noting
from bridge.pipeline.again import prepare
from bridge.pipeline.context import Context
from bridge.pipeline.deciding import decide_all
from bridge.pipeline.making import Effects, links
from bridge.pipeline.mirroring import Sight, read_back
from bridge.pipeline.planning import make_plan
from bridge.plan import Action, Draft, Plan
from bridge.store import tickets as store
from bridge.tracker.effects import AddComment, Effect
from bridge.tracker.lease import LEASE, current, take
from bridge.tracker.ledger import Ledger, needs_person, resolve
from bridge.upkeep import EditEvidence

if TYPE_CHECKING:
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
    gone: frozenset[str] = frozenset()  # changes that were picked, and are not wanted as they were any more

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


def sync(context: Context, only: frozenset[str] | None = None) -> Sent:
    """Bring the tracker up to date; the caller holds the store for itself.

    With `only`, names of actions, nothing else of the plan is sent; what is in doubt is settled all the same.
    What the tracker refuses holds nothing else up: it is told in `errors`. Raises `TrackerError` only when
    the tracker can't be read at all.
    """
    tracker, sent = context.tracker(), Sent()
    with context.database.reading() as session:
        is_open = store.any_open(session)
    if is_open:
        ledger = ledger_of(context, tracker)
        sent.settled = _settle(context, tracker, ledger)
        sent.errors, sent.stopped = list(ledger.errors), ledger.stopped
    if sent.stopped is None:
        sight = Sight(tracker)
        blind = read_back(context, tracker, sight).blind
        prepare(context)
        if only is None:
            _in_passes(context, sent, lambda: _plan(context, tracker, sight, blind))
        else:
            _picked(context, sent, lambda: _plan(context, tracker, sight, blind), only)
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


def _picked(context: Context, sent: Sent, planned: Callable[[], Plan], only: frozenset[str]) -> None:
    """Plan, and apply what a person picked, if it is still the same; what its author deleted goes anyway."""
    plan = planned()
    due = tuple(a for a in plan.actions if a.effect != "wait" and (a.name in only or a.withdraws))
    sent.gone = only - {action.name for action in due}
    apply_plan(context, replace(plan, actions=due), sent)
    sent.left = planned()


def _name(action: Action) -> tuple[int | None, str, str]:
    return action.ticket_id, action.effect, action.op_key


def apply_plan(context: Context, plan: Plan, sent: Sent | None = None) -> Sent:
    """Have the effects of a plan, each once, as far as they are still wanted."""
    sent = sent or Sent()
    tracker = context.tracker()
    ledger = ledger_of(context, tracker)
    _Sender(context, tracker, ledger, sent).perform(plan)
    sent.errors, sent.stopped = [*sent.errors, *ledger.errors], ledger.stopped
    return sent


def ledger_of(context: Context, tracker: Tracker) -> Ledger:
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
    maker = Effects(context, tracker)

    def rebuild(intent: Intent) -> Effect | None:
        ticket = tickets.get(intent.ticket_id)
        return None if ticket is None else maker.again(intent, ticket, plan.actions)

    return len(ledger.settle(rebuild).settled)


class _Sender:
    """Performs the actions of a plan."""

    def __init__(self, context: Context, tracker: Tracker, ledger: Ledger, sent: Sent) -> None:
        self._context, self._tracker, self._ledger, self._sent = context, tracker, ledger, sent
        self._effects = Effects(context, tracker)

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
                also=self._effects.evidence_kept(draft),
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
