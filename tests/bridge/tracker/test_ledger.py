from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import pytest
from builders import STORES
from fake_tracker import FakeClock, FakeTracker
from hypothesis import settings
from ledger_machine import LedgerMachine
from ledger_world import Crash, SetTitle, Steps, draft, effects_of, fill, rebuild, says
from sqlalchemy import desc, update
from sqlmodel import select

from bridge.errors import (
    InDoubt,
    InputError,
    TrackerDenied,
    TrackerError,
    TrackerGone,
    TrackerThrottled,
    TrackerUnreachable,
)
from bridge.models import Audit, Intent, Ticket, Topic
from bridge.tracker import Remote
from bridge.tracker.effects import AddComment, Create
from bridge.tracker.lease import LEASE, take
from bridge.tracker.ledger import Ledger, Settled, needs_person, resolve

TOPICS = 5


class World:
    """A store with approved tickets, a tracker in memory, and a new run whenever one is asked for."""

    def __init__(self) -> None:
        self.clock = FakeClock(seconds=100_000.0)
        self.tracker = FakeTracker(self.clock)
        self.database = Steps(STORES.scratch())
        self.pauses: list[float] = []
        fill(self.database, TOPICS)

    def run(self) -> Ledger:
        def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.clock.sleep(seconds)

        fence = take(self.database, LEASE, "sync", self.clock.wall())
        return Ledger(self.database, self.tracker, self.clock, fence, pause=pause)

    def settle(self, after: float = 0.0) -> Settled:
        self.clock.sleep(after)
        return self.run().settle(rebuild)

    def state(self, effect: str = "create") -> tuple[str, int]:
        intent = self.intents(effect)[0]
        return intent.state, intent.generation

    def intents(self, effect: str = "create") -> list[Intent]:
        with self.database.reading() as session:
            return list(session.exec(select(Intent).where(Intent.effect == effect).order_by("id")))

    def ticket(self, number: int = 1) -> Ticket:
        with self.database.reading() as session:
            found = session.get(Ticket, number)
        assert found is not None
        return found

    def verbs(self) -> list[str]:
        with self.database.reading() as session:
            return [row.verb for row in session.exec(select(Audit).order_by("id"))]

    def had(self) -> list[str]:
        return [verb for verb, _ in self.tracker.journal if verb != "update"]

    def hide(self, number: int) -> None:
        with self.database.writing() as session:
            session.exec(update(Topic).where(Topic.number == number).values(state="ignored"))


@pytest.fixture
def world(stores: object) -> Iterator[World]:
    world = World()
    yield world
    world.database.step = lambda _: None
    world.database.close()


CREATE, GREW, _ = effects_of(1)


def test_an_effect_is_written_down_and_committed_before_the_tracker_is_called(world: World):
    seen: list[object] = []

    def look(verb: str) -> None:
        if verb == "create":
            intent = world.intents()[0]
            seen.append((intent.state, intent.fence, intent.sent_boot, world.verbs()))

    world.tracker.before = look

    assert world.run().perform(CREATE) == "confirmed"

    assert seen == [("sent", 1, "boot-1", ["intent.create"])]
    assert world.state() == ("confirmed", 1)
    assert (world.ticket().state, world.ticket().key, world.ticket().remote_id) == ("open", "FB-1", "10001")
    assert world.verbs() == ["intent.create", "intent.confirmed"]


def test_an_effect_that_was_had_is_not_had_again(world: World):
    run = world.run()
    outcomes = [run.perform(effect) for effect in (CREATE, GREW, CREATE, GREW)]

    assert outcomes == ["confirmed"] * 4
    assert world.had() == ["create", "comment"]


@pytest.mark.parametrize("fault", ["late", "unanswered"])
def test_what_was_had_without_an_answer_is_found_and_never_sent_again(world: World, fault: str):
    world.tracker.fail("create", fault)

    assert world.run().perform(CREATE) == "waiting"
    waits = world.settle(after=60)
    settled = world.settle(after=360)

    assert waits == Settled(waiting=frozenset([1]))
    assert settled == Settled(settled=(1,))
    assert world.had() == ["create"]
    assert world.ticket().key == "FB-1"
    assert world.ticket().reported == {**draft(1).fields, "title": "Topic 1"}


def test_what_is_absent_in_two_settled_readings_is_sent_again(world: World):
    world.tracker.fail("create", "lost")
    world.run().perform(CREATE)
    sent = world.clock.seconds - 30

    world.settle(after=380)
    early = world.tracker.calls.count("find")
    world.settle(after=sent + 425 - world.clock.seconds)
    first = world.tracker.calls.count("find")
    between = world.settle(after=200)
    settled = world.settle(after=15)

    assert (early, first) == (0, 1)
    assert between.waiting == {1}
    assert settled == Settled(settled=(1,))
    assert world.state() == ("confirmed", 2)
    assert world.had() == ["create"]
    assert "intent.absent" in world.verbs()


def test_a_stopped_run_is_found_out_and_settled_by_the_next(world: World):
    run = world.run()
    world.database.step = lambda name: _raise() if name == "before commit" and world.tracker.journal else None
    with pytest.raises(Crash):
        run.perform(CREATE)
    world.database.step = lambda _: None

    assert world.state() == ("sent", 1)
    assert world.settle().waiting == {1}
    assert world.state() == ("in doubt", 1)
    assert world.settle(after=430).settled == (1,)
    assert world.had() == ["create"]


def _raise() -> None:
    raise Crash


def test_a_zero_does_not_count_while_the_index_is_behind(world: World):
    world.run().perform(effects_of(2)[0])  # an issue of ours that a label can be put on
    world.tracker.fail("create", "unanswered")
    world.tracker._lag = lambda: 2000.0  # type: ignore[method-assign]

    world.run().perform(CREATE)
    for _ in range(4):
        assert world.settle(after=430).waiting == {1}
    assert world.had() == ["create", "create"]
    assert world.intents()[1].canary.startswith("fbb-seen-")
    settled = [world.settle(after=430).settled for _ in range(3)]

    assert (1,) in settled
    assert world.had() == ["create", "create"]


def test_canaries_are_taken_away_and_no_label_of_them_looks_like_a_marker(world: World):
    world.run().perform(effects_of(2)[0])
    world.tracker.fail("create", "lost")
    world.run().perform(CREATE)

    world.settle(after=430)
    labels = next(issue.remote.labels for issue in world.tracker.issues)
    canary = next(label for label in labels if label.startswith("fbb-seen-"))
    world.settle(after=430)
    world.settle()

    assert set(canary.removeprefix("fbb-seen-")) <= set("ghijklmnopqrstuvwxyz")
    assert len(canary) == len("fbb-seen-") + 6
    assert [len(issue.remote.labels) for issue in world.tracker.issues] == [1, 1]
    assert [intent.canary for intent in world.intents()] == ["", ""]


def test_a_canary_whose_issue_went_away_is_replaced(world: World):
    world.run().perform(effects_of(2)[0])
    world.run().perform(effects_of(3)[0])
    world.tracker.fail("create", "lost")
    world.run().perform(CREATE)
    world.settle(after=430)
    planted = next(i for i in world.tracker.issues if any("seen" in label for label in i.remote.labels))
    planted.gone = True

    for _ in range(4):
        world.settle(after=430)

    assert world.ticket().key is not None
    assert Counter(world.tracker.markers()).most_common(1)[0][1] == 1


def test_a_reading_that_fails_counts_for_nothing(world: World):
    world.tracker.fail("create", "lost")
    world.run().perform(CREATE)
    world.settle(after=430)
    world.tracker.is_ready = TrackerDenied("the token has expired")

    run = world.run()
    world.clock.sleep(430)
    run.settle(rebuild)

    assert run.stopped == "the token has expired"
    assert world.state() == ("in doubt", 1)
    assert world.tracker.calls.count("create") == 1


def test_what_was_sent_three_times_and_never_found_waits_for_a_person(world: World):
    world.tracker.fail("create", "lost", "lost", "lost")
    world.run().perform(CREATE)

    for _ in range(12):
        left = world.settle(after=430)
    outcome = world.run().perform(CREATE)

    assert world.tracker.calls.count("create") == 3
    assert left.persons == {1}
    assert outcome == "waiting"
    with world.database.reading() as session:
        row = needs_person(session)[0]
    assert (row["topic"], row["project"], row["ticket"], row["what"]) == ("T-1", "FB", None, "create")
    assert "sent three times, never found" in row["reason"]
    assert world.ticket().marker in row["next_step"]


def test_a_person_can_say_that_it_is_absent_or_where_it_is(world: World):
    for effect in (CREATE, effects_of(2)[0]):
        world.tracker.fail("create", "lost", "lost", "lost")
        world.run().perform(effect)
        for _ in range(12):
            world.settle(after=430)
    made = world.tracker.create(draft(2), "by hand", "")
    with world.database.writing() as session:
        resolve(session, 1, "absent", world.clock.wall())
        resolve(session, 2, f"key {made.key}", world.clock.wall())

    settled = world.settle()

    assert sorted(settled.settled) == [1, 2]
    assert world.ticket(2).key == made.key
    assert world.ticket(1).key not in (None, made.key)


@pytest.mark.parametrize("answer", ["", "key", "perhaps", "absent now"])
def test_what_is_no_answer_is_refused_in_words(world: World, answer: str):
    world.tracker.fail("create", "lost", "lost", "lost")
    world.run().perform(CREATE)
    for _ in range(12):
        world.settle(after=430)

    with pytest.raises(InputError, match="say absent or key FB-12"), world.database.writing() as session:
        resolve(session, 1, answer, world.clock.wall())
    with pytest.raises(InputError, match="doesn't wait for a person"), world.database.writing() as session:
        resolve(session, 99, "absent", world.clock.wall())


def test_a_key_that_cannot_be_seen_goes_back_to_the_person(world: World):
    world.tracker.fail("create", "lost", "lost", "lost")
    world.run().perform(CREATE)
    for _ in range(12):
        world.settle(after=430)
    with world.database.writing() as session:
        resolve(session, 1, "key FB-404", world.clock.wall())

    left = world.settle()

    assert left.persons == {1}
    with world.database.reading() as session:
        assert "FB-404 can't be seen" in needs_person(session)[0]["reason"]


def test_two_issues_by_one_marker_are_adopted_once_and_told(world: World):
    world.tracker.fail("create", "unanswered")
    world.run().perform(CREATE)
    world.tracker.create(draft(1), world.ticket().marker, "another bridge's")

    world.settle(after=430)

    assert world.ticket().key == "FB-1"
    with world.database.reading() as session:
        rows = needs_person(session)
    assert [row["reason"] for row in rows] == ["create: duplicate: FB-1 FB-2"]
    assert "intent.duplicate" in world.verbs()
    assert len(world.tracker.issues) == 2
    with world.database.writing() as session:
        resolve(session, rows[0]["intent"], "seen", world.clock.wall())
    with world.database.reading() as session:
        assert needs_person(session) == []


def test_the_audit_counts_issues_by_marker(world: World):
    world.run().perform(CREATE)
    world.run().perform(effects_of(2)[0])
    assert world.run().audit() == []

    world.tracker.create(draft(1), world.ticket().marker, "a proxy sent it twice")

    assert world.run().audit() == [(1, world.ticket().marker, ["FB-1", "FB-3"])]
    world.clock.sleep(31 * 86400)
    assert world.run().audit() == []


@pytest.mark.parametrize("error", [TrackerError("severity is missing"), TrackerGone("it is gone")])
def test_a_definite_no_is_kept_in_words_and_may_be_asked_again(world: World, error: TrackerError):
    world.tracker.fail("create", error)
    run = world.run()

    refused = run.perform(CREATE)
    state = (*world.state(), world.intents()[0].outcome)
    again = world.run().perform(CREATE)

    assert (refused, run.errors, run.stopped) == ("refused", [f"T-1: {error}"], None)
    assert state == ("refused", 1, str(error))
    assert (again, world.state()) == ("confirmed", ("confirmed", 1))


def test_one_refusal_holds_no_other_ticket_up(world: World):
    world.tracker.fail("create", TrackerError("severity is missing"))
    run = world.run()

    assert [run.perform(effects_of(n)[0]) for n in (1, 2)] == ["refused", "confirmed"]


def test_a_short_wait_is_waited_and_the_effect_sent_afresh(world: World):
    world.tracker.fail("create", TrackerThrottled("wait", after=7, scope="issue"))

    assert world.run().perform(CREATE) == "confirmed"

    assert world.pauses == [7]
    assert world.had() == ["create"]


def test_who_is_asked_to_wait_again_and_again_leaves_it_to_the_next_run(world: World):
    world.tracker.fail("create", *[TrackerThrottled("wait", after=7, scope="issue")] * 5)
    run = world.run()

    assert run.perform(CREATE) == "throttled"

    assert (world.pauses, run.stopped, world.state()) == ([7] * 4, None, ("planned", 1))
    assert run.perform(effects_of(2)[0]) == "confirmed"  # only that issue was to wait
    world.tracker.heal()
    assert world.settle().settled == (1,)


@pytest.mark.parametrize(
    "error",
    [
        TrackerThrottled("wait an hour", after=3600, scope="issue"),
        TrackerThrottled("all must wait for long", after=121, scope="site"),
        TrackerDenied("the token has expired"),
    ],
)
def test_what_speaks_for_the_whole_site_stops_the_run(world: World, error: TrackerError):
    world.tracker.fail("create", error)
    run = world.run()

    run.perform(CREATE)
    after = run.perform(effects_of(2)[0])

    assert (run.stopped, after, world.pauses) == (str(error), "throttled", [])
    assert world.tracker.calls == ["create"]


@pytest.mark.parametrize("scope", ["site", "endpoint"])
def test_a_short_wait_for_all_is_waited_before_any_other_call(
    world: World, scope: Literal["site", "endpoint"]
):
    asked_to_wait_until = [0.0]
    sent_before: list[bool] = []

    def hear(_: str) -> None:
        sent_before.append(world.clock.seconds >= asked_to_wait_until[0])
        with world.database.reading() as session:
            newest = session.exec(select(Intent).order_by(desc("sent_s"))).first()
        assert newest is not None
        assert (newest.state, newest.sent_s) == ("sent", world.clock.now().seconds)
        asked_to_wait_until[0] = world.clock.seconds + 60 if len(sent_before) in (1, 3, 4) else 0.0

    world.tracker.fail("create", wait := TrackerThrottled("wait", after=60.5, scope=scope))
    world.tracker.before = hear
    run = world.run()

    first = run.perform(CREATE)
    world.tracker.fail("create", wait, wait)
    second = run.perform(effects_of(2)[0])

    assert (first, second, run.stopped, run.errors) == ("confirmed", "confirmed", None, [])
    assert (world.pauses, sent_before) == ([60.5] * 3, [True] * 5)


@pytest.mark.parametrize("scope", ["site", "endpoint"])
def test_who_is_asked_to_wait_for_all_again_and_again_stops_the_run(
    world: World, scope: Literal["site", "endpoint"]
):
    world.tracker.fail("create", *[TrackerThrottled("wait", after=7, scope=scope)] * 9)
    run = world.run()

    outcomes = [run.perform(effects_of(n)[0]) for n in (1, 2)]

    assert (outcomes, run.stopped, world.pauses) == (["throttled", "throttled"], "wait", [7] * 4)
    assert (world.tracker.calls, world.state()) == (["create"] * 5, ("planned", 1))


def test_a_reading_that_is_asked_to_wait_a_little_waits_and_reads_again(world: World):
    world.tracker.fail("create", "unanswered")
    world.run().perform(CREATE)
    world.tracker.fail("find", *[TrackerThrottled("wait", after=7, scope="site")] * 2)

    assert world.settle(after=430).settled == (1,)

    assert (world.pauses, world.had().count("create")) == ([7, 7], 1)


def test_two_hundred_effects_on_a_throttling_tracker_are_had_in_one_run():
    world, topics = World(), 200
    fill(world.database, topics - TOPICS, first=TOPICS + 1)
    calls = {"left": 10, "free at": 0.0, "too early": 0}

    def throttle(_: str) -> None:
        calls["too early"] += world.clock.seconds < calls["free at"]
        calls["left"] -= 1
        if calls["left"] < 0:
            calls.update({"left": 10, "free at": world.clock.seconds + 30})
            world.tracker.fail("create", TrackerThrottled("wait", after=30.5, scope="site"))

    world.tracker.before = throttle
    run = world.run()

    outcomes = {run.perform(effects_of(n)[0]) for n in range(1, topics + 1)}

    assert (outcomes, run.stopped, calls["too early"]) == ({"confirmed"}, None, 0)
    assert max(Counter(world.tracker.markers()).values()) == 1
    assert (len(world.tracker.markers()), set(world.pauses)) == (topics, {30.5})


def test_a_run_that_stood_still_while_reading_says_nothing_of_a_later_send(world: World):
    world.tracker.fail("create", "lost", "late")
    world.run().perform(CREATE)
    world.settle(after=430)
    world.clock.sleep(220)
    frozen, find = world.run(), world.tracker.find

    def stand_still(marker: str) -> list[Remote]:
        world.tracker.find = find  # type: ignore[method-assign]
        seen = find(marker)
        world.settle()  # another run finds it absent too, and sends it again: late
        return seen

    world.tracker.find = stand_still  # type: ignore[method-assign]
    frozen.settle(rebuild)

    assert world.state() == ("in doubt", 2)
    for _ in range(4):
        world.settle(after=430)
    assert (world.state(), world.had().count("create")) == (("confirmed", 2), 1)


def test_three_calls_that_find_no_tracker_stop_the_run(world: World):
    world.tracker.fail("create", *[TrackerUnreachable("no connection")] * 3)
    run = world.run()

    outcomes = [run.perform(effects_of(n)[0]) for n in (1, 2, 3, 4)]

    assert outcomes == ["refused", "refused", "refused", "throttled"]
    assert run.stopped == "no connection"


@pytest.mark.parametrize("error", [InDoubt("no answer"), ValueError("a bug"), OSError("reset")])
def test_whatever_is_no_definite_no_is_in_doubt(world: World, error: Exception):
    world.tracker.fail("create", error)

    assert world.run().perform(CREATE) == "waiting"
    assert world.state() == ("in doubt", 1)
    assert str(error) not in world.intents()[0].outcome


def test_nothing_else_that_counts_is_had_on_a_ticket_in_doubt(world: World):
    run = world.run()
    run.perform(CREATE)
    world.tracker.fail("comment", "lost")
    run.perform(GREW)

    other = run.perform(AddComment(1, "back", says("back")))
    upsert = run.perform(SetTitle(1, "fields", "New"))
    elsewhere = run.perform(effects_of(2)[0])

    assert (other, upsert, elsewhere) == ("waiting", "confirmed", "confirmed")


def test_an_upsert_in_doubt_is_sent_again_at_once(world: World):
    run = world.run()
    run.perform(CREATE)
    effect = SetTitle(1, "fields", "New")
    world.tracker.fail("update", "lost")

    assert [run.perform(effect), run.perform(effect)] == ["waiting", "confirmed"]
    assert world.tracker.issues[0].remote.title == "New"


def test_a_late_upsert_cannot_lie_over_a_newer_one(world: World):
    run = world.run()
    run.perform(CREATE)
    world.tracker.fail("update", "late")
    run.perform(SetTitle(1, "old", "Old"))

    newer = SetTitle(1, "new", "Newer")
    early = run.perform(newer)
    world.clock.sleep(400)
    later = run.perform(newer)
    world.tracker.find("x")

    assert (early, later) == ("waiting", "confirmed")
    assert world.tracker.issues[0].remote.title == "Newer"


def test_what_nobody_wants_any_more_is_not_sent(world: World):
    world.tracker.fail("create", TrackerError("severity is missing"))
    world.run().perform(CREATE)
    world.hide(1)

    assert world.run().perform(CREATE) == "withdrawn"
    assert world.had() == []


def test_what_was_hidden_between_plan_and_send_is_not_sent(world: World):
    calls: list[str] = []

    def hide(name: str) -> None:
        calls.append(name)
        if calls == ["before commit", "after commit"]:  # planned
            world.hide(1)

    run = world.run()
    world.database.step = hide

    assert run.perform(CREATE) == "withdrawn"
    assert world.had() == []
    assert world.state()[0] == "withdrawn"


def test_an_issue_of_a_topic_hidden_meanwhile_is_found_and_the_topic_stays_hidden(world: World):
    world.tracker.fail("create", "unanswered")
    world.run().perform(CREATE)
    world.hide(1)

    world.settle(after=430)

    assert world.ticket().key == "FB-1"
    with world.database.reading() as session:
        assert session.exec(select(Topic.state).where(Topic.number == 1)).one() == "ignored"


def test_an_absent_issue_of_a_hidden_topic_is_withdrawn(world: World):
    world.tracker.fail("create", "lost")
    world.run().perform(CREATE)
    world.hide(1)

    for _ in range(3):
        left = world.settle(after=430)

    assert (world.state(), left) == (("withdrawn", 2), Settled())
    assert world.had() == []


def test_a_process_that_stood_still_before_the_call_does_not_send(world: World):
    frozen = [500.0]

    def freeze(name: str) -> None:
        if name == "after commit" and frozen and world.state()[0] == "sent":
            world.clock.sleep(frozen.pop())

    run = world.run()
    world.database.step = freeze

    assert run.perform(CREATE) == "confirmed"

    assert world.intents()[0].sent_s > 100_400
    assert world.had() == ["create"]


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=400)])
def test_a_wall_clock_that_is_set_hastens_nothing(world: World, step: timedelta):
    world.tracker.fail("create", "late")
    world.run().perform(CREATE)
    world.clock.wall_step = step

    assert world.settle(after=60).waiting == {1}
    assert world.tracker.calls.count("find") == 0


def test_after_a_restart_of_the_machine_the_wait_begins_anew(world: World):
    world.tracker.fail("create", "lost")
    world.run().perform(CREATE)
    world.clock.restart("boot-2")

    assert world.settle(after=300).waiting == {1}
    assert world.tracker.calls.count("find") == 0
    world.settle(after=130)
    assert world.tracker.calls.count("find") == 1


def test_what_a_newer_run_found_absent_is_not_undone_by_an_old_answer(world: World):
    """Two runs, one frozen inside its call: its answer counts, and the second issue is told to a person."""
    old = world.run()
    created = world.tracker.create

    def slow(*arguments: object) -> object:
        world.tracker.create = created  # type: ignore[method-assign]
        for _ in range(3):
            world.settle(after=430)
        return created(*arguments)  # type: ignore[arg-type]

    world.tracker.create = slow  # type: ignore[method-assign, assignment]
    old.perform(CREATE)

    with world.database.reading() as session:
        rows = needs_person(session)
    assert world.state()[0] == "confirmed"
    assert [row["reason"] for row in rows] == ["create: duplicate: FB-1 FB-2"]


def test_an_intent_nobody_can_rebuild_is_given_up_only_if_it_cannot_have_been_had(world: World):
    world.tracker.fail("create", "lost")
    world.run().perform(effects_of(2)[0])
    world.run().perform(CREATE)
    world.tracker.fail("update", "lost")
    world.run().perform(SetTitle(1, "fields", "New"))

    left = world.run().settle(lambda _: None)

    assert left.waiting == {2}
    assert [intent.state for intent in world.intents("update")] == ["withdrawn"]


def test_a_comment_given_up_in_doubt_is_looked_for_before_it_is_written_again(world: World):
    run = world.run()
    run.perform(CREATE)
    calls = iter([True])
    world.tracker.before = lambda verb: _raise() if verb == "comment" and next(calls, False) else None
    with pytest.raises(Crash):
        run.perform(GREW)
    world.run().settle(lambda _: None)
    assert world.state("comment")[0] == "withdrawn"

    assert world.run().perform(GREW) == "waiting"
    for _ in range(3):
        world.settle(after=430)
    assert world.state("comment") == ("confirmed", 2)


def test_a_tracker_that_does_not_lag_settles_at_once(world: World):
    world.tracker.settle_s = 0
    world.tracker.fail("create", "lost", "unanswered")

    world.run().perform(CREATE)
    settled = [world.settle(), world.settle()]

    assert settled[-1] == Settled(settled=(1,))
    assert world.had() == ["create"]


def test_rows_and_audit_hold_no_words(world: World):
    words = "my suitcase was lost"
    effects = (Create(1, draft(1, title=words)), AddComment(1, "grew", says(words)))
    for effect in effects:
        world.run().perform(effect)

    with world.database.reading() as session:
        rows = [*session.exec(select(Intent)), *session.exec(select(Audit))]
    assert len(rows) == 6
    assert words not in str([row.model_dump() for row in rows])


TestMachine = LedgerMachine.TestCase
TestMachine.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
