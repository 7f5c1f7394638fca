from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import builders
import numpy as np
import pytest
from builders import NOW, STORES, Bench, gone, sixty, store, theme
from postgres import Server, of_the_wheel
from sqlmodel import Session

from bridge.errors import StoreError
from bridge.jobs.duties import Duties
from bridge.jobs.jobs import HandBack
from bridge.models import Statement
from bridge.store import alike, nearest, places, postgres_tools, working
from bridge.store.database import Database
from bridge.store.postgres import lock_key


@pytest.fixture(scope="module")
def with_pgvector() -> Iterator[Server]:
    """The wheel's server: the machine's own may have no pgvector."""
    made = Server(of_the_wheel())
    yield made
    made.remove()


@pytest.fixture
def topics(
    with_pgvector: Server, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """Topics in a database of a server that has pgvector, where nobody has made the extension yet."""
    monkeypatch.setattr(builders, "server", lambda: with_pgvector)
    with STORES.here("postgresql"):
        bench = Bench(tmp_path)
        bench.take(sixty())
        bench.run()
        yield bench


def say(bench: Bench, *words: str) -> None:
    with bench.database.engine.begin() as connection:
        for sql in words:
            connection.exec_driver_sql(sql)


def near(bench: Bench, name: str) -> dict[str, float]:
    with bench.database.reading() as session:
        rows = [session.get_one(Statement, row.statement_id) for row in places.meant(session, name)]
        scores = alike.Texts().near(session, [row.text_hash for row in rows], 20)
        shown = alike.shown_for(session, scores, {row.item_id for row in rows}, NOW)
    names = dict(bench.query("SELECT s.id, i.external_id FROM statement s JOIN item i ON i.id = s.item_id"))
    return {names[key]: score for key, score in shown.items()}


def is_whole(bench: Bench) -> bool:
    with bench.database.reading() as session:
        return serves(session)


def serves(session: Session) -> bool:
    """Say whether the index can be asked."""
    model, mean = working.model(session), working.stored_mean(session)
    assert mean is not None
    return nearest.near(session, model, np.ones((1, len(mean.total)), np.float32), 1) is not None


def indexed(bench: Bench) -> set[str]:
    return {name for (name,) in bench.query("SELECT text_hash FROM nearest.said")}


def texts(bench: Bench) -> set[str]:
    return {name for (name,) in bench.query("SELECT text_hash FROM embedding")}


def test_without_the_extension_nothing_is_made(topics: Bench):
    assert nearest.fill(topics.database) == 0

    assert not is_whole(topics)
    assert topics.query("SELECT to_regnamespace('nearest')") == [(None,)]


def test_with_it_the_night_makes_an_index_and_answers_are_the_same(topics: Bench, monkeypatch: Any):
    before = near(topics, "bag-004")
    say(topics, "CREATE EXTENSION vector")
    monkeypatch.setattr(nearest, "_AT_ONCE", 7)

    told = Duties(topics.context, lambda _context, _name: []).tidy()

    assert told.counts["indexed"] == len(texts(topics)) > 30
    assert is_whole(topics)
    monkeypatch.setattr(alike.Texts, "_now", None)  # memory isn't asked
    assert near(topics, "bag-004") == before
    assert Duties(topics.context, lambda _context, _name: []).tidy().counts == {"forgotten": 0}


def test_what_comes_in_later_is_in_it_and_found_and_what_is_deleted_is_not_found(topics: Bench):
    say(topics, "CREATE EXTENSION vector")
    nearest.fill(topics.database)
    first = near(topics, "bag-004")
    store(topics, gone(next(iter(first))))
    topics.take(theme("bag", 3, first=60))
    topics.run()

    assert indexed(topics) == texts(topics)
    found = near(topics, "bag-004")
    assert next(iter(first)) not in found
    assert {"bag-060", "bag-061", "bag-062"} & found.keys()


def test_ended_amid_it_the_next_night_goes_on(topics: Bench, monkeypatch: Any):
    say(topics, "CREATE EXTENSION vector")
    missing, left = nearest._missing, [0, 0]

    def dying(*words: Any) -> list[tuple[str, bytes]]:
        left.pop()
        return missing(*words)

    with monkeypatch.context() as patch:
        patch.setattr(nearest, "_AT_ONCE", 7)
        patch.setattr(nearest, "_missing", dying)
        with pytest.raises(IndexError):
            nearest.fill(topics.database)
    assert not is_whole(topics)
    assert near(topics, "bag-004")  # from memory
    topics.take(theme("bag", 2, first=70))
    topics.run()

    nearest.fill(topics.database)

    assert is_whole(topics)
    assert indexed(topics) == texts(topics)


def test_another_model_makes_it_anew(topics: Bench):
    say(topics, "CREATE EXTENSION vector")
    count = nearest.fill(topics.database)
    say(topics, "UPDATE engine_state SET model = 'it''s 100 %% \"new\"@1'")
    assert not is_whole(topics)
    with topics.database.writing() as session:
        nearest.add(session, working.model(session), {"0" * 32: b""})  # would fail: it isn't its vectors'
    say(topics, "UPDATE embedding SET model = 'it''s 100 %% \"new\"@1'")

    assert nearest.fill(topics.database) == count
    assert is_whole(topics)


def test_it_gives_signs_of_life_and_hands_back_between_two_slices(topics: Bench, monkeypatch: Any):
    say(topics, "CREATE EXTENSION vector")
    monkeypatch.setattr(nearest, "_AT_ONCE", 7)

    def ending(_name: str, done: int, _total: int | None) -> None:
        if done > 7:
            raise HandBack

    with pytest.raises(HandBack):
        nearest.fill(topics.database, ending)

    assert len(indexed(topics)) == 14
    nearest.fill(topics.database)
    assert indexed(topics) == texts(topics)


def test_an_unfinished_index_is_made_again(topics: Bench):
    say(topics, "CREATE EXTENSION vector")
    nearest.fill(topics.database)
    say(
        topics,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'nearest.said_place'::regclass",
    )
    assert not is_whole(topics)

    assert nearest.fill(topics.database) == 0

    assert is_whole(topics)


def test_a_user_without_the_right_is_told_what_to_grant(topics: Bench, with_pgvector: Server):
    say(
        topics,
        "CREATE EXTENSION vector",
        "CREATE ROLE guest LOGIN",
        "GRANT pg_read_all_data, pg_write_all_data TO guest",
    )
    name = topics.database.engine.url.database or ""
    guest = Database(with_pgvector.url(name, user="guest"))

    with pytest.raises(StoreError, match="GRANT CREATE ON DATABASE"):
        nearest.fill(guest)

    guest.close()
    say(topics, "DROP OWNED BY guest", "DROP ROLE guest")


def test_copies_leave_it_out_so_that_they_fit_any_server(
    topics: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    say(topics, "CREATE EXTENSION vector")
    nearest.fill(topics.database)
    monkeypatch.setattr(postgres_tools, "_program", lambda name: str(of_the_wheel() / name))
    url = topics.database.engine.url

    topics.database.backend.copy_into(tmp_path / "copy")

    found = postgres_tools.read_back(url, tmp_path / "copy")
    assert "said" not in found.rows
    assert found.rows["embedding"] == len(texts(topics))
    assert b"pgvector" not in (tmp_path / "copy").read_bytes()


def test_copies_are_made_of_a_database_without_any_extension(
    topics: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres_tools, "_program", lambda name: str(of_the_wheel() / name))
    url = topics.database.engine.url
    say(topics, "DROP EXTENSION plpgsql")

    topics.database.backend.copy_into(tmp_path / "copy")

    assert "embedding" in postgres_tools.read_back(url, tmp_path / "copy").rows


def test_the_extension_dropped_stops_nothing_and_made_again_the_index_is_made_again(topics: Bench):
    say(topics, "CREATE EXTENSION vector")
    nearest.fill(topics.database)
    say(topics, "DROP EXTENSION vector CASCADE")

    topics.take(theme("bag", 3, first=60))
    topics.run()

    assert near(topics, "bag-004")
    assert nearest.fill(topics.database) == 0
    say(topics, "CREATE EXTENSION vector")
    assert nearest.fill(topics.database) == len(texts(topics))
    assert is_whole(topics)


def test_the_extension_may_stand_in_a_schema_that_nobody_searches(topics: Bench, monkeypatch: Any):
    before = near(topics, "bag-004")
    say(topics, 'CREATE SCHEMA "Their own"', 'CREATE EXTENSION vector SCHEMA "Their own"')

    nearest.fill(topics.database)

    topics.take(theme("bag", 2, first=80))
    topics.run()
    assert is_whole(topics)
    assert indexed(topics) == texts(topics)
    say(topics, "ALTER EXTENSION vector SET SCHEMA public")
    monkeypatch.setattr(alike.Texts, "_now", None)
    assert near(topics, "bag-004").keys() >= before.keys()


def test_what_is_missing_is_taken_in_by_night_even_if_the_index_is_whole(topics: Bench):
    say(topics, "CREATE EXTENSION vector")
    count = nearest.fill(topics.database)
    say(topics, "DELETE FROM nearest.said WHERE text_hash < '8'")
    left = len(indexed(topics))

    assert nearest.fill(topics.database) == count - left > 0

    assert indexed(topics) == texts(topics)


def test_numbers_beyond_16_bits_are_of_the_same_direction(topics: Bench):
    say(topics, "CREATE EXTENSION vector")
    nearest.fill(topics.database)

    with topics.database.writing() as session:
        data = np.full(len(working.stored_mean(session).total), 70_000, "<f4").tobytes()
        nearest.add(session, working.model(session), {"0" * 32: data})

    assert "0" * 32 in indexed(topics)


def test_who_may_not_look_into_the_index_asks_memory_and_works_without_it(
    topics: Bench, with_pgvector: Server
):
    before = near(topics, "bag-004")
    say(
        topics,
        "CREATE EXTENSION vector",
        "CREATE ROLE web LOGIN",
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO web",
    )
    nearest.fill(topics.database)
    web = Database(with_pgvector.url(topics.database.engine.url.database or "", user="web"))

    with web.writing() as session:
        nearest.add(session, working.model(session), {"0" * 32: b""})
    with web.reading() as session:
        assert not serves(session)
        asked = [session.get_one(Statement, row.statement_id) for row in places.meant(session, "bag-004")]
        assert alike.Texts().near(session, [row.text_hash for row in asked], 20)

    web.close()
    assert near(topics, "bag-004") == before
    say(topics, "DROP OWNED BY web", "DROP ROLE web")


def test_a_fault_of_the_index_stops_neither_a_run_nor_an_answer_and_is_told(
    topics: Bench, caplog: pytest.LogCaptureFixture
):
    say(topics, "CREATE EXTENSION vector")
    nearest.fill(topics.database)
    before = near(topics, "bag-004")
    say(topics, "ALTER TABLE nearest.said RENAME COLUMN text_hash TO another")

    topics.take(theme("bag", 2, first=80))
    topics.run()

    assert near(topics, "bag-004").keys() >= before.keys()
    told = [record.getMessage() for record in caplog.records if record.name == "bridge.store.nearest"]
    assert {line.partition(";")[0] for line in told} == {
        "the index of pgvector can't be asked",
        "the index of pgvector can't be added to",
    }


def test_what_has_gone_takes_no_room_in_the_answers(topics: Bench):
    topics.take(theme("bag", 40, first=100))
    topics.run()
    for number in range(100, 140):
        store(topics, gone(f"bag-{number}"))
    before = near(topics, "bag-004")
    say(topics, "CREATE EXTENSION vector")

    nearest.fill(topics.database)

    assert near(topics, "bag-004") == before


def test_while_another_makes_it_nobody_waits_and_nobody_makes_it_twice(topics: Bench):
    say(topics, "CREATE EXTENSION vector")
    nearest.fill(topics.database)
    invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'nearest.said_place'::regclass"
    say(topics, invalid)
    with topics.database.engine.connect() as other:
        other.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (lock_key("nearest"),))

        assert nearest.fill(topics.database) == 0

        assert not is_whole(topics)
        other.rollback()
        other.exec_driver_sql("LOCK TABLE nearest.said IN SHARE UPDATE EXCLUSIVE MODE")
        filling = Thread(target=nearest.fill, args=[topics.database])
        filling.start()
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareUpdateExclusiveLock'"
        while topics.query(waits) == [(0,)]:
            filling.join(0.02)
        topics.take(theme("bag", 2, first=80))
        topics.run()
        assert indexed(topics) == texts(topics)
        other.rollback()
        filling.join()

    assert is_whole(topics)


def test_two_stores_in_schemas_of_one_database_have_an_index_each(topics: Bench, tmp_path: Path):
    say(topics, "CREATE EXTENSION vector", "CREATE SCHEMA beside")
    nearest.fill(topics.database)
    url = topics.database.url + "&options=-csearch_path%3Dbeside,public"
    (tmp_path / "beside").mkdir()
    beside = Bench(tmp_path / "beside", database=Database(url))
    beside.database.upgrade()
    beside.take(theme("bag", 12))
    beside.run()

    assert not is_whole(beside)
    assert nearest.fill(beside.database) == len(texts(beside)) > 0

    assert is_whole(beside)
    assert is_whole(topics)
    assert near(beside, "bag-004")
    assert indexed(topics) == texts(topics)
    beside.database.close()
