"""PostgreSQL: one server, as many machines as wanted.

A writing transaction first takes an advisory lock that ends with it, so writers wait for each other from the
start, as with SQLite's BEGIN IMMEDIATE, and nothing is ever lost or has to be tried again. They run READ
COMMITTED on purpose: each statement then sees all that was committed before the lock was had. REPEATABLE READ
would take its snapshot with the very statement that waits for the lock, and so work on what was there before.
A reading transaction is REPEATABLE READ and read only: it sees one state.

The lock of a run is held by a session of its own. The server frees it when that session ends: at once for a
process that was killed, and after a minute or so for a machine that vanished. A holder that only lost its
session finds its fence outdated at its next write (`bridge.store.database`).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from bridge.errors import StoreError
from bridge.store.backend import Found, without_secrets

if TYPE_CHECKING:
    from psycopg import Connection as Raw

WRITERS = "writers"
"""The name of the lock that writing transactions take."""
PATIENCE_S = 30  # how long a writer waits for the others; they are served in turn
POOL, MORE = 5, 15  # connections kept, and more under load
_SESSION = (
    "SET timezone = 'UTC'; SET synchronous_commit = on; "
    f"SET lock_timeout = '{PATIENCE_S}s'; "
    # a machine that vanishes frees its locks after a minute, not after two hours
    "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 4"
)
_ALIVE = {"connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 4}


class Postgres:
    """A store in a database of PostgreSQL's."""

    name = "postgresql"
    path: Path | None = None
    loses_locks = True

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        self.place = without_secrets(url)
        if url.drivername not in {"postgresql", "postgresql+psycopg"}:
            raise StoreError(
                f"database.url: {url.drivername} is not to be had; write postgresql://USER@HOST/NAME"
            )
        if not url.database and not url.username and not url.query:
            raise StoreError("database.url names no database; write postgresql://USER@HOST/NAME")

    @cached_property
    def engine(self) -> Engine:
        """The engine; opens at first use, because its driver comes with an extra."""
        try:
            import psycopg  # noqa: F401 - is it there?
        except ImportError as error:
            raise StoreError(
                'PostgreSQL needs its driver: pip install "feedback-bridge[postgres]"'
                f" ({type(error).__name__}: {error})"
            ) from error
        engine = create_engine(
            self.url, pool_size=POOL, max_overflow=MORE, pool_pre_ping=True, connect_args=_ALIVE
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    @cached_property
    def writer(self) -> Engine:
        """Its transactions hold the writers' lock."""
        return self.engine.execution_options(bridge_write=True, isolation_level="READ COMMITTED")

    @cached_property
    def reader(self) -> Engine:
        """Its transactions see one state."""
        return self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def prepare(self) -> None:
        """Do nothing: an operator makes the database."""

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """Open a writing transaction: a table is changed in its place."""
        with self.writer.connect() as connection, connection.begin():
            yield connection

    def after_migrating(self, connection: Connection) -> None:
        """Let texts be ordered and compared by their characters, as SQLite does it, whatever the locale."""
        found = connection.execute(_LOCAL, {"tables": list(SQLModel.metadata.tables)}).all()
        for table in sorted({row.table_name for row in found}):
            changes = ", ".join(
                f'ALTER COLUMN "{row.column_name}" TYPE {row.kind} COLLATE "C"'
                for row in found
                if row.table_name == table
            )
            connection.exec_driver_sql(f'ALTER TABLE "{table}" {changes}')

    def words(self, error: DBAPIError) -> str | None:
        """Say a foreseeable fault of the server."""
        from bridge.store.postgres_faults import words

        return words(self.place, error)

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Hold a session's advisory lock on a connection of its own.

        It is let go in words: a server may take a while to notice that a connection was closed.
        """
        with self.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            connection.detach()  # never goes back to the pool: who gets it next would hold the lock
            raw.autocommit = True
            if not raw.execute("SELECT pg_try_advisory_lock(%s)", [lock_key(name)]).fetchone()[0]:
                raise BlockingIOError(name)
            try:
                yield
            finally:
                with suppress(
                    self.engine.dialect.loaded_dbapi.Error
                ):  # the connection is gone: so is the lock
                    raw.execute("SELECT pg_advisory_unlock(%s)", [lock_key(name)])

    def structure_faults(self, connection: Connection) -> Iterator[str]:
        """Yield indexes that a broken rebuild left invalid, and references to missing rows."""
        for (index,) in connection.exec_driver_sql(_INVALID).all():
            yield f"index {index} is not valid; run REINDEX INDEX {index}"
        for table in SQLModel.metadata.sorted_tables:
            for key in table.foreign_keys:
                there = key.column.table.alias()
                found = there.c[key.column.name]
                lost = (
                    select(key.parent)
                    .select_from(table.outerjoin(there, key.parent == found))
                    .where(key.parent.is_not(None), found.is_(None))
                )
                if connection.execute(lost.limit(1)).first() is not None:
                    yield f"{table.name}.{key.parent.name} refers to a missing row of {key.column.table.name}"

    def size(self) -> int:
        """Return the bytes of the database."""
        with self.reader.connect() as connection:
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())

    def copy_into(self, target: Path) -> None:
        """Write a copy by `pg_dump -Fc`: whole, as of one moment, while everything goes on."""
        from bridge.store.postgres_tools import dump

        with self.reader.connect() as connection:
            there = connection.exec_driver_sql("SELECT extname FROM pg_extension").scalars().all()
        dump(self.url, target, there)

    def read_back(self, copy: Path) -> Found:
        """Restore a copy into a scratch database of the same server, and count its rows."""
        from bridge.store.postgres_tools import read_back

        return read_back(self.url, copy)

    def restore(self, copy: Path, aside: str) -> str:
        """Put a copy in the database's place; the old one is renamed."""
        from bridge.store.postgres_tools import swap

        self.engine.dispose()
        return swap(self.url, copy, aside)

    def damage(self) -> str | None:
        """Say nothing: the server itself stops what touches damaged data."""
        return None

    def note_damage(self, error: DBAPIError) -> None:
        """Do nothing: the server knows."""

    def note_sound(self) -> None:
        """Do nothing: the server knows."""


def lock_key(name: str) -> int:
    """Return the number of an advisory lock by its name; the same on every machine."""
    digest = hashlib.sha256(f"feedback-bridge {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


_WRITERS = lock_key(WRITERS)
_LOCAL = text(
    "SELECT c.relname AS table_name, a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS kind"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation l ON l.oid = a.attcollation"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
    " AND NOT a.attisdropped AND l.collname <> 'C' AND c.relname = ANY(:tables)"
    " ORDER BY c.relname, a.attnum"
)
_INVALID = (
    "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
    " WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace"
)


def _prepare(connection: Raw[Any], _record: object) -> None:
    connection.adapters.register_dumper(str, _text_dumper())
    connection.autocommit = True
    connection.execute(_SESSION)
    connection.autocommit = False


@functools.cache
def _text_dumper() -> type:
    """Return a dumper that puts U+FFFD for NUL, which PostgreSQL holds in no text."""
    from psycopg.types.string import StrDumperUnknown

    class Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    return Text


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("bridge_write"):
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_WRITERS,))
