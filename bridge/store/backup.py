"""Copies of the store: complete, with a checksum, read back before they count, and put in its place again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import AlreadyRunning, StoreError
from bridge.store.backend import Found, refuse_if_full

if TYPE_CHECKING:
    from bridge.store.database import Database

SUM = ".sha256"
"""The ending of the file beside a copy that holds its checksum."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was written and read back."""

    place: Path
    digest: str  # SHA-256, hexadecimal
    found: Found


def write_copy(database: Database, target: Path | None, at: datetime) -> Copy:
    """Write a complete copy with its checksum beside it, and read it back.

    Never writes over a file. Raises `StoreError` when there is no room, and when the copy isn't whole; it is
    no copy then, and goes.
    """
    from bridge.store.database import faults_in_words

    if database.path is None and database.backend.name == "sqlite":
        raise StoreError("an in-memory database has nothing to back up; set database.url to a file")
    place = (target or _beside(database, at)).absolute()
    if place.exists():
        raise StoreError(f"{place} is there already; name another file")
    if not place.parent.is_dir():
        raise StoreError(f"{place.parent} is no folder; make it, or name another file")
    with faults_in_words(database):
        refuse_if_full(place.parent, database.backend.size())
        database.backend.copy_into(place)
    digest = sha256(place)
    try:
        found = database.backend.read_back(place)
    except StoreError:
        place.unlink(missing_ok=True)
        raise
    place.with_name(place.name + SUM).write_text(f"{digest}  {place.name}\n", encoding="utf-8")
    return Copy(place, digest, found)


def restore(database: Database, copy: Path, at: datetime) -> tuple[Found, str]:
    """Put a copy in the store's place; return what it holds, and where the old store is kept.

    The copy's checksum and content are looked at first, and a schema newer than ours is refused.
    """
    from bridge.store.database import faults_in_words, head_revision, is_known

    if not copy.is_file():
        raise StoreError(f"{copy} is no file; name a copy that feedback-bridge db backup wrote")
    _check_sum(copy)
    found = database.backend.read_back(copy)
    if found.revision is None or not is_known(found.revision):
        raise StoreError(
            f"{copy}: its schema {found.revision!r} is newer than this program knows ({head_revision()!r}); "
            "use the newer program"
        )
    with faults_in_words(database), _alone(database):
        if database.path is not None:
            refuse_if_full(database.path.parent, copy.stat().st_size)
        aside = database.backend.restore(copy, f"before-{at:%Y%m%dT%H%M%SZ}")
    return found, aside


def sha256(place: Path) -> str:
    """Return the SHA-256 of a file."""
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(database: Database, at: datetime) -> Path:
    folder = database.copies or Path()
    folder.mkdir(parents=True, exist_ok=True)
    name = database.path.name if database.path is not None else database.engine.url.database
    return folder / f"{name}.{at:%Y%m%dT%H%M%SZ}.backup"


def _check_sum(copy: Path) -> None:
    noted = copy.with_name(copy.name + SUM)
    if noted.exists() and noted.read_text(encoding="utf-8").split()[:1] != [sha256(copy)]:
        raise StoreError(
            f"{copy} is not what was written: its checksum is not the one in {noted.name}; take another copy"
        )


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Hold a file's lock; a server itself refuses to rename a database that somebody uses."""
    if database.path is None:
        yield
        return
    try:
        with database.backend.holding("run"):
            yield
    except BlockingIOError:
        raise AlreadyRunning(
            f"another run is at work on {database.place}; stop the bridge, and restore again"
        ) from None
