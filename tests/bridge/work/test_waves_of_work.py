"""Workers do what one run does, whoever does what, and whatever dies."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from builders import Fragile, Hears, Interrupted, KeyRange, RuleClassifier, item, sixty
from crew import Crew
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.schema import SchemaManager

from bridge.errors import InputError, StoreError
from bridge.jobs.duties import Duties
from bridge.jobs.pulse import Pulse
from bridge.pipeline import reading
from bridge.store.remembered import remember, remembered
from bridge.tracker.clock import MachineClock
from bridge.work import waves
from bridge.work.deferring import defer
from bridge.work.doing import Later
from bridge.work.queue import Queue, conninfo, knock, need
from bridge.work.schema import upgrade_queue
from bridge.work.tasks import free_stalled
from bridge.work.worker import chosen_queues


def test_four_workers_come_to_the_same_end_as_one_run(crew: Crew, in_topics: Any):
    crew.bench.take(sixty())

    crew.start()
    crew.work(4)

    assert crew.bench.picture() == in_topics.picture()
    assert crew.jobs() == []
    assert crew.wave().phase == ""


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before a commit", "after a commit"])
def test_one_that_dies_at_any_write_loses_nothing(crew: Crew, in_topics: Any, after: bool):
    crew.bench.take(sixty())
    crew.open()
    died = 0

    for number, place in enumerate(crew.places_in_order()):
        fragile = Fragile(crew.bench.database.url, 1 + number % 5, after=after)
        try:
            crew.hands(database=fragile).part(*place, 0)
        except Interrupted:
            died += 1
        finally:
            fragile.close()

    assert died > 4
    assert crew.wave().phase == ""
    assert crew.bench.picture() == in_topics.picture()


def test_a_part_that_is_done_twice_counts_once(crew: Crew):
    crew.bench.take(sixty())
    wave = crew.open()

    crew.hands().part(wave.number, "read", 0, 0)
    left, items = crew.wave().left, crew.bench.query("SELECT * FROM statement ORDER BY id")
    crew.hands().part(wave.number, "read", 0, 0)

    assert 0 not in left
    assert crew.wave().left == left
    assert crew.bench.query("SELECT * FROM statement ORDER BY id") == items


def test_of_two_at_the_same_slice_the_later_changes_nothing(crew: Crew, monkeypatch: pytest.MonkeyPatch):
    crew.bench.take(sixty())
    wave = crew.open()
    real, overtaken = reading._split, []

    def overtake(context: Any, items: Any) -> Any:
        if not overtaken:
            overtaken.append(True)
            crew.hands().part(wave.number, "read", 0, 0)
        return real(context, items)

    monkeypatch.setattr(reading, "_split", overtake)

    crew.hands().part(wave.number, "read", 0, 0)

    assert overtaken
    assert crew.bench.query("SELECT count(*), count(DISTINCT item_id) FROM statement") == [(9, 9)]


def test_a_statement_that_another_moved_on_is_not_sent_back(crew: Crew):
    crew.bench.take(sixty())
    wave = crew.open()
    crew.do("read", "people")

    class Overtaken(RuleClassifier):
        def predict(self, texts: Any, vectors: Any = None) -> Any:
            crew.bench.classifier = RuleClassifier()
            crew.hands().part(wave.number, "understand", 0, 0)
            crew.bench.query("UPDATE statement SET stage = 3 WHERE stage = 2")  # assigned, too
            return super().predict(texts, vectors)

    crew.bench.classifier = Overtaken()
    crew.hands().part(wave.number, "understand", 0, 0)

    stages = dict(crew.bench.query("SELECT stage, count(*) FROM statement GROUP BY stage"))
    assert stages[3] == 9
    assert set(stages) == {0, 3}


def test_only_one_handles_a_topic_at_a_time(crew: Crew):
    wave = waves.Wave(
        number=1, run=1, at="", after="", until="", newest=0, phase="show", parts=[7, 7, 8], left=[0, 1, 2]
    )
    with crew.queue.open() as queue:
        queue.defer_missing(wave)

    given, last = asyncio.run(_fetched(crew, 3))

    assert [job.lock for job in given] == ["T-7", "T-8"]  # the second T-7 has to wait …
    assert last.lock == "T-7"  # … until the first is done


async def _fetched(crew: Crew, count: int) -> tuple[list[Any], Any]:
    """Fetch as so many workers would, finish the first, and fetch once more."""
    async with crew.app().open_async() as app:
        manager = app.job_manager
        workers = [await manager.register_worker() for _ in range(count)]
        found = [await manager.fetch_job(None, worker) for worker in workers]
        given = [job for job in found if job is not None]
        await manager.retry_job(given[0])
        return given, await manager.fetch_job(None, workers[-1])


def test_ticks_coalesce(crew: Crew):
    assert [crew.start(), crew.start(), crew.start()] == [True, False, False]

    assert len(crew.jobs()) == 1


def test_what_is_missing_is_put_in_once(crew: Crew):
    crew.bench.take(sixty())
    crew.open()

    crew.hands().go_on()
    crew.hands().go_on()

    assert len(crew.jobs("todo")) == len(crew.wave().left) > 3


def test_a_job_whose_worker_is_gone_is_done_by_another(crew: Crew):
    crew.bench.take(sixty())
    crew.start()
    asyncio.run(_left_by_a_dead_worker(crew))
    held = crew.jobs("doing")

    crew.work()
    untouched = crew.jobs("doing")
    crew.bench.query("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    asyncio.run(_freed(crew))
    crew.work()

    assert held == untouched != []
    assert crew.wave().phase == ""
    assert crew.jobs() == []


async def _left_by_a_dead_worker(crew: Crew) -> None:
    async with crew.app().open_async() as app:
        worker = await app.job_manager.register_worker()
        assert await app.job_manager.fetch_job(None, worker) is not None


async def _freed(crew: Crew) -> None:
    async with crew.app().open_async() as app:
        assert await free_stalled(app, crew.bench.settings.work.stalled_after) == 1
        assert await free_stalled(app, crew.bench.settings.work.stalled_after) == 0


def test_a_stalled_job_that_waits_already_is_dropped(crew: Crew):
    crew.start()
    asyncio.run(_left_by_a_dead_worker(crew))
    crew.start()
    crew.bench.query("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")

    asyncio.run(_freed(crew))

    assert len(crew.jobs()) == len(crew.jobs("todo")) == 1


def test_a_phase_that_needs_the_whole_store_waits_while_another_holds_it(crew: Crew):
    crew.bench.take(sixty())
    wave = crew.open()
    crew.do("read")

    with crew.bench.database.only_one(crew.bench.now), pytest.raises(Later):
        crew.hands().part(wave.number, "people", 0, 0)

    assert crew.wave().phase == "people"


def test_who_waits_for_the_store_gets_it_as_soon_as_it_is_let_go(crew: Crew):
    database = crew.bench.database
    address = conninfo(database)
    waiting = threading.Thread(target=knock, args=(address, 60))

    with database.only_one(crew.bench.now):
        knock(address, 0.01)  # has no more patience
        waiting.start()
        while not crew.bench.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert waiting.is_alive()
    waiting.join(60)

    assert not waiting.is_alive()
    with database.only_one(crew.bench.now):
        pass


def test_one_that_gave_way_once_does_not_do_so_again(crew: Crew):
    crew.bench.take(sixty())
    wave = crew.open()
    crew.do("read")
    crew.others_due = True

    class Hurried(MachineClock):
        count = 0

        def now(self) -> Any:
            self.count += 20
            return replace(super().now(), seconds=float(self.count))

    with pytest.raises(Later, match="gave way"):
        crew.hands(pulse=Pulse(Hurried())).part(wave.number, "people", 0, 0)
    crew.hands(pulse=Pulse(Hurried())).part(wave.number, "people", 0, 1)

    assert crew.wave().phase == "understand"


@pytest.mark.slow
def test_what_comes_in_meanwhile_is_the_next_wave(crew: Crew):
    crew.bench.take(sixty())
    crew.open()
    crew.do("read")
    crew.bench.take([item("the seat was broken", "late", days=0)])

    crew.do("people", "understand", "gather", "show", "finish")

    assert crew.wave().number == 2
    assert crew.wave().phase == "read"
    crew.hands().go_on()
    crew.work(2)
    assert crew.bench.query("SELECT stage FROM item WHERE external_id = 'late'") == [(4,)]
    assert crew.bench.query("SELECT state FROM run ORDER BY id") == [("ok",), ("ok",)]


def test_serve_only_defers(crew: Crew):
    crew.bench.take(sixty())
    database = crew.bench.database
    duties = Duties(crew.bench.context, lambda *_: [], lambda: defer(database))

    outcome = duties.run_steps()

    assert [job[0] for job in crew.jobs()] == ["bridge.start"]
    assert "feedback-bridge worker" in (outcome.error or "")
    assert crew.bench.query("SELECT DISTINCT stage FROM item") == [(0,)]


def test_what_is_wrong_with_a_wave_is_told(crew: Crew):
    crew.bench.take(sixty())
    wave = crew.open()

    class Broken(Hears):
        def detect(self, text: str) -> Any:  # noqa: ARG002 - the shape of the real one
            raise StoreError("the model is gone")

    crew.bench.detector = Broken()
    with pytest.raises(StoreError):
        crew.hands().part(wave.number, "read", 0, 0)

    crew.bench.query("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert "the model is gone" in (defer(crew.bench.database).error or "")
    assert 0 in crew.wave().left


def test_the_schema_of_the_queue_is_brought_up_from_an_older_one(bench: Any):
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    older = files[:-3]
    with psycopg.connect(conninfo(bench.database), autocommit=True) as connection:
        for file in older:
            connection.execute(file.read_bytes())
    with bench.database.writing() as session:
        remember(session, "schema of the queue", older[-1].stem)

    newest = upgrade_queue(bench.database)

    assert newest == files[-1].stem == upgrade_queue(bench.database)
    assert Crew(bench).start()


def test_a_newer_schema_of_the_queue_is_refused(crew: Crew):
    with crew.bench.database.writing() as session:
        remember(session, "schema of the queue", "99.00.00_01_from_the_future")

    with pytest.raises(StoreError, match="newer than the procrastinate installed"):
        upgrade_queue(crew.bench.database)

    with crew.bench.database.reading() as session:
        assert remembered(session, "schema of the queue") == "99.00.00_01_from_the_future"


def test_a_queue_that_was_never_set_up_is_said(bench: Any):
    with pytest.raises(StoreError, match="db upgrade"), Queue(bench.database).open() as queue:
        queue.start()


def test_without_procrastinate_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "procrastinate", None)

    with pytest.raises(StoreError, match=r'pip install "feedback-bridge\[postgres\]"'):
        need()


def test_workers_on_sqlite_are_refused(cli: Any):
    cli.set('[work]\nwhere = "workers"\n')

    for words in (["worker"], ["serve", "--port", "0"]):
        ended = cli(*words)

        assert ended.code != 0
        assert "workers need PostgreSQL" in ended.err
        assert 'work.where = "here"' in ended.err


def test_a_queue_that_is_none_is_refused_with_those_there_are():
    assert chosen_queues("slices, topics") == ["slices", "topics"]
    for text in ("slice", "", ","):
        with pytest.raises(InputError, match="slices, engine, topics, ticks"):
            chosen_queues(text)


@given(st.lists(st.text(max_size=5), unique=True), st.integers(1, 9))
def test_each_key_is_in_one_slice(found: list[str], size: int):
    keys = sorted(key for key in found if key)
    within = KeyRange("", "\U0010ffff" * 6)

    slices = waves.cut(keys, within, size)

    assert all(one[1] == other[0] for one, other in pairwise(slices))
    counts = [sum(after < key <= until for key in keys) for after, until in slices]
    assert sum(counts) == len(keys)
    assert all(count == size for count in counts[:-1])
    assert slices == [] or (slices[0][0], slices[-1][1]) == (within.after, within.until)
