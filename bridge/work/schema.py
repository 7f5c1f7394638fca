"""The tables of the queue: procrastinate's own schema, put in beside ours and brought up to its version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.errors import StoreError
from bridge.models import WORKSPACE
from bridge.store.postgres import lock_key
from bridge.work.queue import conninfo, need

if TYPE_CHECKING:
    from psycopg import Connection

    from bridge.store.database import Database

_VERSION = "schema of the queue"
_NOTE = (
    "INSERT INTO remembered (workspace_id, name, value) VALUES (%s, %s, %s)"
    " ON CONFLICT (workspace_id, name) DO UPDATE SET value = excluded.value"
)


def upgrade_queue(database: Database) -> str:
    """Set the queue's tables up, or bring them to the installed procrastinate's version; return that.

    Versions are the names of procrastinate's own migrations. Raises `StoreError` for a store that isn't
    PostgreSQL's, without procrastinate, and for tables that are newer than the procrastinate installed.
    """
    address = conninfo(database)
    need()
    import psycopg
    from procrastinate.schema import SchemaManager

    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    newest = files[-1].stem
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [lock_key(_VERSION)])
        there = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if there is None or there[0] is None:
            _apply(connection, SchemaManager.get_schema().encode(), newest)
            return newest
        version = _version(connection)
        if version > newest:
            raise StoreError(
                f"the queue's tables ({version}) are newer than the procrastinate installed ({newest}); "
                'pip install --upgrade "feedback-bridge[postgres]"'
            )
        for file in files:
            if version and file.stem > version:
                _apply(connection, file.read_bytes(), file.stem)
    return newest


def _version(connection: Connection[Any]) -> str:
    """Return the version of the tables, "" when nobody noted it."""
    asked = "SELECT value FROM remembered WHERE workspace_id = %s AND name = %s"
    found = connection.execute(asked, [WORKSPACE, _VERSION]).fetchone()
    return str(found[0]) if found else ""


def _apply(connection: Connection[Any], sql: bytes, version: str) -> None:
    """Do a migration and note its version in one transaction; the next one may need its values committed."""
    with connection.transaction():
        connection.execute(sql)
        connection.execute(_NOTE, [WORKSPACE, _VERSION, version])
