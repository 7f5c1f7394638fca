from __future__ import annotations

from pathlib import Path

import pytest
from builders import Bench, Fragile, Interrupted, copy_store, sixty

from bridge.errors import TrackerError
from bridge.plan import Draft
from bridge.tracker import Remote
from bridge.tracker.local import LocalTracker

AUTOMATIC = 'policy.mode = "automatic"'


class Doomed:
    """The local backlog behind a line that dies where it was told to; `calls` says what was asked."""

    name = "doomed"

    def __init__(self, real: LocalTracker, at: str, times: int = 1, failure: Exception | None = None) -> None:
        self._real = real
        self._at = at
        self._times = times
        self._failure = failure or Interrupted()
        self.calls: list[str] = []

    def _die(self, at: str) -> None:
        self.calls.append(at)
        if at == self._at and self._times > 0:
            self._times -= 1
            raise self._failure

    def find(self, marker: str) -> list[Remote]:
        self._die("find")
        return self._real.find(marker)

    def create(self, draft: Draft, marker: str) -> Remote:
        self._die("before create")
        remote = self._real.create(draft, marker)
        self._die("after create")
        return remote

    def read(self, issue_id: str) -> Remote | None:
        return self._real.read(issue_id)

    def update(self, issue_id: str, draft: Draft) -> None:
        self._die("before update")
        self._real.update(issue_id, draft)
        self._die("after update")

    def comment(self, issue_id: str, text: str) -> None:
        self._real.comment(issue_id, text)

    def finish(self, issue_id: str) -> None:
        self._real.finish(issue_id)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory):
    """One approved topic, nothing sent."""
    from quick import hurry

    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        bench = Bench(tmp_path_factory.mktemp("ready"))
        bench.take(sixty())
        bench.run("track")
        with bench.deciding() as verbs:
            verbs.approve(1, tracker="local", project="FB", type_="Bug")
        return bench


@pytest.fixture
def one(ready: Bench, tmp_path: Path):
    return copy_store(ready, tmp_path, NOBODY_ELSE)


NOBODY_ELSE = "policy.create_when.people = 5000"


def local(bench: Bench) -> LocalTracker:
    return LocalTracker(bench.database, lambda: bench.now)


def settled_well(bench: Bench) -> None:
    """Whatever happened before: the next syncs leave exactly one issue, linked, and nothing open."""
    bench.tracker = None
    for _ in range(2):
        plan = bench.sync().plan
    assert plan is not None
    assert plan.empty
    assert bench.query("SELECT key, title FROM backlog_issue") == bench.query("SELECT key, title FROM ticket")
    assert bench.query("SELECT state, key, remote_id FROM ticket") == [("open", "FB-1", "1")]
    assert bench.query("SELECT DISTINCT state FROM intent") == [("confirmed",)]
    assert bench.query("SELECT state FROM topic WHERE number = 1") == [("tracked",)]


@pytest.mark.parametrize("at", ["before create", "after create"])
def test_a_crash_around_the_trackers_create_leaves_one_issue(one: Bench, at: str):
    one.tracker = Doomed(local(one), at)
    with pytest.raises(Interrupted):
        one.sync()

    settled_well(one)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 8))
def test_a_crash_at_any_write_of_a_sync_leaves_one_issue(
    ready: Bench, tmp_path: Path, write: int, after: bool
):
    fragile = Fragile(f"sqlite:///{tmp_path / 'bridge.db'}", stop_at=write, after=after)
    bench = copy_store(ready, tmp_path, NOBODY_ELSE, database=fragile)
    with pytest.raises(Interrupted):
        bench.sync()

    settled_well(bench)
    fragile.close()


def test_a_crash_while_settling_is_settled_too(one: Bench):
    one.tracker = Doomed(local(one), "after create")
    with pytest.raises(Interrupted):
        one.sync()
    one.tracker = Doomed(local(one), "find")
    with pytest.raises(Interrupted):
        one.sync()

    settled_well(one)


def test_what_was_sent_three_times_and_never_found_waits_for_a_person(one: Bench):
    line = Doomed(local(one), "before create", times=99)
    one.tracker = line
    for _ in range(3):
        with pytest.raises(Interrupted):
            one.sync()

    one.sync()
    one.sync()

    assert line.calls.count("before create") == 3
    assert one.query("SELECT state, generation, outcome FROM intent") == [
        ("needs a person", 3, "sent three times, never found")
    ]
    assert one.query("SELECT count(*) FROM backlog_issue") == [(0,)]
    assert one.query("SELECT state FROM ticket") == [("approved",)]


def test_a_tracker_that_refuses_is_asked_again_by_the_next_run(one: Bench):
    one.tracker = Doomed(
        local(one), "before create", failure=TrackerError("no such project; nothing was made")
    )
    with pytest.raises(TrackerError, match="no such project"):
        one.sync()
    refused = one.query("SELECT state, outcome FROM intent")

    one.tracker = None
    one.sync()

    assert refused == [("refused", "no such project; nothing was made")]
    assert one.query("SELECT state FROM intent ORDER BY id") == [("refused",), ("confirmed",)]
    assert one.query("SELECT count(*) FROM backlog_issue") == [(1,)]


def test_one_refusal_holds_no_other_ticket_up(ready: Bench, tmp_path: Path):
    from bridge.pipeline import acting

    bench = copy_store(ready, tmp_path, NOBODY_ELSE)
    with bench.deciding() as verbs:
        verbs.approve(2, tracker="local", project="FB", type_="Bug")
    refusal = TrackerError("no such project; nothing was made")
    bench.tracker = Doomed(local(bench), "before create", failure=refusal)
    plan = acting.make_plan(bench.context(), acting.decide_all(bench.context()))
    errors: list[str] = []

    done = acting.apply_plan(bench.context(), plan, errors)

    assert len(plan.actions) == 2
    assert (done["created"], done["failed"]) == (1, 1)
    assert errors == [f"T-{plan.actions[0].topic}: no such project; nothing was made"]
    assert bench.query("SELECT topic FROM ticket WHERE state = 'open'") == [(plan.actions[1].topic,)]


def test_what_cannot_be_settled_holds_no_other_ticket_up(one: Bench):
    one.tracker = Doomed(local(one), "after create")
    with pytest.raises(Interrupted):
        one.sync()
    with one.deciding() as verbs:
        verbs.approve(2, tracker="local", project="FB", type_="Bug")
    one.tracker = Doomed(local(one), "find", failure=TrackerError("no answer"))

    with pytest.raises(TrackerError, match="T-1: no answer"):
        one.sync()

    assert one.query("SELECT topic FROM ticket WHERE state = 'open'") == [(2,)]


@pytest.mark.parametrize("at", ["before update", "after update"])
def test_a_crash_around_an_update_ends_with_the_newest_words_and_one_more_effect(one: Bench, at: str):
    one.sync()
    with one.deciding() as verbs:
        verbs.rename(1, "A better title")
    one.tracker = Doomed(local(one), at)
    with pytest.raises(Interrupted):
        one.sync()

    settled_well(one)

    assert one.query("SELECT title FROM backlog_issue") == [("A better title",)]
    assert one.query("SELECT effect FROM intent ORDER BY id") == [("create",), ("update",)]


def test_a_topic_that_a_person_hid_meanwhile_stays_hidden(one: Bench):
    one.tracker = Doomed(local(one), "after create")
    with pytest.raises(Interrupted):
        one.sync()
    with one.deciding() as verbs:
        verbs.ignore(1)
    one.tracker = None

    one.sync()

    assert one.query("SELECT state FROM topic WHERE number = 1") == [("ignored",)]
    assert one.query("SELECT state, key FROM ticket") == [("open", "FB-1")]


def test_an_approval_cannot_be_undone_while_its_ticket_is_under_way(one: Bench):
    from bridge.errors import InputError

    one.tracker = Doomed(local(one), "after create")
    with pytest.raises(Interrupted):
        one.sync()

    with pytest.raises(InputError, match="the ticket of T-1 is being created"), one.deciding() as verbs:
        verbs.undo(1)


def test_an_approval_that_the_tracker_refused_can_be_undone(one: Bench):
    one.tracker = Doomed(local(one), "before create", failure=TrackerError("refused"))
    with pytest.raises(TrackerError):
        one.sync()

    with one.deciding() as verbs:
        verbs.undo(1)

    assert one.query("SELECT state FROM ticket") == [("proposed",)]


def test_policy_automatic_creates_each_ticket_once(ready: Bench, tmp_path: Path):
    bench = copy_store(ready, tmp_path, AUTOMATIC)

    first = bench.run("sync").steps["sync"]["created"]
    for _ in range(2):
        plan = bench.run("sync").plan
        assert plan is not None
        assert plan.empty

    topics = bench.query("SELECT count(*) FROM topic")[0][0]
    assert first == topics >= 3
    assert bench.query("SELECT count(*), count(DISTINCT marker) FROM backlog_issue") == [(topics, topics)]


def test_a_daily_cap_spreads_creates_over_days(ready: Bench, tmp_path: Path):
    from datetime import timedelta

    bench = copy_store(ready, tmp_path, f"{AUTOMATIC}\npolicy.max_creates_per_day = 1")

    seen = []
    for hours in (0, 1, 25, 26):
        bench.now += timedelta(hours=hours)
        bench.sync()
        seen.append(bench.query("SELECT count(*) FROM backlog_issue")[0][0])

    assert seen == [1, 1, 2, 3]


@pytest.mark.parametrize("step", ["sync", "run"])
def test_a_dry_run_writes_nothing_but_that_it_ran(ready: Bench, tmp_path: Path, step: str):
    bench = copy_store(ready, tmp_path, AUTOMATIC)
    before = bench.tables("run")

    plan = (bench.sync(dry_run=True) if step == "sync" else bench.run("sync", dry_run=True)).plan

    assert plan is not None
    assert len([a for a in plan.actions if a.effect == "create"]) >= 3
    assert bench.tables("run") == before


def test_ledger_and_audit_hold_no_words_of_customers(ready: Bench, tmp_path: Path):
    bench = copy_store(ready, tmp_path, AUTOMATIC)
    bench.run("sync")

    books = str([bench.tables()[name] for name in ("intent", "audit", "run")])

    for text in [row["text"] for row in bench.rows()]:
        assert text not in books
        assert text[:20] not in books
