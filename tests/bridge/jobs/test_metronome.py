from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session

from bridge.errors import StoreError
from bridge.jobs.jobs import Outcome
from bridge.jobs.table import Table
from bridge.models import SourceState
from bridge.models.running import Job as Row
from tests.bridge.jobs.conftest import START, Hands, Station

TEN, HOUR, DAY = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)


def row(station: Station, name: str) -> Row:
    with station.database.reading() as session:
        found = session.get(Row, (1, name))
    assert found is not None
    return found


def fails(message: str = "the disk is full") -> Outcome:
    raise StoreError(message)


def in_turn(ways: Iterator[Callable[[], Outcome]]) -> Callable[[], Outcome]:
    def do() -> Outcome:
        return next(ways)()

    return do


def test_a_job_is_done_at_once_and_then_each_period(station: Station):
    station.with_jobs(station.job("sync", TEN))

    assert station.tick() == ["sync"]
    assert station.tick(minutes=9) == []
    assert station.tick(minutes=1) == ["sync"]
    assert row(station, "sync").last_ok_at == START + TEN


def test_ticks_that_were_missed_are_made_up_for_once(station: Station):
    station.with_jobs(station.job("sync", TEN))
    station.tick()

    assert station.tick(days=30) == ["sync"]
    assert station.tick() == []


def test_a_nightly_job_waits_for_its_night_and_is_made_up_for_if_it_was_missed(station: Station):
    station.with_jobs(station.job("backup", DAY, hour=2))

    assert station.tick() == []
    assert station.tick(hours=13, minutes=59) == []
    assert station.tick(minutes=1) == ["backup"]
    assert station.tick(hours=40) == ["backup"]
    assert row(station, "backup").next_due_at == START.replace(day=4, hour=2)


def test_a_failing_job_holds_no_other_up_and_is_backed_off(station: Station):
    station.with_jobs(station.job("sync", HOUR, fails), station.job("backup", TEN))

    assert station.tick() == ["sync", "backup"]
    assert (row(station, "sync").failures, row(station, "sync").last_error) == (1, "the disk is full")
    assert row(station, "sync").last_ok_at is None
    assert station.tick(seconds=59) == []
    assert station.tick(seconds=1) == ["sync"]
    assert station.tick(seconds=119) == []
    assert station.tick(seconds=1) == ["sync"]
    assert row(station, "sync").failures == 3


def test_a_job_that_is_well_again_forgets_its_failures(station: Station):
    ways = iter([fails, Outcome])
    station.with_jobs(station.job("sync", TEN, in_turn(ways)))

    station.tick()
    station.tick(minutes=1)

    assert (row(station, "sync").failures, row(station, "sync").last_error) == (0, None)
    assert row(station, "sync").next_due_at == START + timedelta(minutes=11)


def test_a_part_that_went_wrong_is_noted_and_waits_no_longer_than_usual(station: Station):
    station.with_jobs(station.job("sync", TEN, lambda: Outcome({"created": 1}, "T-3: no such field")))

    station.tick()

    assert row(station, "sync").next_due_at == START + TEN
    assert (row(station, "sync").failures, row(station, "sync").last_error) == (1, "T-3: no such field")
    assert station.lines[-1]["outcome"] == "partly"


def test_while_another_holds_the_store_ticks_are_skipped(station: Station):
    station.with_jobs(station.job("sync", TEN))
    station.is_held = True

    assert station.tick() == []
    assert station.pulse.skipped == 1

    station.is_held = False
    assert station.tick() == ["sync"]


def test_a_job_that_another_did_before_the_lock_was_ours_is_not_done_again(station: Station):
    mine = station.job("sync", TEN)
    station.with_jobs(mine)
    others = Table(station.database)
    others.due([mine], station.clock.wall)
    before = station.metronome._only_one

    def taken_late():
        with station.database.writing() as session:
            found = session.get(Row, (1, "sync"))
            assert found is not None
            found.next_due_at = START + TEN
        return before()

    station.metronome._only_one = taken_late

    assert station.tick() == []
    assert station.lines == []


def test_news_of_a_pull_are_worked_on_in_the_same_round(station: Station):
    news = [Outcome({"new": 3}), Outcome({"new": 0})]
    pull = station.job(
        "pull reviews", TEN, lambda: news.pop(0), then="run", brings_news=lambda o: o.counts["new"] > 0
    )
    run = station.job("run", HOUR)
    station.with_jobs(run, pull)

    assert station.tick() == ["run", "pull reviews", "run"]
    assert station.tick(minutes=10) == ["pull reviews"]


def test_a_source_that_was_pulled_by_hand_is_not_due(station: Station):
    station.with_jobs(station.job("pull reviews", TEN))
    station.tick()
    with station.database.writing() as session:
        later = START + timedelta(minutes=25)
        session.add(SourceState(name="reviews", connector="files", state="ok", next_due_at=later))

    assert station.tick(minutes=24) == []
    assert station.tick(minutes=1) == ["pull reviews"]


def _state(session: Session, **values: object):
    session.add(SourceState(name="reviews", connector="files", **values))


def test_a_source_that_needs_a_person_is_tried_once_a_day_and_at_the_start(station: Station):
    def expired() -> Outcome:
        return Outcome({}, "reviews: the token has expired")

    station.with_jobs(station.job("pull reviews", TEN, expired))
    with station.database.writing() as session:
        _state(session, state="failing", failures=1)

    assert station.tick() == ["pull reviews"]
    assert station.tick(hours=23) == []
    station.table.reschedule(station.jobs, station.clock.wall, fresh=True)
    assert station.tick() == ["pull reviews"]
    assert station.tick(hours=24) == ["pull reviews"]


def test_a_clock_set_back_by_an_hour_delays_nothing_beyond_its_period(station: Station):
    station.with_jobs(station.job("sync", TEN), station.job("pull reviews", TEN))
    with station.database.writing() as session:
        _state(session, state="ok", next_due_at=START + TEN)
    station.tick()

    station.clock.set(hours=-1)
    station.metronome.reschedule()

    assert station.tick() == []
    assert station.tick(minutes=9) == []
    assert station.tick(minutes=1) == ["sync", "pull reviews"]


def test_a_clock_set_on_by_an_hour_does_each_job_once(station: Station):
    station.with_jobs(station.job("sync", TEN))
    station.tick()

    station.clock.set(hours=1)
    station.metronome.reschedule()

    assert station.tick() == ["sync"]
    assert station.tick() == []


def test_a_shorter_period_holds_from_the_start_on(station: Station):
    station.with_jobs(station.job("sync", DAY))
    station.tick()

    station.with_jobs(station.job("sync", TEN))
    station.table.reschedule(station.jobs, station.clock.wall, fresh=True)

    assert station.tick(minutes=10) == ["sync"]


def test_a_job_that_hands_back_stays_due(station: Station):
    def long() -> Outcome:
        station.pulse.step("embed", 1, 10)
        station.pulse.ask_to_end()
        station.pulse.step("embed", 2, 10)
        pytest.fail("it should have handed back")

    station.with_jobs(station.job("run", TEN, long), station.job("sync", TEN))

    assert station.tick() == ["run"]
    assert row(station, "run").next_due_at == START
    assert station.lines[-1]["outcome"] == "handed back"
    assert station.pulse.working is None


def test_a_fault_of_the_store_is_told_once_and_the_next_tick_comes(station: Station):
    station.with_jobs(station.job("sync", TEN))
    due, station.table.due = station.table.due, lambda *_: fails("it is locked")  # type: ignore[method-assign]

    station.tick()
    station.tick()
    assert station.pulse.fault == "it is locked"
    station.table.due = due  # type: ignore[method-assign]

    assert station.tick() == ["sync"]
    assert station.pulse.fault is None
    assert [line["event"] for line in station.lines if "event" in line] == ["tick failed"]


def test_the_watcher_elsewhere_hears_once_a_minute_while_all_is_well(station: Station):
    ways = iter([Outcome, fails, Outcome])
    station.with_jobs(station.job("sync", TEN, in_turn(ways)))

    station.tick()
    station.tick(seconds=59)
    assert station.pings == 1
    station.tick(seconds=1)
    assert station.pings == 2
    station.tick(minutes=10)
    assert station.pings == 2
    station.tick(minutes=1)
    assert station.pings == 3


def test_a_ping_that_fails_fails_no_tick(station: Station):
    station.with_jobs(station.job("sync", TEN))
    station.metronome._ping = lambda: fails("ping: no route")

    assert station.tick() == ["sync"]
    assert station.pulse.fault is None
    assert station.lines[-1]["event"] == "ping failed"


def test_no_token_and_no_words_of_a_customer_come_into_the_log_or_the_table(station: Station):
    def leaks() -> Outcome:
        raise StoreError("GET /x?token=s3cret-token\nfailed")

    def breaks() -> Outcome:
        raise ValueError("can't read: My name is Ada and my bag is lost")

    station.with_jobs(station.job("pull a", TEN, leaks), station.job("pull b", TEN, breaks))
    station.tick()

    noted = [row(station, name).last_error for name in ("pull a", "pull b")]
    kept = f"{station.written.getvalue()} {noted}"
    assert "s3cret-token" not in kept
    assert "Ada" not in kept
    assert "ValueError at jobs/test_metronome.py" in kept


def test_the_log_has_a_line_for_each_job(station: Station):
    station.with_jobs(station.job("sync", TEN, lambda: Outcome({"created": 2})))
    station.tick()

    assert station.lines == [
        {
            "at": START.isoformat(),
            "level": "info",
            "job": "sync",
            "outcome": "ok",
            "seconds": 0.0,
            "due": START.isoformat(),
            "counts": {"created": 2},
        }
    ]


def test_the_scheduler_beats_in_a_thread_of_its_own_and_stops(station: Station):
    beaten = threading.Event()

    def beat() -> Outcome:
        beaten.set()
        return Outcome()

    station.with_jobs(station.job("sync", TEN, beat))
    station.metronome.start(3600)
    try:
        assert beaten.wait(10)
        assert station.metronome.is_alive()
        station.metronome.reschedule()
        job = station.metronome._scheduler.get_job("beat")
        assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)
    finally:
        station.metronome.stop()
        thread = station.metronome._scheduler._thread
        if thread is not None:
            thread.join(10)

    assert not station.metronome.is_alive()
    assert station.pulse.ending


def test_a_job_that_ended_its_process_once_is_due_at_once_and_after_that_waits(station: Station):
    mine = station.job("pull reviews", HOUR)
    station.with_jobs(mine, station.job("sync", TEN))
    station.table.due(station.jobs, station.clock.wall)
    station.table.begin(mine, station.clock.wall)  # and here the process died

    assert station.table.due_at(mine) == START
    station.table.begin(mine, station.clock.wall)  # and here again
    assert station.tick() == ["sync"]
    assert (row(station, "pull reviews").failures, row(station, "pull reviews").begun) == (1, 2)
    assert "ended 1 times in a row" in (row(station, "pull reviews").last_error or "")
    assert station.tick(minutes=1) == ["pull reviews"]
    assert (row(station, "pull reviews").failures, row(station, "pull reviews").begun) == (0, 0)


def test_a_long_job_gives_way_to_one_that_is_due_and_goes_on_after_it(station: Station):
    left = list(range(30))  # slices of a second

    def run() -> Outcome:
        while left:
            left.pop()
            station.clock.pass_(seconds=1)
            station.pulse.step("embed", 1, None)
        return Outcome()

    station.with_jobs(
        station.job("run", HOUR, run, gives_way=True), station.job("sync", timedelta(seconds=15))
    )

    station.tick()

    states = [(line["job"], line["outcome"], line["seconds"]) for line in station.lines]
    assert states == [
        ("run", "gave way", 10),
        ("sync", "ok", 0),
        ("run", "gave way", 16),
        ("sync", "ok", 0),
        ("run", "ok", 4),
    ]
    assert row(station, "run").failures == 0


def test_a_job_that_does_not_give_way_is_not_stopped(station: Station):
    def pull() -> Outcome:
        station.clock.pass_(minutes=5)
        station.pulse.step("pull", 1, None)
        return Outcome()

    station.with_jobs(station.job("pull reviews", HOUR, pull), station.job("sync", timedelta(seconds=15)))

    assert station.tick() == ["pull reviews", "sync"]


def test_a_job_with_more_to_do_comes_again_after_those_that_are_due(station: Station):
    waves = iter([Outcome(more=True), Outcome(more=True), Outcome()])

    def run() -> Outcome:
        station.clock.pass_(seconds=40)
        return next(waves)

    station.with_jobs(station.job("run", HOUR, run), station.job("sync", timedelta(minutes=1)))

    assert station.tick() == ["run", "sync", "run", "run"]
    assert station.tick() == ["sync"]


def test_counts_of_a_job_are_kept(station: Station):
    station.with_jobs(station.job("sync", TEN, lambda: Outcome({"created": 2})))

    station.tick()

    assert row(station, "sync").counts == {"created": 2}


def test_a_calendar_that_was_changed_holds_from_the_next_start(station: Station, clock: Hands):
    hours = [5]
    weekly = station.job("digest", timedelta(days=7), at=lambda now: now + timedelta(hours=hours[0]))
    station.with_jobs(weekly).tick()

    hours[0] = 2
    nearer = station.table.reschedule([weekly], clock.wall, fresh=True), station.table.due_at(weekly)
    hours[0] = 9
    later = station.table.reschedule([weekly], clock.wall, fresh=True), station.table.due_at(weekly)

    assert nearer == (["digest"], clock.wall + timedelta(hours=2))
    assert later == (["digest"], clock.wall + timedelta(hours=9))


def test_what_a_calendar_has_due_already_stays_due(station: Station, clock: Hands):
    weekly = station.job("digest", timedelta(days=7), at=lambda now: now + timedelta(hours=5))
    station.with_jobs(weekly).tick()

    clock.pass_(hours=6)
    moved = station.table.reschedule([weekly], clock.wall, fresh=True)

    assert moved == []
    assert station.tick() == ["digest"]
