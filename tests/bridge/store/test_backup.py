from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import NOW, STORES, Bench, item
from postgres import server
from sqlmodel import col, select

from bridge.errors import AlreadyRunning, StoreError
from bridge.models import Item, Workspace
from bridge.store import postgres_tools
from bridge.store.backup import SUM, restore, write_copy
from bridge.store.database import Database, faults


@pytest.fixture
def copied(bench: Bench, tmp_path: Path):
    """A store of one item, its copy, and a second item since."""
    bench.database.copies = tmp_path
    bench.take([item("the app crashes", "1")])
    copy = write_copy(bench.database, None, NOW).place
    bench.take([item("the seat is narrow", "2")])
    return copy


def test_a_restored_copy_is_what_was_copied_and_the_old_store_is_kept(bench: Bench, copied: Path):
    found, aside = restore(bench.database, copied, NOW)

    assert found.rows["item"] == 1
    assert bench.query("SELECT external_id FROM item") == [("1",)]
    assert faults(bench.database) == []
    old = Database(f"sqlite:///{aside}" if bench.database.path else server().url(aside.rpartition("/")[2]))
    with old.reading() as session:
        assert session.exec(select(Item.external_id).order_by(col(Item.id))).all() == ["1", "2"]
    old.close()
    drop_aside(aside)


def drop_aside(aside: str) -> None:
    if not aside.startswith("/"):
        server().drop(aside.rpartition("/")[2])


def test_a_restored_store_takes_new_items(bench: Bench, copied: Path):
    _, aside = restore(bench.database, copied, NOW)

    bench.take([item("the seat is narrow", "2"), item("no legroom", "3")])

    assert bench.query("SELECT count(*) FROM item") == [(3,)]
    drop_aside(aside)


def test_a_copy_that_was_changed_is_not_restored(bench: Bench, copied: Path):
    with copied.open("ab") as file:
        file.write(b"!")

    with pytest.raises(StoreError, match=r"its checksum is not the one in .*\.sha256"):
        restore(bench.database, copied, NOW)

    assert bench.query("SELECT count(*) FROM item") == [(2,)]


def test_half_a_copy_is_not_restored_though_its_checksum_is_lost(bench: Bench, copied: Path):
    copied.with_name(copied.name + SUM).unlink()
    copied.write_bytes(copied.read_bytes()[: copied.stat().st_size // 2])

    with pytest.raises(StoreError):
        restore(bench.database, copied, NOW)

    assert bench.query("SELECT count(*) FROM item") == [(2,)]


def test_a_copy_of_a_newer_schema_is_not_restored(bench: Bench, tmp_path: Path):
    bench.query("UPDATE alembic_version SET version_num = '9999'")
    copy = write_copy(bench.database, tmp_path / "newer", NOW).place

    with pytest.raises(StoreError, match="its schema '9999' is newer than this program knows"):
        restore(bench.database, copy, NOW)


def test_a_store_at_work_is_not_replaced(bench: Bench, copied: Path):
    with (
        bench.database.only_one(NOW),
        pytest.raises((AlreadyRunning, StoreError), match=r"stop .*restore again"),
    ):
        restore(Database(STORES.address(bench.path)), copied, NOW)

    assert bench.query("SELECT count(*) FROM item") == [(2,)]


def test_without_room_no_copy_is_begun(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))

    with pytest.raises(StoreError, match="MB are free and a copy may take"):
        write_copy(bench.database, tmp_path / "copy", NOW)

    assert not (tmp_path / "copy").exists()


@pytest.mark.usefixtures("as_shipped")
def test_an_upgrade_copies_the_older_store_first(bench: Bench, tmp_path: Path):
    from alembic import command

    from bridge.store.database import alembic_config

    bench.take([item("the app crashes", "1")])
    with bench.database.backend.writer.connect() as connection, connection.begin():
        command.downgrade(alembic_config(connection), "0004")
    bench.database.copies = tmp_path / "copies"

    bench.database.upgrade()

    (copy,) = (tmp_path / "copies").iterdir()
    found = bench.database.backend.read_back(copy)
    assert copy.name.endswith(".before-0004")
    assert (found.revision, found.rows["item"]) == ("0004", 1)
    assert bench.query("SELECT count(*) FROM item") == [(1,)]


class TestOnPostgres:
    @pytest.fixture
    def store_kind(self):
        return "postgresql"

    def test_without_its_tools_the_message_says_what_to_install(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(postgres_tools, "_DEBIAN", tmp_path / "nowhere")
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(StoreError, match=r"pg_dump is not on this machine.*postgresql-client"):
            write_copy(bench.database, tmp_path / "copy", NOW)

        assert not (tmp_path / "copy").exists()

    def test_who_may_make_no_database_reads_the_copy_through_and_is_told_how_to_restore(
        self, bench: Bench, tmp_path: Path
    ):
        name = bench.database.engine.url.database
        with server().connect(name) as connection:
            connection.execute("DROP ROLE IF EXISTS modest")
            connection.execute("CREATE ROLE modest LOGIN PASSWORD 'a:b\\c' IN ROLE pg_read_all_data")
        modest = Database(server().url(name, user="modest:a%3Ab%5Cc"))
        bench.take([item("the app crashes\n\\.\n", "1"), item("no legroom", "2")])

        copy = write_copy(modest, tmp_path / "copy", NOW)

        assert (copy.found.rows["item"], copy.found.revision) == (2, bench.database.revision())
        with pytest.raises(StoreError, match="our user may not make databases"):
            restore(modest, copy.place, NOW + timedelta(days=1))
        modest.close()

    def test_a_copy_is_for_its_owner_only(self, bench: Bench, tmp_path: Path):
        copy = write_copy(bench.database, tmp_path / "copy", NOW)

        assert copy.place.stat().st_mode & 0o077 == 0


class TestOnSqlite:
    @pytest.fixture
    def store_kind(self):
        return "sqlite"

    def test_a_damaged_store_is_only_read_until_it_is_restored(self, bench: Bench, copied: Path):
        ((page,),) = bench.query("SELECT rootpage FROM sqlite_master WHERE name = 'item_revision'")
        bench.query("PRAGMA wal_checkpoint(TRUNCATE)")
        bench.database.close()
        with bench.path.open("r+b") as file:
            file.seek(4096 * (page - 1))
            file.write(b"\xff" * 4096)
        before = bench.path.read_bytes()

        with pytest.raises(StoreError, match=r"is damaged.*feedback-bridge db restore COPY"):
            bench.take([item(f"text {n}", f"{n}") for n in range(50)])
        other = Database(STORES.address(bench.path))
        with pytest.raises(StoreError, match=r"only read from now on.*db restore COPY"), other.writing():
            pass
        with other.reading() as session:
            assert session.get_one(Workspace, 1).name == "default"
        other.close()
        assert bench.path.read_bytes() == before
        _, aside = restore(bench.database, copied, NOW)
        bench.take([item("no legroom", "3")])

        assert bench.query("SELECT count(*) FROM item") == [(2,)]
        assert Path(aside).read_bytes() == before
