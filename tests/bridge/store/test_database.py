from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, STORES, Bench, sixty

from bridge.errors import StoreError
from bridge.models import Workspace
from bridge.store.backup import write_copy
from bridge.store.database import Database, faults, head_revision


def test_a_transaction_commits_as_a_whole_or_not_at_all(bench: Bench):
    with pytest.raises(ZeroDivisionError), bench.database.writing() as session:  # noqa: PT012 - the transaction is what is tested
        session.get_one(Workspace, 1).name = "other"
        session.flush()
        _ = 1 / 0

    assert bench.query("SELECT name FROM workspace") == [("default",)]


def test_what_was_read_stays_readable_after_its_transaction(bench: Bench):
    with bench.database.reading() as session:
        workspace = session.get_one(Workspace, 1)

    assert workspace.name == "default"


@pytest.mark.usefixtures("as_shipped")
def test_a_newer_schema_is_refused_in_words_and_left_as_it_is(bench: Bench):
    bench.query("UPDATE alembic_version SET version_num = '9999'")
    database = Database(STORES.address(bench.path))

    with pytest.raises(StoreError) as caught:
        database.upgrade()

    message = str(caught.value)
    assert "its schema '9999' is newer than this program knows" in message
    assert "use the newer program, or restore the copy" in message
    assert bench.query("SELECT version_num FROM alembic_version") == [("9999",)]
    database.close()


def test_another_kind_of_database_is_refused_without_its_password():
    for url in ("mysql://ana:s3cret@host/db", "postgresql+asyncpg://ana:s3cret@host/db", "s3cret"):
        with pytest.raises(StoreError, match=r"write .*postgresql://USER@HOST/NAME") as caught:
            Database(url)

        assert "s3cret" not in str(caught.value)


def test_a_backup_is_whole_has_its_checksum_and_never_replaces_a_file(bench: Bench, tmp_path: Path):
    bench.take(sixty())

    bench.database.copies = tmp_path
    copy = write_copy(bench.database, None, NOW)
    place, digest = copy.place, copy.digest
    named = write_copy(bench.database, tmp_path / "named.db", NOW).place

    assert place.name.endswith(".20260301T120000Z.backup")
    assert digest == hashlib.sha256(place.read_bytes()).hexdigest()
    found = bench.database.backend.read_back(named)
    assert (found.rows["item"], found.revision) == (60, head_revision())
    noted = place.with_name(f"{place.name}.sha256").read_text(encoding="utf-8")
    assert noted == f"{digest}  {place.name}\n"
    with pytest.raises(StoreError, match="is there already; name another file"):
        write_copy(bench.database, named, NOW + timedelta(days=1))
    with pytest.raises(StoreError, match="is no folder; make it"):
        write_copy(bench.database, tmp_path / "nowhere" / "copy.db", NOW)


def test_a_changed_audit_row_shows(bench: Bench):
    bench.take(sixty())
    bench.run("sync")
    sound = faults(bench.database)
    bench.query("UPDATE audit SET actor = 'nobody' WHERE id = 2")

    assert sound == []
    assert faults(bench.database) == ["audit row 2 does not fit the row before it"]
