"""The database: opening, transactions, migrations, and faults said in words.

SQLite's driver would run SELECTs outside the transaction and lose updates, so we own the BEGIN: every writing
transaction starts with `BEGIN IMMEDIATE`. `synchronous=FULL`, because an intent that a power cut forgets is a
duplicate ticket.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import Session, select

from bridge.errors import StoreError
from bridge.models import WORKSPACE, Workspace

_DAMAGED = re.compile("not a database|malformed")
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA busy_timeout=5000",
)


class Database:
    """One store, by its URL. Cheap to make; opens at first use."""

    def __init__(self, url: str) -> None:
        self.url = url
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            msg = (
                f"database.url: {parsed.render_as_string(hide_password=True)} is not a SQLite address; "
                "this version keeps its data in SQLite: write sqlite:////path/to/bridge.db"
            )
            raise StoreError(msg)
        self.path = Path(parsed.database) if parsed.database and parsed.database != ":memory:" else None
        self._engine = create_engine(url, connect_args={"timeout": 5})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(bridge_write=True)

    @property
    def engine(self) -> Engine:
        """The engine, for migrations and tests."""
        return self._engine

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that holds the write lock from its start; commits at the end, or not at all."""
        with faults_in_words(self), Session(self._writer, expire_on_commit=False) as session:
            session.connection()
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the store and writes nothing."""
        with faults_in_words(self), Session(self._engine, expire_on_commit=False) as session:
            yield session
            session.expunge_all()  # so that what was read stays readable after the rollback
            session.rollback()

    def upgrade(self) -> None:
        """Bring the schema to this version, and make the workspace if there is none."""
        with faults_in_words(self), _files_in_words(self):
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            current, head = self.revision(), head_revision()
            if current != head:
                self._refuse_newer(current)
                if current is not None and self.path is not None:
                    self._copy_aside(self.path, current)
                writing = self._engine.connect().execution_options(bridge_write=True)
                with writing as connection, connection.begin():  # whole or not at all, and one at a time
                    command.upgrade(alembic_config(connection), "head")
        with self.reading() as session:
            there = session.get(Workspace, WORKSPACE)
        if there is None:
            with self.writing() as session:
                if session.get(Workspace, WORKSPACE) is None:
                    session.add(Workspace(id=WORKSPACE, name="default", secret=secrets.token_bytes(32)))

    def revision(self) -> str | None:
        """Return the schema's revision, None for an empty database."""
        with faults_in_words(self), self._engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def _refuse_newer(self, current: str | None) -> None:
        if current is None:
            return
        try:
            ScriptDirectory.from_config(alembic_config(None)).get_revision(current)
        except CommandError as error:
            msg = (
                f"{self.path or self.url}: its schema {current!r} is newer than this program knows "
                f"({head_revision()!r}); use the newer program, or restore the copy made before its upgrade"
            )
            raise StoreError(msg) from error

    def _copy_aside(self, path: Path, current: str) -> None:
        aside = path.with_name(f"{path.name}.before-{current}")
        if not aside.exists():
            with self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                if raw is not None:
                    raw.execute("VACUUM INTO ?", (str(aside),))


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("bridge_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def alembic_config(connection: Connection | None) -> Config:
    """Return Alembic's settings for our migrations, on a connection if there is one."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def head_revision() -> str:
    """Return the revision that this program's models have."""
    return ScriptDirectory.from_config(alembic_config(None)).get_current_head() or ""


@contextmanager
def faults_in_words(database: Database) -> Iterator[None]:
    """Turn the database's foreseeable faults into messages that say what to do."""
    where = database.path or database.url
    try:
        yield
    except OperationalError as error:
        raise StoreError(_words(str(where), str(error.orig))) from error
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.DatabaseError) and _DAMAGED.search(str(error.orig)):
            raise StoreError(_words(str(where), str(error.orig))) from error
        raise


@contextmanager
def _files_in_words(database: Database) -> Iterator[None]:
    where = database.path or database.url
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads our output left; no fault of the database
    except PermissionError as error:
        raise StoreError(_words(str(where), "readonly")) from error
    except OSError as error:
        raise StoreError(
            f"{where}: {error.strerror or error}; choose another place in database.url"
        ) from error


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
    if "malformed" in said or "not a database" in said:
        return f"{where} is damaged or no SQLite database; it was not changed: restore a backup beside it"
    return f"{where}: {fault}"


def workspace_secret(session: Session) -> bytes:
    """Return the key of the workspace's pseudonyms."""
    return session.exec(select(Workspace.secret).where(Workspace.id == WORKSPACE)).one()


def faults(database: Database) -> list[str]:
    """Return what is wrong with the file's structure, its references and its audit log."""
    from bridge.store.audit import first_broken

    with database.reading() as session:
        connection = session.connection()
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
        found += [
            f"{row[0]} row {row[1]} refers to a missing row of {row[2]}"
            for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
        broken = first_broken(session)
    return found if broken is None else [*found, f"audit row {broken} does not fit the row before it"]


def write_backup(database: Database, target: Path | None, at: datetime) -> tuple[Path, str]:
    """Write a complete copy of the store; return its place and its SHA-256. Never writes over a file."""
    if database.path is None:
        raise StoreError("an in-memory database has nothing to back up; set database.url to a file")
    place = (target or database.path.with_name(f"{database.path.name}.{at:%Y%m%dT%H%M%SZ}.backup")).absolute()
    if place.exists():
        raise StoreError(f"{place} is there already; name another file")
    if not place.parent.is_dir():
        raise StoreError(f"{place.parent} is no folder; make it, or name another file")
    try:
        with faults_in_words(database), database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is not None:
                raw.execute("VACUUM INTO ?", (str(place),))
    except sqlite3.Error as error:
        raise StoreError(f"{place}: the copy can't be written ({error}); name another place") from error
    with place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return place, digest
