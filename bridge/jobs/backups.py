"""Nightly copies of the store: written, read back, and the oldest ones cleared away."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from bridge.jobs.jobs import Outcome
from bridge.store.backup import SUM, write_copy
from bridge.store.database import Database

FOLDER = "backups"
_OURS = re.compile(r"bridge-\d{8}T\d{6}Z\.(db|dump)")


def back_up(database: Database, folder: Path, keep: int, now: datetime) -> Outcome:
    """Write a copy with its checksum beside it, read it back, and keep the newest `keep`.

    Raises `StoreError` when there is no room, or when the copy is not whole; older ones stay then.
    """
    if database.path is None and database.backend.name == "sqlite":
        return Outcome({"kept": 0})
    folder.mkdir(parents=True, exist_ok=True)
    ending = "db" if database.path is not None else "dump"
    copy = write_copy(database, folder / f"bridge-{now:%Y%m%dT%H%M%SZ}.{ending}", now)
    old = copies(folder)[:-keep]
    for file in old:
        file.with_name(file.name + SUM).unlink(missing_ok=True)
        file.unlink(missing_ok=True)
    told = {"kept": len(copies(folder)), "cleared": len(old), "bytes": copy.place.stat().st_size}
    return Outcome({**told, "rows": sum(copy.found.rows.values())})


def copies(folder: Path) -> list[Path]:
    """Return the copies that we made, the oldest first; other files are left alone."""
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if _OURS.fullmatch(file.name))


def size_of(path: Path) -> int:
    """Return the bytes of a store with its journal."""
    return sum(p.stat().st_size for p in (path, path.with_name(path.name + "-wal")) if p.exists())
