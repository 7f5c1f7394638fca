"""A Hypothesis state machine: whatever is done to the ledger in whatever order, each effect is had once."""

from __future__ import annotations

from collections import Counter

from fake_tracker import FakeClock, FakeTracker, Odds
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ledger_world import Crash, effects_of, filled, rebuild
from sqlmodel import select

from bridge.errors import TrackerError, TrackerThrottled, TrackerUnreachable
from bridge.models import Intent, Ticket
from bridge.store.audit import first_broken
from bridge.tracker.lease import LEASE, take
from bridge.tracker.ledger import Ledger

TOPICS = (1, 2, 3)
ERRORS = {
    "refused": TrackerError("a field is missing"),
    "unreachable": TrackerUnreachable("no connection"),
    "throttled": TrackerThrottled("wait", after=2, scope="issue"),
    "all throttled": TrackerThrottled("all must wait", after=5, scope="site"),
    "closed": TrackerThrottled("come back in an hour", after=3600, scope="site"),
}
FAULTS = st.sampled_from(["late", "lost", "unanswered", *ERRORS])


class LedgerMachine(RuleBasedStateMachine):
    """Runs, deaths, lost answers, late effects, clocks that are set, restarts, people who hide topics."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(seconds=100_000.0)
        self.tracker = FakeTracker(self.clock, Odds(usual_lag=5.0, long_lag=0.2))
        self.database = filled(len(TOPICS))
        self.steps = 0
        self.database.step = self._step
        self.tracker.before = self._step
        self.ledger = self._new()

    def _new(self) -> Ledger:
        fence = take(self.database, LEASE, "sync", self.clock.wall())
        return Ledger(self.database, self.tracker, self.clock, fence, pause=self.clock.sleep)

    def _step(self, _: str) -> None:
        self.steps -= 1
        if self.steps == 0:
            raise Crash

    @rule(topic=st.sampled_from(TOPICS), which=st.integers(0, 2), dies=st.integers(0, 12))
    def perform(self, topic: int, which: int, dies: int) -> None:
        """Ask for an effect; the process may die at any boundary."""
        effects = effects_of(topic)
        self.steps = dies
        try:
            self.ledger.perform(effects[min(which, len(effects) - 1)])
        except Crash:
            self.steps = 0
            self.ledger = self._new()
        self.steps = 0

    @rule(dies=st.integers(0, 12))
    def settle(self, dies: int) -> None:
        """Start a run."""
        self.steps = 0
        self.ledger = self._new()
        self.steps = dies
        try:
            self.ledger.settle(rebuild)
        except Crash:
            self.steps = 0
            self.ledger = self._new()
        self.steps = 0

    @rule(seconds=st.sampled_from([1, 30, 60, 211, 420, 1000]))
    def wait(self, seconds: int) -> None:
        """Let time go by."""
        self.clock.sleep(seconds)

    @rule(hours=st.sampled_from([-1, 1, 24 * 400]))
    def set_the_wall_clock(self, hours: int) -> None:
        """Step the wall clock: it must not matter."""
        from datetime import timedelta

        self.clock.wall_step = timedelta(hours=hours)

    @rule(name=st.text("abc", min_size=3, max_size=6))
    def restart_the_machine(self, name: str) -> None:
        """Begin to count anew."""
        self.clock.restart(name)

    @rule(verb=st.sampled_from(["create", "comment"]), fault=FAULTS)
    def break_next(self, verb: str, fault: str) -> None:
        """Let the next call fail."""
        self.tracker.fail(verb, ERRORS.get(fault, fault))

    @rule(fault=st.sampled_from(list(ERRORS)), verb=st.sampled_from(["find", "comments", "ready"]))
    def blind(self, fault: str, verb: str) -> None:
        """Let the next reading fail: it counts for nothing."""
        self.tracker.fail(verb, ERRORS[fault])

    @rule(topic=st.sampled_from(TOPICS), hidden=st.booleans())
    def decide(self, topic: int, hidden: bool) -> None:
        """Hide a topic, or show it again."""
        from sqlalchemy import update

        from bridge.models import Topic

        self.steps = 0
        with self.database.writing() as session:
            state = "ignored" if hidden else "new"
            session.exec(update(Topic).where(Topic.number == topic).values(state=state))  # type: ignore[arg-type]

    @invariant()
    def nothing_is_there_twice(self) -> None:
        """No issue and no comment of ours was had twice."""
        for verb in ("create", "comment"):
            had = Counter(name for made, name in self.tracker.journal if made == verb)
            assert not had or max(had.values()) == 1, had

    @invariant()
    def what_is_confirmed_is_there(self) -> None:
        """A ticket that says it has an issue has its own; the audit log's chain holds."""
        self.steps = 0
        with self.database.reading() as session:
            for ticket in session.exec(select(Ticket).where(Ticket.state == "open")):
                issue = self.tracker.look_quietly(ticket.remote_id or "")
                assert issue is not None
                assert ticket.marker in issue.labels
            for intent in session.exec(select(Intent).where(Intent.effect == "comment")):
                if intent.state == "confirmed":
                    assert intent.op in [op for verb, op in self.tracker.journal if verb == "comment"]
            assert first_broken(session) is None

    def teardown(self) -> None:
        """In the end, left alone, everything that is wanted and can be settled is settled."""
        self.steps = 0
        self.tracker.heal()
        for _ in range(12):
            self.ledger = self._new()
            left = self.ledger.settle(rebuild)
            self.clock.sleep(430)
        assert not left.waiting
        self.nothing_is_there_twice()
        self.database.close()
