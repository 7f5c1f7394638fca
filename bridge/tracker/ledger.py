"""The ledger of effects outside: written before they are sent, so that each is had exactly once.

The intent and its audit entry are committed first; then `planned → sent` is committed, under the newest
fence; only then is the tracker called. A definite no is planned again. All else (no answer, one that can't be
read, a process that died) leaves the effect in doubt: it is looked for by its mark, twice, once the tracker's
index must have caught up, and only if it is surely absent it is sent again. `intents` has the moves of the
rows, `doubt` the readings.

What can't be closed from here: a process that is frozen after its last look at the clock, and before the
kernel takes its request, for longer than the tracker settles; and a proxy that repeats our request by itself.
`audit` finds both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlmodel import col, select

from bridge.errors import InDoubt, TrackerDenied, TrackerError, TrackerThrottled, TrackerUnreachable
from bridge.models import WORKSPACE, Intent, Ticket
from bridge.store.database import Database
from bridge.tracker import Tracker, intents, rows
from bridge.tracker.clock import Clock, passed
from bridge.tracker.doubt import Readings, is_due
from bridge.tracker.effects import Done, Effect
from bridge.tracker.intents import Asked, Outcome, Sending, needs_person, resolve

__all__ = ["Ledger", "Outcome", "Settled", "needs_person", "resolve"]

TRIES = 5
"""How often an effect is sent in one run while the tracker asks us to wait a little."""

LONGEST_PAUSE_S = 120.0
"""A longer wait ends the run. So does a shorter one, asked of more than one issue, after all tries."""

UNREACHABLE = 3
"""After so many calls in a row that found no tracker, nothing more is tried."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settled:
    """Tickets, by what has become of their open effects.

    `waiting`: in doubt; nothing that isn't repeatable can be had on them meanwhile. `settled`: brought to an
    end now, each as often as it had an effect. `persons`: only a person can end what is open there.
    """

    waiting: frozenset[int] = frozenset()
    settled: tuple[int, ...] = ()
    persons: frozenset[int] = frozenset()


class Ledger:
    """Has effects on a tracker, each exactly once, while it holds the lease under `fence`.

    What went wrong is kept in `errors`, by topic; the effects after it are had all the same, unless `stopped`
    says why nothing more should be tried in this run. `pause` waits for seconds, `wall` gives the time that
    is written down.
    """

    def __init__(
        self,
        database: Database,
        tracker: Tracker,
        clock: Clock,
        fence: int,
        *,
        pause: Callable[[float], None] = time.sleep,
        wall: Callable[[], datetime] | None = None,
    ) -> None:
        self._database = database
        self._tracker = tracker
        self._clock = clock
        self._fence = fence
        self._pause = pause
        self._wall = wall or (lambda: clock.now().wall)
        self._readings = Readings(database, tracker, clock)
        self._unreached = 0
        self.errors: list[str] = []
        self.stopped: str | None = None

    def perform(self, effect: Effect) -> Outcome:
        """Have one effect: intent, commit, sent, commit, call, confirmed, commit.

        "waiting": it is in doubt, or something in doubt stands before it. "throttled": not now, by the
        tracker's wish or because this run is stopped. "withdrawn": nobody wants it any more.
        """
        if self.stopped is not None:
            return "throttled"
        with self._database.writing() as session:
            planned = intents.plan(session, effect, self._asked())
        return planned if isinstance(planned, str) else self._send(effect, planned)

    def settle(self, rebuild: Callable[[Intent], Effect | None]) -> Settled:
        """Bring open intents on as far as they are due by now; waits for nothing.

        `rebuild` gives an intent's effect as it would be today. None gives an upsert up; what may be there
        and is no upsert is kept in doubt.
        """
        settle_s, now = self._tracker.settle_s, self._clock.now()
        with self._database.reading() as session:
            left = intents.open_intents(session, settle_s, now)
        settled = [intent.ticket_id for intent in left if self._settle_one(intent, rebuild) == "confirmed"]
        with self._database.reading() as session:
            open_ = rows.left(session, ("sent", "in doubt", intents.PERSON))
        self._clean([row.id for row in open_ if row.canary and row.state != "in doubt"])
        persons = frozenset(row.ticket_id for row in open_ if row.state == intents.PERSON)
        doubtful = frozenset(row.ticket_id for row in open_ if row.state in ("sent", "in doubt"))
        return Settled(doubtful, tuple(settled), persons)

    def audit(self, days: int = 30) -> list[tuple[int, str, list[str]]]:
        """Count the issues by each marker of the last days; return topic, marker and keys where more."""
        found = []
        with self._database.reading() as session:
            rows = session.exec(
                select(Intent, Ticket)
                .where(
                    Intent.workspace_id == WORKSPACE,
                    Intent.effect == "create",
                    Ticket.id == Intent.ticket_id,
                    col(Intent.planned_at) > self._wall() - timedelta(days=days),
                )
                .order_by(col(Intent.id))
            ).all()
        for intent, ticket in rows:
            if self.stopped is not None:
                break
            try:
                issues = self._patiently(partial(self._tracker.find, intent.marker))
            except (TrackerError, InDoubt) as error:
                self._failed(ticket, error)
                continue
            keys = [remote.key for remote in issues]
            if len(keys) > 1:
                found.append((ticket.topic, intent.marker, keys))
                with self._database.writing() as session:
                    intents.duplicates(session, intent.id or 0, keys, self._wall())
        return found

    def _asked(self) -> Asked:
        return Asked(self._clock.now(), self._wall(), self._tracker.settle_s, self._fence)

    def _send(self, effect: Effect, intent_id: int) -> Outcome:
        for again in range(TRIES, 0, -1):
            with self._database.writing() as session:
                sending = intents.start(session, effect, intent_id, self._asked())
            if sending is None:
                self.stopped = "another run has taken the lease; this one sends nothing more"
                return "waiting"
            if isinstance(sending, str):
                return sending
            if self._was_frozen(sending):
                self._end(sending, "planned", "not sent: the process stood still before")
                continue
            outcome = self._call(effect, sending, last=again == 1)
            if outcome is not None:
                return outcome
        return "throttled"

    def _was_frozen(self, sending: Sending) -> bool:
        """Whether so much time went by since `sent` was committed that a reading may have come before us."""
        settle_s = self._tracker.settle_s
        limit = max(2.0, settle_s / 4) if settle_s else 10.0
        return passed(sending.now.boot, sending.now.seconds, self._clock.now()) > limit

    def _call(self, effect: Effect, sending: Sending, *, last: bool) -> Outcome | None:
        """Call the tracker once and class what came of it; None: it may be sent again."""
        try:
            done = effect.send(self._tracker, sending.ticket, sending.op)
        except TrackerThrottled as error:
            self._end(sending, "planned", "the tracker asked us to wait")
            return self._throttled(sending.ticket, error, last=last)
        except TrackerError as error:
            self._end(sending, "refused", str(error))
            self._failed(sending.ticket, error)
            return "refused"
        except Exception as error:  # noqa: BLE001 - whatever it was, it may have been had
            said = "no clear answer" if isinstance(error, InDoubt) else f"stopped by {type(error).__name__}"
            with self._database.writing() as session:
                intents.doubt(
                    session, sending.intent_id, repeatable=effect.repeatable, outcome=said, at=self._wall()
                )
            self._failed(sending.ticket, error)
            return "waiting"
        self._unreached = 0
        self._confirm(sending.intent_id, effect, [done])
        return "confirmed"

    def _throttled(self, ticket: Ticket, error: TrackerThrottled, *, last: bool) -> Outcome | None:
        if last or error.after > LONGEST_PAUSE_S:
            self._failed(ticket, error)
            return "throttled"
        self._pause(error.after)
        return None

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask; wait and ask again as long as the tracker wishes it to be a little later."""
        for _ in range(TRIES - 1):
            try:
                return ask()
            except TrackerThrottled as error:
                if error.after > LONGEST_PAUSE_S:
                    raise
                self._pause(error.after)
        return ask()

    def _failed(self, ticket: Ticket, error: Exception) -> None:
        """Keep what went wrong, and whether it speaks for more than this ticket."""
        self.errors.append(f"T-{ticket.topic}: {error}")
        self._unreached = self._unreached + 1 if isinstance(error, TrackerUnreachable) else 0
        must_wait = isinstance(error, TrackerThrottled) and (
            error.scope != "issue" or error.after > LONGEST_PAUSE_S
        )
        if must_wait or isinstance(error, TrackerDenied) or self._unreached >= UNREACHABLE:
            self.stopped = str(error)

    def _end(self, sending: Sending, state: str, outcome: str) -> None:
        with self._database.writing() as session:
            intents.end(session, sending, state, outcome, self._wall())

    def _confirm(self, intent_id: int, effect: Effect, found: list[Done]) -> None:
        with self._database.writing() as session:
            intents.confirm(session, intent_id, effect, found, self._wall())

    def _settle_one(self, intent: Intent, rebuild: Callable[[Intent], Effect | None]) -> Outcome:
        if self.stopped is not None:
            return "throttled"
        effect = rebuild(intent)
        doubtful = intent.state != "planned"
        if effect is None:
            upsert = intent.effect not in ("create", "transition") and intent.state != "in doubt"
            if not doubtful or upsert:
                with self._database.writing() as session:
                    intents.give_up(session, intent.id or 0, self._wall())
                return "withdrawn"
            return "waiting"
        if intent.state == "sent":
            with self._database.writing() as session:
                said = "found after a stop"
                intents.doubt(
                    session, intent.id or 0, repeatable=effect.repeatable, outcome=said, at=self._wall()
                )
        if not doubtful or effect.repeatable:
            return self.perform(effect)
        return self._read(intent, effect)

    def _read(self, intent: Intent, effect: Effect) -> Outcome:
        """Look for what is in doubt, if that is due, and act on it."""
        told, intent_id = intent.outcome.startswith(intents.TOLD), intent.id or 0
        if not told and not is_due(intent, self._tracker.settle_s, self._clock.now()):
            return "waiting"
        with self._database.reading() as session:
            ticket = session.get(Ticket, effect.ticket_id)
        if ticket is None:
            return "waiting"
        try:
            if told:
                found = self._patiently(lambda: self._as_told(intent, effect, ticket))
            else:
                found = self._patiently(lambda: self._readings.read(intent, effect, ticket, self._wall()))
        except (TrackerError, InDoubt) as error:
            self._failed(ticket, error)
            return "waiting"
        if found:
            self._confirm(intent_id, effect, found)
            return "confirmed"
        if found is None:
            return "waiting"
        with self._database.writing() as session:
            intents.absent(session, intent, self._wall())
        return self.perform(effect)

    def _as_told(self, intent: Intent, effect: Effect, ticket: Ticket) -> list[Done] | None:
        """Return the issue or comment that a person named; what isn't there goes back to them."""
        name = intent.outcome.removeprefix(intents.TOLD)
        own = [done for done in effect.find(self._tracker, ticket, intent.op) if done.name == name]
        if own:
            return own
        if effect.kind == "create" and (remote := self._tracker.look(name)) is not None:
            return [Done(remote, is_todays=False)]
        if effect.kind == "comment" and name in [
            c.id for c in self._tracker.comments(ticket.remote_id or "")
        ]:
            return [Done(comment_id=name)]
        with self._database.writing() as session:
            row = session.get(Intent, intent.id)
            if row is not None:
                row.state, row.outcome = intents.PERSON, f"{name} can't be seen in the tracker"
        return None

    def _clean(self, ended: Sequence[int]) -> None:
        """Take away the canaries of what has come to an end."""
        if not ended:
            return
        with self._database.reading() as session:
            left = session.exec(
                select(Intent, Ticket).where(col(Intent.id).in_(ended), Ticket.id == Intent.ticket_id)
            ).all()
        for intent, ticket in left:
            if self.stopped is not None:
                return
            try:
                self._patiently(partial(self._readings.clean, intent))
            except TrackerError as error:
                self._failed(ticket, error)
