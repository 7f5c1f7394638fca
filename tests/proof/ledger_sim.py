"""The seeded simulation: the real ledger on real SQLite, a tracker in memory with the faults of real ones.

A trial is one topic: its issue and two comments; a sync has many topics. The process dies with a chance of
5 % before each commit and each call, and again of 5 % after it; it is started again after 1 to 10 s, and
syncs each minute.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from fake_tracker import REAL, FakeClock, FakeTracker, Odds
from ledger_world import Crash, Steps, answer_as_a_person, draft, filled, notes_of, round_of, says
from sqlalchemy import select as columns
from sqlmodel import col, select

from bridge.errors import InDoubt
from bridge.models import Intent, Ticket
from bridge.store.audit import first_broken
from bridge.tracker import marker

CRASH = 0.05
"""At each side of each commit and each call."""

NEEDLESS = 0.02
"""How often a sync asks for what it knows to be confirmed, or to have to wait."""

PER_STORE = 200
PER_SYNC = 50
SYNC_S = 60.0
ROUNDS = 400


@dataclass(slots=True)
class Tally:
    """What came of some trials."""

    trials: int = 0
    duplicates: int = 0  # topics with two issues or more
    lost: int = 0  # topics whose issue, or one of whose comments, isn't there or isn't known
    double_comments: int = 0
    asked: int = 0  # times a person was asked
    doubts: int = 0
    crashes: int = 0
    broken: int = 0  # audit logs whose chain is broken
    failing: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what came of others."""
        for name in (
            "trials",
            "duplicates",
            "lost",
            "double_comments",
            "asked",
            "doubts",
            "crashes",
            "broken",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.failing += other.failing

    @property
    def violations(self) -> int:
        """How often what was promised wasn't kept."""
        return self.duplicates + self.lost + self.double_comments + self.broken


class Dying:
    """A process that dies at a boundary, by chance."""

    def __init__(self, draw: random.Random, share: float) -> None:
        self._draw, self._share = draw, share
        self.crashes = 0
        self.alive = True  # whether it is the process that runs now, and not the one that looks on

    def step(self, _: str = "") -> None:
        """Die here, or go on."""
        if self.alive and self._draw.random() < self._share:
            self.crashes += 1
            raise Crash


def one_store(seed: int, trials: int, odds: Odds = REAL, *, settle_s: float = 420.0) -> Tally:
    """Play so many topics, one after the other, in one store."""
    draw = random.Random(seed)
    clock, dying = FakeClock(seconds=1_000_000.0), Dying(draw, CRASH)
    tracker = Breaking(clock, odds, draw, settle_s=settle_s)
    database = filled(trials)
    tracker.dying, database.step = dying, dying.step
    tally = Tally(trials=trials)
    for first in range(1, trials + 1, PER_SYNC):
        numbers = range(first, min(first + PER_SYNC, trials + 1))
        tally.asked += _topics(numbers, database, tracker, clock, dying, draw)
    dying.alive = False
    _judge(seed, database, tracker, tally)
    tally.crashes = dying.crashes
    database.close()
    return tally


class Breaking(FakeTracker):
    """A tracker whose caller may die before a call and after it."""

    dying: Dying

    def _write(self, verb: str, commit: Callable[[], object]) -> object:
        self.dying.step()
        made = super()._write(verb, commit)
        self.dying.step()
        return made


def _topics(
    numbers: range, database: Steps, tracker: FakeTracker, clock: FakeClock, dying: Dying, draw: random.Random
) -> int:
    asked = 0
    for _ in range(ROUNDS * len(numbers)):
        try:
            if round_of(
                database, tracker, clock, numbers, clock.sleep, needless=lambda: draw.random() < NEEDLESS
            ):
                return asked
        except Crash:
            clock.sleep(draw.uniform(1, 10))
            continue
        dying.alive = False
        asked += answer_as_a_person(database, lambda intent: where(tracker, intent), clock.now().wall)
        clock.sleep(SYNC_S * _idle_rounds(database, tracker, clock))
        dying.alive = True
    return asked


def _idle_rounds(database: Steps, tracker: FakeTracker, clock: FakeClock) -> int:
    """Return in how many minutes something is due; the rounds before would do nothing."""
    with database.reading() as session:
        rows = list(session.connection().execute(_DOUBTFUL))
    waits = [
        max(row.sent_s + tracker.settle_s, row.read_s + tracker.settle_s / 2 if row.read_s else 0.0)
        for row in rows
    ]
    wait = min(waits, default=0.0) - clock.now().seconds
    return max(1, -int(-wait // SYNC_S))


_DOUBTFUL = columns(col(Intent.sent_s), col(Intent.read_s)).where(col(Intent.state) == "in doubt")


def where(tracker: FakeTracker, intent: Intent) -> str:
    """Return the name of what an intent is about, as a person finds it; empty if it isn't there."""
    if intent.effect == "create":
        found = [i.remote.key for i in tracker.issues if intent.marker in i.remote.labels]
    else:
        found = [c.id for i in tracker.issues for c in i.comments if c.op == intent.op]
    return found[0] if found else ""


def _judge(seed: int, database: Steps, tracker: FakeTracker, tally: Tally) -> None:
    """Hold the store against the tracker's journal."""
    opened, ops = Counter(tracker.markers()), Counter(tracker.ops())
    keys = {label: i.remote.key for i in tracker.issues for label in i.remote.labels}
    with database.reading() as session:
        tickets = session.exec(select(Ticket)).all()
        intents = session.exec(select(Intent)).all()
        tally.broken += first_broken(session) is not None
    tally.doubts = sum(i.generation > 1 or bool(i.reads) for i in intents)
    had = Counter(i.ticket_id for i in intents if i.effect == "comment" and ops[i.op] >= 1)
    doubled = {i.ticket_id for i in intents if ops[i.op] > 1}
    for ticket in tickets:
        twice = opened[ticket.marker] > 1
        lost = opened[ticket.marker] < 1 or ticket.key != keys.get(ticket.marker) or ticket.state != "open"
        lost = lost or had[ticket.id or 0] < len(notes_of(ticket.id or 0))
        tally.duplicates += twice
        tally.lost += lost and not twice
        tally.double_comments += ticket.id in doubled
        if twice or lost or ticket.id in doubled:
            tally.failing.append(seed * 1000 + (ticket.id or 0))


def baseline(seed: int, trials: int, odds: Odds = REAL, *, search_first: bool) -> Tally:
    """Play the same with a program that keeps no ledger: it opens an issue, then saves its key."""
    draw = random.Random(seed)
    clock, tally = FakeClock(seconds=1_000_000.0), Tally(trials=trials)
    tracker, dying = Breaking(clock, odds, draw), Dying(draw, CRASH)
    tracker.dying = dying
    for number in range(1, trials + 1):
        saved: set[str] = set()
        for _ in range(ROUNDS):
            try:
                _plainly(number, tracker, dying, saved, search_first=search_first)
                break
            except Crash:
                clock.sleep(draw.uniform(1, 10))
            except InDoubt:
                clock.sleep(SYNC_S)
    tally.duplicates = sum(count > 1 for count in Counter(tracker.markers()).values())
    doubled = {op.partition("/")[0] for op, count in Counter(tracker.ops()).items() if count > 1}
    tally.double_comments, tally.crashes = len(doubled), dying.crashes
    tally.lost = trials - len(set(tracker.markers()))
    return tally


def _plainly(number: int, tracker: FakeTracker, dying: Dying, saved: set[str], *, search_first: bool) -> None:
    name = marker("1", "FB", number)
    if not any(s.startswith("issue ") for s in saved):
        found = tracker.find(name) if search_first else []
        remote = found[0] if found else tracker.create(draft(number), name, "op")
        dying.step()
        saved.add(f"issue {remote.id}")
        dying.step()
    issue = next(s.removeprefix("issue ") for s in saved if s.startswith("issue "))
    for note in notes_of(number):
        op = f"{number}/{note}"
        if op not in saved:
            there = [c for c in tracker.comments(issue) if c.op == op] if search_first else []
            if not there:
                tracker.comment(issue, says(note), op)
            dying.step()
            saved.add(op)
            dying.step()


__all__ = ["PER_STORE", "Tally", "baseline", "one_store"]
