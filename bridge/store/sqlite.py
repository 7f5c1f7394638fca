"""SQLite: one file, one machine.

SQLite's driver would run SELECTs outside the transaction and lose updates, so we own the BEGIN: every writing
transaction starts with `BEGIN IMMEDIATE`. `synchronous=FULL`, because an intent that a power cut forgets is a
duplicate ticket.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from bridge.errors import StoreError
from bridge.store.backend import Found

_DAMAGED = re.compile("not a database|malformed")
_CORRUPT = re.compile("malformed")
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA busy_timeout=5000",
)
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
_JOURNAL = ("-wal", "-shm")


class Sqlite:
    """A store in a file of SQLite's."""

    name = "sqlite"
    loses_locks = False

    def __init__(self, url: URL) -> None:
        in_file = url.database and url.database != ":memory:"
        self.path = Path(url.database) if url.database and in_file else None
        self.place = str(self.path or url)
        self.engine = create_engine(url, connect_args={"timeout": 5})
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)
        self.writer = self.engine.execution_options(bridge_write=True)
        self.reader = self.engine

    def prepare(self) -> None:
        """Make the file's folder."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """Open a writing transaction that looks at references at its end.

        SQLite changes a table by making it anew and dropping the old one: with references on, that fails, or
        takes the rows along that refer to it.
        """
        with self.writer.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    lost = next(_lost(connection), None)
                    if lost is not None:
                        raise StoreError(f"{self.place}: {lost}; nothing was changed")
            finally:
                raw.execute("PRAGMA foreign_keys=ON")

    def after_migrating(self, connection: Connection) -> None:
        """Do nothing: the migrations bring all."""

    def words(self, error: DBAPIError) -> str | None:
        """Say a foreseeable fault of the file."""
        said = str(error.orig)
        is_damaged = isinstance(error.orig, sqlite3.DatabaseError) and _DAMAGED.search(said)
        return _words(self.place, said) if isinstance(error, OperationalError) or is_damaged else None

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Hold a lock file beside the store; the system frees it when its holder dies."""
        if self.path is None:
            yield
            return
        ending = ".lock" if name == "run" else f".{name}.lock"
        try:
            file = self.path.with_name(self.path.name + ending).open("a")
        except OSError as error:
            raise StoreError(f"{self.path.parent} can't be written: {error.strerror}") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def structure_faults(self, connection: Connection) -> Iterator[str]:
        """Yield what SQLite finds wrong with its file."""
        found = connection.exec_driver_sql("PRAGMA integrity_check").all()
        for row in found:
            if row[0] != "ok":
                self._mark_damage(row[0])
                yield row[0]
        yield from _lost(connection)

    def size(self) -> int:
        """Return the bytes of the file with its journal."""
        files = [] if self.path is None else [self.path, Path(f"{self.path}-wal")]
        return sum(file.stat().st_size for file in files if file.exists())

    def copy_into(self, target: Path) -> None:
        """Write a copy by `VACUUM INTO`: whole, as of one moment, while everything goes on."""
        if self.path is None:
            raise StoreError("an in-memory database has nothing to back up; set database.url to a file")
        try:
            with self.engine.connect() as connection:
                raw = connection.connection.driver_connection
                if raw is not None:
                    raw.execute("VACUUM INTO ?", (str(target),))
        except sqlite3.Error as error:
            target.unlink(missing_ok=True)
            raise StoreError(f"{target}: the copy can't be written ({error}); name another place") from error

    def read_back(self, copy: Path) -> Found:
        """Check a copy's structure and count its rows, without changing a byte of it."""
        address = f"{copy.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(address, uri=True)) as file:
                faulty = [row[0] for row in file.execute("PRAGMA quick_check") if row[0] != "ok"]
                if faulty:
                    raise StoreError(f"{copy}: the copy is not whole ({faulty[0]})")
                tables = [name for (name,) in file.execute(_TABLES).fetchall()]
                rows = {name: file.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
                known = file.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as fault:
            raise StoreError(f"{copy}: the copy is not whole, or none of ours ({fault})") from fault
        return Found(rows=rows, revision=known[0] if known else None)

    def restore(self, copy: Path, aside: str) -> str:
        """Put a copy in the file's place in one step; the old file and its journal are renamed."""
        if self.path is None:
            raise StoreError("an in-memory database can't be restored; set database.url to a file")
        self.prepare()
        new = self.path.with_name(f"{self.path.name}.new")
        shutil.copyfile(copy, new)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        self.engine.dispose()
        old = self.path.with_name(f"{self.path.name}.{aside}")
        there = self.path.exists()
        if there:
            os.link(self.path, old)  # at no moment is there no store: an empty one would be made in its place
        for ending in _JOURNAL:  # must never meet another file than its own
            file_ = Path(f"{self.path}{ending}")
            if file_.exists():
                file_.rename(f"{old}{ending}")
        new.replace(self.path)
        self._mark.unlink(missing_ok=True)
        return str(old) if there else ""

    def damage(self) -> str | None:
        """Say what was found damaged: it stands in a file beside the store until that is sound again."""
        if self.path is None or not self._mark.exists():
            return None
        return self._mark.read_text(encoding="utf-8").strip()

    def note_damage(self, error: DBAPIError) -> None:
        """Write the mark that lets nobody write; the store itself stays as it is."""
        if _CORRUPT.search(str(error.orig)):
            self._mark_damage(str(error.orig))

    def note_sound(self) -> None:
        """Remove the mark."""
        if self.path is not None:
            self._mark.unlink(missing_ok=True)

    def _mark_damage(self, said: str) -> None:
        if self.path is not None:
            with suppress(OSError):
                self._mark.write_text(f"{said}\n", encoding="utf-8")

    @property
    def _mark(self) -> Path:
        return Path(f"{self.path}.damaged")


def _lost(connection: Connection) -> Iterator[str]:
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        yield f"{row[0]} row {row[1]} refers to a missing row of {row[2]}"


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("bridge_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _words(where: str, fault: str) -> str:
    said = fault.lower()
    if "locked" in said or "busy" in said:
        return f"{where} is locked by another program; wait for it to end, or stop it, and try again"
    if "readonly" in said or "read-only" in said:
        return f"{where} can't be written; mend its rights, or choose another place in database.url"
    if "full" in said or "disk i/o" in said:
        free = shutil.disk_usage(Path(where).parent).free // 2**20 if Path(where).parent.exists() else 0
        return f"{where}: the disk can't take more ({free} MB free); make room and run again: nothing is lost"
    if "unable to open" in said:
        return f"{where} can't be opened; does its folder exist, and may it be written? (database.url)"
    if _DAMAGED.search(said):
        return (
            f"{where} is damaged or no SQLite database; it was not changed: restore a backup beside it with "
            "feedback-bridge db restore COPY"
        )
    return f"{where}: {fault}"
