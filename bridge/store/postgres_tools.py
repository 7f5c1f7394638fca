"""Copies of a database of PostgreSQL's, by its own tools: pg_dump and pg_restore."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from bridge.errors import StoreError
from bridge.store.backend import Found, password_of, without_secrets

if TYPE_CHECKING:
    from psycopg import Connection

_DEBIAN = Path("/usr/lib/postgresql")
_TABLE = re.compile(rb"COPY (?:\w+\.)?\"?(\w+)\"? ")
_LIMIT_S = 6 * 3600
INDEX_SCHEMAS = ("nearest", "nearest_of_*")
"""Where pgvector's index stands: in the first for tables in `public`, else in one of their schema's."""


def dump(url: URL, target: Path, extensions: Collection[str] = ()) -> None:
    """Write a whole copy in pg_dump's own format; only its owner may read the file.

    `extensions` are all that there are in the database: of them pgvector is left out, with its index.
    """
    target.touch(mode=0o600, exist_ok=False)
    try:
        words = ("--format=custom", "--no-owner", "--no-privileges", *_without_index(extensions))
        _run(url, "pg_dump", *words, f"--file={target}")
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _without_index(extensions: Collection[str]) -> list[str]:
    """Return what leaves out pgvector and its index: who restores may not make extensions."""
    others = {*extensions} - {"vector"} if "vector" in extensions else set()
    named = [f'--extension="{name}"' for name in sorted(others)]  # pg_dump 15 can't leave out a single one
    return [*(f"--exclude-schema={name}" for name in INDEX_SCHEMAS), *named]


def read_back(url: URL, copy: Path) -> Found:
    """Restore a copy into a scratch database and count its rows; who may make none reads all of it."""
    name = _beside(url, "drill")
    with _administering(url) as server:
        if not _may_create(server):
            return _read_through(copy)
        _create(server, name)
        try:
            scratch = url.set(database=name)
            _fill(scratch, copy)
            return _count(scratch)
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}"')


def swap(url: URL, copy: Path, aside: str) -> str:
    """Restore a copy into a new database, and let it and the old one change names in one step."""
    new, old = _beside(url, "new"), f"{url.database}_{aside}"[:63]
    with _administering(url) as server:
        if not _may_create(server):
            raise StoreError(
                f"{without_secrets(url)}: our user may not make databases; let an administrator say "
                f"ALTER ROLE {url.username} CREATEDB, or restore {copy} with pg_restore into a new database "
                "and name it in database.url"
            )
        _create(server, new)
        try:
            _fill(url.set(database=new), copy)
            _rename(server, url, new, old)
        except BaseException:
            server.execute(f'DROP DATABASE IF EXISTS "{new}"')
            raise
    return str(without_secrets(url.set(database=old)))


def _rename(server: Connection[Any], url: URL, new: str, old: str) -> None:
    from psycopg.errors import ObjectInUse

    try:
        with server.transaction():
            server.execute(f'ALTER DATABASE "{url.database}" RENAME TO "{old}"')
            server.execute(f'ALTER DATABASE "{new}" RENAME TO "{url.database}"')
    except ObjectInUse as error:
        raise StoreError(
            f"{without_secrets(url)} is in use; stop every bridge and worker on it, and restore again "
            f"({str(error).partition(chr(10))[0]})"
        ) from error


def _beside(url: URL, what: str) -> str:
    return f"{url.database}"[:40] + f"_{what}_{secrets.token_hex(4)}"


@contextmanager
def _administering(url: URL) -> Iterator[Connection[Any]]:
    """Connect to the server, not to the store, to make databases and rename them."""
    import psycopg

    last: psycopg.OperationalError | None = None
    for name in ("postgres", "template1"):
        try:
            connection = psycopg.connect(_conninfo(url.set(database=name)), autocommit=True)
        except psycopg.OperationalError as error:
            last = error
            continue
        with connection:
            yield connection
        return
    raise StoreError(f"{without_secrets(url)}: the server lets us into no database of its own ({last})")


def _may_create(server: Connection[Any]) -> bool:
    asked = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    return bool(server.execute(asked).fetchone()[0])  # type: ignore[index]  # we are somebody


def _create(server: Connection[Any], name: str) -> None:
    server.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")


def _fill(url: URL, copy: Path) -> None:
    words = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run(url, "pg_restore", *words, str(copy))


def _count(url: URL) -> Found:
    import psycopg

    tables = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    with psycopg.connect(_conninfo(url)) as connection:
        names = [name for (name,) in connection.execute(tables)]
        counts = {
            name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # type: ignore[index]
            for name in names
        }
        known = "SELECT version_num FROM alembic_version"
        row = connection.execute(known).fetchone() if "alembic_version" in names else None
    return Found(rows=counts, revision=row[0] if row else None)


def _read_through(copy: Path) -> Found:
    """Count the rows that a copy would bring, without a server."""
    counts: dict[str, int] = {}
    revision, table = None, ""
    command = [_program("pg_restore"), "--data-only", "--file=-", str(copy)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - PostgreSQL's own program on a file that was named
        for line in process.stdout or ():
            if table and line == b"\\.\n":
                table = ""
            elif table:
                counts[table] += 1
                revision = line.decode().strip() if table == "alembic_version" else revision
            elif match := _TABLE.match(line):
                table = match[1].decode()
                counts[table] = 0
    if process.returncode:
        raise StoreError(f"{copy}: the copy is not whole; pg_restore can't read it")
    return Found(rows=counts, revision=revision)


def _run(url: URL, program: str, *words: str) -> None:
    """Run a tool on a database; its password goes by a file, which no list of processes shows."""
    with tempfile.TemporaryDirectory() as folder:
        more: dict[str, Any] = {}
        bare, password = _apart(url)
        if password:
            passes = Path(folder) / "pass"
            passes.touch(mode=0o600)
            escaped = password.replace("\\", "\\\\").replace(":", "\\:")
            passes.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
            more = {"passfile": str(passes)}
        target = _conninfo(bare, password=None, **more)
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            [_program(program), f"--dbname={target}", "--no-password", *words],
            capture_output=True,
            check=False,
            timeout=_LIMIT_S,
        )
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-400:]
        raise StoreError(f"{without_secrets(url)}: {program} failed ({said})")


def _apart(url: URL) -> tuple[URL, str]:
    """Return an address without a password in its query, and its password; raises `StoreError`."""
    if "sslpassword" in url.query:
        raise StoreError(
            f"{without_secrets(url)}: sslpassword would stand in the list of processes while a copy is made; "
            "take it out of database.url and use a key without a password that only its owner may read"
        )
    return url.difference_update_query(["password"]), password_of(url)


def _program(name: str) -> str:
    """Find a tool: the newest that Debian's packages brought, else the one on the path."""
    if _DEBIAN.is_dir():
        versions = sorted((p for p in _DEBIAN.iterdir() if p.name.isdecimal()), key=lambda p: -int(p.name))
        for folder in versions:
            if (folder / "bin" / name).exists():
                return str(folder / "bin" / name)
    found = shutil.which(name)
    if found is None:
        raise StoreError(
            f"{name} is not on this machine, and copies of PostgreSQL need it: install PostgreSQL's client "
            "programs (Debian: apt-get install postgresql-client), no older than the server. "
            "To upgrade with a copy made otherwise: feedback-bridge db upgrade --no-copy"
        )
    return found


def _conninfo(url: URL, **more: Any) -> str:
    from psycopg.conninfo import make_conninfo

    parts: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        **url.query,
        **more,
    }
    return make_conninfo(**{name: value for name, value in parts.items() if value is not None})
