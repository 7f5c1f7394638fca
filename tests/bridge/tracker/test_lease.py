from __future__ import annotations

import pytest
from builders import STORES
from fake_tracker import FakeClock, FakeTracker
from ledger_world import BORN, Steps, effects_of, fill

from bridge.tracker.lease import LEASE, current, take
from bridge.tracker.ledger import Ledger

pytestmark = pytest.mark.usefixtures("stores")


def store() -> Steps:
    database = Steps(STORES.scratch())
    fill(database, 1)
    return database


def test_each_holder_gets_the_next_fence():
    database = store()

    fences = [take(database, LEASE, who, BORN) for who in ("one", "two")]

    with database.reading() as session:
        assert (fences, current(session, LEASE), current(session, "another")) == ([1, 2], 2, 0)
    database.close()


def test_who_lost_the_lease_sends_nothing_more():
    database, clock = store(), FakeClock()
    tracker = FakeTracker(clock)
    old = Ledger(database, tracker, clock, take(database, LEASE, "one", BORN))
    new = Ledger(database, tracker, clock, take(database, LEASE, "two", BORN))

    late = old.perform(effects_of(1)[0])

    assert late == "waiting"
    assert old.stopped is not None
    assert tracker.journal == []
    assert new.perform(effects_of(1)[0]) == "confirmed"
    assert [verb for verb, _ in tracker.journal] == ["create"]
    database.close()
