"""What differs between the kinds of database; all else of the store is the same for both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from bridge.errors import StoreError

_SPARE = 1.2
KINDS = "sqlite:////path/to/bridge.db or postgresql://USER@HOST/NAME"


@dataclass(frozen=True, slots=True)
class Found:
    """What a copy holds: the rows of each table, and the revision of its schema."""

    rows: Mapping[str, int]
    revision: str | None


class Backend(Protocol):
    """One kind of database, on one address."""

    name: str  # sqlite · postgresql
    place: str  # for messages; never holds a password
    path: Path | None  # the file, if it is one
    loses_locks: bool  # a holder may live on without its lock

    @property
    def engine(self) -> Engine:
        """For migrations and tools."""

    @property
    def writer(self) -> Engine:
        """Its transactions wait for each other from their start."""

    @property
    def reader(self) -> Engine:
        """Its transactions see one state of the store."""

    def prepare(self) -> None:
        """Make what must be there before a first connection, such as a folder."""

    def rebuilding(self) -> AbstractContextManager[Connection]:
        """Open a writing transaction in which tables may be made anew."""

    def after_migrating(self, connection: Connection) -> None:
        """Bring what this kind needs beyond the migrations, in their transaction."""

    def words(self, error: DBAPIError) -> str | None:
        """Say a foreseeable fault, and what to do; None for one that is a mistake of ours."""

    def holding(self, name: str) -> AbstractContextManager[None]:
        """Hold a lock by name for as long as this process lives; raises `BlockingIOError` at once if held."""

    def structure_faults(self, connection: Connection) -> Iterator[str]:
        """Yield what is wrong with the structure of the stored data and its references."""

    def size(self) -> int:
        """Return the bytes that the store takes."""

    def copy_into(self, target: Path) -> None:
        """Write a complete copy while everything goes on; the target isn't there yet."""

    def read_back(self, copy: Path) -> Found:
        """Restore a copy in a scratch place, or read all of it; raises `StoreError` if it isn't whole."""

    def restore(self, copy: Path, aside: str) -> str:
        """Put a copy in the store's place; return where the old one is, kept under the mark `aside`."""

    def damage(self) -> str | None:
        """Say why nothing may be written: the stored data were found damaged, and not yet restored."""

    def note_damage(self, error: DBAPIError) -> None:
        """Remember a fault that means damaged data, for all processes."""

    def note_sound(self) -> None:
        """Forget it: the stored data were looked at, and are whole."""


def open_backend(url: str) -> Backend:
    """Return the kind of database that an address names; raises `StoreError` for one we don't know."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"database.url is no address of a database; write {KINDS}") from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        from bridge.store.sqlite import Sqlite

        return Sqlite(parsed)
    if kind == "postgresql":
        from bridge.store.postgres import Postgres

        return Postgres(parsed)
    raise StoreError(
        f"database.url: {parsed.render_as_string(hide_password=True)} is neither SQLite nor PostgreSQL; "
        f"write {KINDS}"
    )


def password_of(url: URL) -> str:
    """Return the password of an address; one in the query counts before the one at the host."""
    asked = url.query.get("password", url.password or "")
    return asked if isinstance(asked, str) else asked[-1]


def without_secrets(url: URL) -> str:
    """Return an address with the parts that say where it leads, and none that may be a secret."""
    host = f"{url.host or ''}{f':{url.port}' if url.port else ''}" or str(url.query.get("host", "localhost"))
    return f"postgresql://{host}/{url.database or url.username or ''}"


def refuse_if_full(folder: Path, size: int) -> None:
    """Raise `StoreError` unless a folder has room for a copy of so many bytes, and a fifth more."""
    free = shutil.disk_usage(folder).free
    if free < size * _SPARE:
        raise StoreError(
            f"{folder}: {free // 2**20:,} MB are free and a copy may take {size // 2**20:,} MB; make room "
            "there, or keep fewer copies with serve.backups"
        )
