"""Nightly copies of the store: written, read back, and the oldest ones cleared away."""

from __future__ import annotations

import re
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

from bridge.errors import StoreError
from bridge.jobs.jobs import Outcome
from bridge.store.database import Database, write_backup

FOLDER = "backups"
_OURS = re.compile(r"bridge-\d{8}T\d{6}Z\.db")
_SPARE = 1.2  # times the size of the store that must be free


def back_up(database: Database, folder: Path, keep: int, now: datetime) -> Outcome:
    """Write a copy with its checksum beside it, read it back, and keep the newest `keep`.

    Raises `StoreError` when there is no room, or when the copy is not whole; older ones stay then.
    """
    if database.path is None:
        return Outcome({"kept": 0})
    folder.mkdir(parents=True, exist_ok=True)
    _room(folder, size_of(database.path))
    target = folder / f"bridge-{now:%Y%m%dT%H%M%SZ}.db"
    place, digest = write_backup(database, target, now)
    _read_back(place)
    place.with_name(place.name + ".sha256").write_text(f"{digest}  {place.name}\n", encoding="utf-8")
    old = copies(folder)[:-keep]
    for file in old:
        file.with_name(file.name + ".sha256").unlink(missing_ok=True)
        file.unlink(missing_ok=True)
    return Outcome({"kept": len(copies(folder)), "cleared": len(old), "bytes": place.stat().st_size})


def copies(folder: Path) -> list[Path]:
    """Return the copies that we made, the oldest first; other files are left alone."""
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if _OURS.fullmatch(file.name))


def size_of(path: Path) -> int:
    """Return the bytes of a store with its journal."""
    return sum(p.stat().st_size for p in (path, path.with_name(path.name + "-wal")) if p.exists())


def _room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size * _SPARE:
        raise StoreError(
            f"{folder}: {free // 2**20} MB are free and a copy takes {size // 2**20} MB; make room, "
            "or keep fewer with serve.backups"
        )


def _read_back(place: Path) -> None:
    """Check a copy's structure without changing a byte of it; a copy that is not whole is no backup."""
    connection = sqlite3.connect(f"{place.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        found = [row[0] for row in connection.execute("PRAGMA quick_check")]
    except sqlite3.DatabaseError as fault:
        found = [str(fault)]
    finally:
        connection.close()
    if found != ["ok"]:
        place.unlink()
        raise StoreError(f"{place}: the copy is not whole ({found[0]}); run feedback-bridge db check")
