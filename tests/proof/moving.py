"""Prove that a store moves whole to PostgreSQL: a company's, or synthetic items, with minutes and hashes.

python tests/proof/moving.py FILE.db       a store that is there
python tests/proof/moving.py 1000000       so many items made for it
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from postgres import Server
from sqlalchemy import insert

from bridge.models import Item, ItemRevision, Statement
from bridge.store.database import Database
from bridge.store.intake import sort_key
from bridge.store.moving import move

SLICE = 10_000
START = datetime(2025, 1, 1, tzinfo=UTC)


def main(what: str) -> int:
    """Move a store to a server of its own; print rows, seconds and hashes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(what) if not what.isdecimal() else Path(folder) / "made.db"
        source = Database(f"sqlite:///{path}")
        source.upgrade()
        if what.isdecimal():
            _make(source, int(what))
        server = Server(fsync="on", full_page_writes="on")
        target = Database(server.url(server.create()))
        begun, worked = time.monotonic(), time.process_time()
        moved = move(source, target, lambda *_: None)
        took, cpu = time.monotonic() - begun, time.process_time() - worked
        size = target.backend.size()
        target.close()
        server.remove()
    for one in moved:
        print(f"{one.digest[:16]}  {one.rows:>11,}  {one.table}")
    rows = sum(one.rows for one in moved)
    print(f"{rows:,} rows, hashes equal on both sides, {took:.0f} s ({cpu:.0f} s of our own work)")
    print(f"{source.backend.size() / 2**20 if path.exists() else 0:,.0f} MB, then {size / 2**20:,.0f} MB")
    return 0


def _make(source: Database, count: int) -> None:
    for first in range(1, count + 1, SLICE):
        numbers = range(first, min(first + SLICE, count + 1))
        with source.writing() as session:
            connection = session.connection()
            connection.execute(insert(Item), [_item(number) for number in numbers])
            connection.execute(insert(ItemRevision), [_revision(number) for number in numbers])
            connection.execute(insert(Statement), [_statement(number) for number in numbers])


def _text(number: int) -> str:
    return f"The seat in row {number % 40} would not recline on flight {number}, ünd nobody came. " * 2


def _item(number: int) -> dict[str, object]:
    said_at = START + timedelta(seconds=7 * number)
    return {
        "id": number,
        "source": "reviews",
        "external_id": f"r-{number}",
        "revision": "1",
        "person_key": f"{number % 300_000:032x}",
        "said_at": said_at,
        "pulled_at": said_at,
        "pull": "made",
        "sort_key": sort_key(said_at, "reviews", f"r-{number}"),
        "text": _text(number),
        "stage": 4,
        "exact": number * 7_919_001_003,
    }


def _revision(number: int) -> dict[str, object]:
    at = START + timedelta(seconds=7 * number)
    return {"item_id": number, "revision": "1", "seen_at": at, "said_at": at, "text": _text(number)}


def _statement(number: int) -> dict[str, object]:
    return {
        "item_id": number,
        "ordinal": 1,
        "start": 0,
        "stop": 80,
        "text": _text(number)[:80],
        "plain": _text(number)[:80].lower(),
        "text_hash": f"{number:032x}",
        "sort_key": f"{number:012}",
        "stage": 3,
        "kind": "problem",
        "kind_score": 0.9,
        "kind_scores": {"problem": 0.9, "other": 0.1},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
