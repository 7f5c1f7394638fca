"""The commands about the database, on both kinds of it."""

from __future__ import annotations

import pytest
from builders import STORES
from command import Desk
from postgres import server

ROWS = "id,date,text,author\n1,2026-02-01,the app crashes,ann\n2,2026-02-02,no legroom,bob\n"


@pytest.fixture
def desk(cli: Desk, store_kind: str, stores: object):
    url = STORES.address(cli.root / "bridge.db")
    file = cli.root / "bridge.toml"
    own = f'topics.encoder = "hash"\ndatabase.url = "{url}"\npaths.data = "data"\n'
    file.write_text(own, encoding="utf-8")
    cli.write("said.csv", ROWS)
    return cli


def items(desk: Desk) -> int:
    return int(desk("status", "--json").data["waiting"]["items"])


@pytest.mark.slow
def test_a_store_is_copied_lost_and_restored(desk: Desk):
    desk("import", "said.csv", "--source", "reviews")
    backup = desk("db", "backup", "copy")
    desk.write("more.csv", ROWS.replace("\n1,", "\n3,").replace("\n2,", "\n4,"))
    desk("import", "more.csv", "--source", "reviews")
    before = items(desk)

    asked = desk("db", "restore", "copy")
    unchanged = items(desk)
    STORES.close()
    done = desk("db", "restore", "copy", "--yes")

    assert "Read back: " in backup.err
    assert asked.code == 2
    assert "say --yes" in asked.err
    assert done.code == 0, done.err
    assert "is kept: " in done.err
    assert (before, unchanged, items(desk)) == (4, 4, 2)
    assert "fine" in desk("db", "check").out
    aside = done.err.partition("is kept: ")[2].strip()
    if not aside.startswith(str(desk.root)):
        server().drop(aside.rpartition("/")[2])


@pytest.mark.slow
def test_a_store_is_copied_into_another_with_hashes_and_not_over_it(desk: Desk):
    desk("import", "said.csv", "--source", "reviews")
    source = STORES.address(desk.root / "bridge.db")

    moved = desk("db", "copy", source, "new.db", "--json")
    again = desk("db", "copy", source, "new.db")

    assert moved.code == 0, moved.err
    assert {"item": 2}.items() <= {row["table"]: row["rows"] for row in moved.data}.items()
    assert all(len(row["sha256"]) == 64 for row in moved.data)
    assert "item: 2 of 2" in moved.err
    assert again.code == 3
    assert "name an empty database" in again.err


def test_an_address_we_do_not_know_ends_with_three(desk: Desk):
    ended = desk("db", "copy", "mysql://ann:s3cret@host/db", "new.db")

    assert ended.code == 3
    assert "is neither SQLite nor PostgreSQL" in ended.err
    assert "s3cret" not in ended.err
