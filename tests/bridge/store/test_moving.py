from __future__ import annotations

from pathlib import Path

import pytest
from builders import STORES, Bench, copy_store, item
from postgres import server

from bridge.errors import StoreError
from bridge.models import Remembered
from bridge.store.database import Database, faults
from bridge.store.moving import Moved, move


@pytest.fixture
def other(store_kind: str, tmp_path: Path):
    """An empty database of the other kind."""
    if store_kind == "postgresql":
        yield Database(f"sqlite:///{tmp_path / 'other.db'}")
        return
    name = server().create()
    made = Database(server().url(name))
    yield made
    made.close()
    server().drop(name)


def told(seen: list[str]):
    return lambda table, done, total: seen.append(f"{table} {done}/{total}")


@pytest.mark.slow
def test_all_rows_go_over_with_the_same_hashes_and_back(in_topics: Bench, other: Database, tmp_path: Path):
    in_topics.run("sync", first="decide")
    seen: list[str] = []

    there = move(in_topics.database, other, told(seen))
    back = Database(f"sqlite:///{tmp_path / 'back.db'}")
    again = move(other, back, told(seen))

    counts = {moved.table: moved.rows for moved in there}
    assert counts["item"] == 60
    assert min(counts[name] for name in ("ticket", "embedding", "evidence", "audit", "position")) > 0
    assert there == again
    assert "item 60/60" in seen
    assert faults(other) == faults(back) == []
    back.close()


@pytest.mark.slow
def test_the_work_goes_on_in_the_new_store_as_it_would_have_in_the_old(
    in_topics: Bench, other: Database, tmp_path: Path
):
    more = [item(f"the seat cushion is torn in row {n}", f"more-{n}", by=f"more_{n}") for n in range(12)]
    (tmp_path / "same").mkdir()
    stays = copy_store(in_topics, tmp_path / "same")
    move(in_topics.database, other, told([]))

    in_topics.database, in_topics.path = other, tmp_path / "other.db"
    for bench in (stays, in_topics):
        bench.take(more)
        bench.run("sync")

    assert in_topics.picture() == stays.picture()
    assert in_topics.query("SELECT max(id) FROM item") == stays.query("SELECT max(id) FROM item")


def test_a_target_with_data_is_refused_and_left_as_it_is(bench: Bench, other: Database):
    other.upgrade()
    with other.writing() as session:
        session.add(Remembered(workspace_id=1, name="a", value="b"))

    with pytest.raises(StoreError, match="has data in remembered; name an empty database"):
        move(bench.database, other, told([]))

    with other.reading() as session:
        assert session.get_one(Remembered, (1, "a")).value == "b"


def test_rows_that_are_not_the_same_on_both_sides_are_not_kept(
    bench: Bench, other: Database, monkeypatch: pytest.MonkeyPatch
):
    from bridge.store import moving

    bench.take([item("the app crashes", "1")])
    real = moving._writer

    def careless(table, writing):
        write = real(table, writing)
        return lambda rows: write(rows[:-1] if table.name == "item_revision" else rows)

    monkeypatch.setattr(moving, "_writer", careless)
    with pytest.raises(
        StoreError, match=r"the rows of item_revision are not what they were in .*nothing was kept"
    ):
        move(bench.database, other, told([]))

    monkeypatch.undo()
    assert Moved("item", 1, "") in [Moved(m.table, m.rows, "") for m in move(bench.database, other, told([]))]


def test_nobody_writes_to_the_source_meanwhile(bench: Bench, other: Database):
    late = Database(STORES.address(bench.path))

    def write(*_: object) -> None:
        with late.backend.engine.connect() as connection:
            wait = "PRAGMA busy_timeout=10" if bench.database.path else "SET lock_timeout = '10ms'"
            connection.exec_driver_sql(wait)
            asked = "BEGIN IMMEDIATE" if bench.database.path else "SELECT pg_advisory_xact_lock({key})"
            connection.rollback()
            with pytest.raises(Exception, match=r"locked|lock timeout"):
                connection.connection.driver_connection.execute(asked.format(key=key()))

    move(bench.database, other, write)
    late.close()


def key() -> int:
    from bridge.store.postgres import WRITERS, lock_key

    return lock_key(WRITERS)


def test_a_source_of_an_older_schema_is_to_be_upgraded_first(bench: Bench, other: Database):
    bench.query("UPDATE alembic_version SET version_num = '0003'")

    with pytest.raises(StoreError, match="bring it to ours first with feedback-bridge db upgrade"):
        move(bench.database, other, told([]))
