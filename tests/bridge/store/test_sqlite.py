from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from builders import Bench, item, sixty
from sqlalchemy import event, text

from bridge.errors import StoreError
from bridge.models import Workspace
from bridge.store.database import Database, faults


@pytest.fixture
def store_kind():
    return "sqlite"


def open_(path: Path) -> Database:
    return Database(f"sqlite:///{path}")


def refused(path: Path) -> str:
    database = open_(path)
    with pytest.raises(StoreError) as caught:
        database.upgrade()
    database.close()
    return str(caught.value)


@pytest.mark.usefixtures("as_shipped")
def test_the_pragmas_hold_on_every_connection(bench: Bench):
    with bench.database.reading() as session:
        asked = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        }

    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}


def test_two_writers_wait_for_each_other_from_the_start_of_their_transactions(bench: Bench):
    impatient(bench.database)

    with bench.database.writing(), pytest.raises(StoreError) as caught, bench.database.writing():
        pass

    assert "is locked by another program; wait for it to end, or stop it, and try again" in str(caught.value)


def test_reading_goes_on_while_another_writes(bench: Bench):
    impatient(bench.database)

    with bench.database.writing() as session:
        session.get_one(Workspace, 1).name = "changing"
        session.flush()
        with bench.database.reading() as other:
            seen = other.get_one(Workspace, 1).name

    assert seen == "default"


def impatient(database: Database) -> None:
    database.close()

    @event.listens_for(database.engine, "connect")
    def _soon(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=30")


@pytest.mark.usefixtures("as_shipped")
def test_an_old_program_can_be_started_for_reading_while_another_holds_the_write_lock(bench: Bench):
    other = open_(bench.path)
    impatient(other)

    with bench.database.writing():
        other.upgrade()

    assert other.revision() == bench.database.revision()
    other.close()


def test_a_file_that_is_no_database_is_refused_in_words_and_left_as_it_is(tmp_path: Path):
    path = tmp_path / "bridge.db"
    path.write_text("id,text\n1,this is a table, not a database\n" * 50, encoding="utf-8")
    before = path.read_bytes()

    assert "is damaged or no SQLite database; it was not changed" in refused(path)
    assert path.read_bytes() == before


def test_a_damaged_database_is_told_from_a_good_one(bench: Bench):
    bench.take(sixty())
    bench.query("PRAGMA wal_checkpoint(TRUNCATE)")
    bench.database.close()
    assert faults(bench.database) == []
    bench.database.close()

    with bench.path.open("r+b") as file:
        file.seek(4096 * 6)
        file.write(b"\xff" * 4096 * 10)

    try:
        assert faults(bench.database)
    except StoreError as error:
        assert "damaged" in str(error)  # noqa: PT017 - either answer says it


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")

    message = refused(tmp_path / "file" / "bridge.db")

    assert str(tmp_path / "file" / "bridge.db") in message
    assert "database.url" in message


READ_ONLY = """
import ctypes, sys
from bridge.errors import StoreError
from bridge.store.database import Database

libc = ctypes.CDLL(None, use_errno=True)
header, rights = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc.capget(header, rights)
rights[0] &= ~0b110  # root, too, obeys the rights of files from here on
libc.capset(header, rights)
try:
    Database(sys.argv[1]).upgrade()
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_must_not_be_written_is_refused_in_words(tmp_path: Path, bench: Bench, what: str):
    shut = tmp_path / "shut"
    shut.mkdir()
    path = shut / "bridge.db"
    if what == "file":
        bench.query("UPDATE alembic_version SET version_num = '0000'")
        bench.query("DELETE FROM alembic_version")
        bench.query("PRAGMA wal_checkpoint(TRUNCATE)")
        bench.database.close()
        shutil.copy(bench.path, path)
        path.chmod(0o444)
    shut.chmod(0o555)

    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, f"sqlite:///{path}"], capture_output=True, text=True, check=False
    )

    assert "can't be" in done.stdout
    assert "database.url" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("as_shipped")
def test_a_full_disk_is_said_in_words_and_nothing_is_lost_or_counted_twice(bench: Bench):
    bench.take(sixty()[:20])
    before = bench.tables("source", "run")
    bench.database.close()
    room = {"pages": bench.query("PRAGMA page_count")[0][0] + 2}

    @event.listens_for(bench.database.engine, "connect")
    def _full(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={room['pages']}")

    big = [item("the same long story " * 4000 + str(n), f"big-{n}") for n in range(20)]
    with pytest.raises(StoreError) as caught:
        bench.take(big)
    after = bench.tables("source", "run")
    room["pages"] = 1_000_000
    bench.database.close()
    pulled = bench.take(big)

    assert "the disk can't take more" in str(caught.value)
    assert "make room and run again: nothing is lost" in str(caught.value)
    assert after == before
    assert (pulled.counts.new, pulled.counts.unchanged) == (20, 0)


def _open_first(path: str) -> None:
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.close()


@pytest.mark.slow
@pytest.mark.usefixtures("as_shipped")
def test_four_programs_may_make_the_same_new_database_at_once(tmp_path: Path):
    spawn = multiprocessing.get_context("spawn")
    crew = [spawn.Process(target=_open_first, args=(str(tmp_path / "new.db"),)) for _ in range(4)]

    for process in crew:
        process.start()
    for process in crew:
        process.join()

    assert [process.exitcode for process in crew] == [0, 0, 0, 0]
