"""The database: opening, transactions, migrations, and faults said in words.

What SQLite and PostgreSQL do differently stands in `bridge.store.sqlite` and `bridge.store.postgres`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from bridge.errors import AlreadyRunning, StoreError
from bridge.models import WORKSPACE, Workspace
from bridge.store.backend import Backend, open_backend, refuse_if_full
from bridge.store.lease import current, take_in
from bridge.store.written import Watch, draw

RUN = "run"
"""The lock and the lease of the one who works on the store."""


class Database:
    """One store, by its URL. Cheap to make; opens at first use.

    Copies are kept beside a file; `copies` is the folder for those of a server.
    """

    def __init__(self, url: str, copies: Path | None = None) -> None:
        self.url = url
        self.backend: Backend = open_backend(url)
        self.copies = self.path.parent if self.path is not None else copies

    @property
    def path(self) -> Path | None:
        """The store's file, None if it is none."""
        return self.backend.path

    @property
    def place(self) -> str:
        """Where the store is, for messages; never holds a password."""
        return self.backend.place

    @property
    def engine(self) -> Engine:
        """The engine, for migrations and tests."""
        return self.backend.engine

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that holds the write lock from its start; commits at the end, or not at all."""
        self._refuse_damaged()
        with faults_in_words(self), Session(self.backend.writer, expire_on_commit=False) as session:
            watch = Watch(session.connection())
            held = _HELD.get()
            if held is not None and held.database is self:
                held.check(session)
            yield session
            watch.mark(session)
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the store and writes nothing."""
        with faults_in_words(self), Session(self.backend.reader, expire_on_commit=False) as session:
            yield session
            session.expunge_all()  # so that what was read stays readable after the rollback
            session.rollback()

    @contextmanager
    def only_one(self, at: datetime, name: str = RUN) -> Iterator[None]:
        """Hold the store for one run, or raise `AlreadyRunning`; a killed holder frees it at once.

        On PostgreSQL a holder may lose its lock and live on: `writing` then raises `AlreadyRunning` in the
        thread that holds it, as soon as another has taken the lock.
        """
        with ExitStack() as stack:
            try:
                with faults_in_words(self):
                    stack.enter_context(self.backend.holding(name))
            except BlockingIOError:
                raise AlreadyRunning(
                    f"another run is at work on {self.place}; wait for it to end, or stop it, and try again"
                ) from None
            if not self.backend.loses_locks:
                yield
                return
            with self.writing() as session:
                fence = take_in(session, name, "", at)
            token = _HELD.set(_Held(self, name, fence))
            try:
                yield
            finally:
                _HELD.reset(token)

    def upgrade(self, *, copy: bool = True) -> None:
        """Bring the schema to this version, a copy made first, and make the workspace if there is none."""
        self.migrate(copy=copy)
        with self.reading() as session:
            there = session.get(Workspace, WORKSPACE)
        if there is None:
            with self.writing() as session:
                if session.get(Workspace, WORKSPACE) is None:
                    session.add(Workspace(id=WORKSPACE, name="default", secret=secrets.token_bytes(32)))

    def migrate(self, *, copy: bool = True) -> None:
        """Bring the schema to this version."""
        with faults_in_words(self), _files_in_words(self):
            self.backend.prepare()
            found = self.revision()
            if found != head_revision():
                self._refuse_newer(found)
                self._refuse_damaged()
                if found is not None and copy:
                    self._copy_aside(found)
                with self.backend.rebuilding() as connection:  # whole or not at all
                    command.upgrade(alembic_config(connection), "head")
                    self.backend.after_migrating(connection)
                    draw(connection)

    def revision(self) -> str | None:
        """Return the schema's revision, None for an empty database."""
        with faults_in_words(self), self.backend.reader.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def _refuse_damaged(self) -> None:
        damage = self.backend.damage()
        if damage is not None:
            raise StoreError(
                f"{self.place} is damaged ({damage}) and only read from now on; put a copy in its place with "
                "feedback-bridge db restore COPY, or, when you have mended it, run feedback-bridge db check"
            )

    def _refuse_newer(self, current: str | None) -> None:
        if current is not None and not is_known(current):
            raise StoreError(
                f"{self.place}: its schema {current!r} is newer than this program knows "
                f"({head_revision()!r}); use the newer program, or restore the copy made before its upgrade"
            )

    def _copy_aside(self, revision: str) -> None:
        if self.copies is None:
            return
        name = self.path.name if self.path is not None else self.engine.url.database
        aside = self.copies / f"{name}.before-{revision}"
        if not aside.exists():
            self.copies.mkdir(parents=True, exist_ok=True)
            refuse_if_full(self.copies, self.backend.size())
            self.backend.copy_into(aside)


@dataclass(frozen=True, slots=True)
class _Held:
    """A lock that this thread holds, with the number it was taken under."""

    database: Database
    name: str
    fence: int

    def check(self, session: Session) -> None:
        """Raise `AlreadyRunning` if another has taken the lock; nothing is written then."""
        if current(session, self.name) != self.fence:
            raise AlreadyRunning(
                f"this run lost its hold on {self.database.place}, and another has taken over; "
                "nothing more was written"
            )


_HELD: ContextVar[_Held | None] = ContextVar("held", default=None)


def alembic_config(connection: Connection | None) -> Config:
    """Return Alembic's settings for our migrations, on a connection if there is one."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def head_revision() -> str:
    """Return the revision that this program's models have."""
    return ScriptDirectory.from_config(alembic_config(None)).get_current_head() or ""


def is_known(revision: str) -> bool:
    """Say whether this program knows a schema."""
    try:
        ScriptDirectory.from_config(alembic_config(None)).get_revision(revision)
    except CommandError:
        return False
    return True


@contextmanager
def faults_in_words(database: Database) -> Iterator[None]:
    """Turn the database's foreseeable faults into messages that say what to do."""
    try:
        yield
    except DBAPIError as error:
        words = database.backend.words(error)
        if words is None:
            raise
        database.backend.note_damage(error)
        raise StoreError(words) from error


@contextmanager
def _files_in_words(database: Database) -> Iterator[None]:
    where = database.place
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads our output left; no fault of the database
    except PermissionError as error:
        raise StoreError(
            f"{where} can't be written; mend its rights, or choose another place in database.url"
        ) from error
    except OSError as error:
        raise StoreError(
            f"{where}: {error.strerror or error}; choose another place in database.url"
        ) from error


def workspace_secret(session: Session) -> bytes:
    """Return the key of the workspace's pseudonyms."""
    return session.exec(select(Workspace.secret).where(Workspace.id == WORKSPACE)).one()


def faults(database: Database) -> list[str]:
    """Return what is wrong with the store's structure, its references and its audit log."""
    from bridge.store import figures
    from bridge.store.audit import first_broken

    with database.reading() as session:
        found = [*database.backend.structure_faults(session.connection())]
        found += [] if found else figures.wrong(session)
        broken = first_broken(session)
    if not found:
        database.backend.note_sound()
    return found if broken is None else [*found, f"audit row {broken} does not fit the row before it"]
