"""From one store into another, of whatever kind: all rows, compared by a hash of each table, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Column, Connection, Row, Table, func, insert, select
from sqlmodel import SQLModel

from bridge.errors import StoreError
from bridge.store.database import Database, faults_in_words, head_revision

SLICE = 5000
_REFERENCES = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"
)
Progress = Callable[[str, int, int], None]
"""Told the table, how many rows are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A table as it was moved: rows, and the SHA-256 of all of them, the same on both sides."""

    table: str
    rows: int
    digest: str


def move(source: Database, target: Database, progress: Progress) -> list[Moved]:
    """Copy all rows of a store into an empty one; nobody can write to either meanwhile.

    The rows are read back from the target and compared by hash before they are kept. Raises `StoreError` when
    the target has data, when the source's schema isn't ours, and when a hash differs; nothing is kept then.
    """
    _refuse_other_schema(source)
    target.migrate()
    with (
        faults_in_words(source),
        source.backend.writer.connect() as reading,
        reading.begin(),
        faults_in_words(target),
        _without_references(target) as writing,
    ):
        _refuse_data(target, writing)
        moved = [_move(table, reading, writing, progress) for table in SQLModel.metadata.sorted_tables]
        for there in moved:
            digest = _hash(SQLModel.metadata.tables[there.table], writing, progress)
            if digest != there.digest:
                raise StoreError(
                    f"{target.place}: the rows of {there.table} are not what they were in {source.place}; "
                    "nothing was kept"
                )
        _count_on(writing)
    return moved


def _refuse_other_schema(source: Database) -> None:
    found = source.revision()
    if found != head_revision():
        raise StoreError(
            f"{source.place}: its schema is {found!r} and ours {head_revision()!r}; bring it to ours "
            "first with feedback-bridge db upgrade"
        )


def _refuse_data(target: Database, writing: Connection) -> None:
    for table in reversed(SQLModel.metadata.sorted_tables):
        if table.name == "workspace":
            writing.execute(table.delete())  # what an upgrade made, with a secret that nobody used yet
        elif writing.execute(select(func.count()).select_from(table)).scalar_one():
            raise StoreError(f"{target.place} has data in {table.name}; name an empty database")


@contextmanager
def _without_references(target: Database) -> Iterator[Connection]:
    """Open a writing transaction that looks at references at its end, and not at each row."""
    with target.backend.rebuilding() as connection:
        found = connection.exec_driver_sql(_REFERENCES).all() if _is_postgres(connection) else []
        for table, name, _ in found:
            connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        yield connection
        for table, name, said in found:
            connection.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {said}')


def _is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _tables() -> Sequence[Table]:
    return SQLModel.metadata.sorted_tables


def _move(table: Table, reading: Connection, writing: Connection, progress: Progress) -> Moved:
    total = reading.execute(select(func.count()).select_from(table)).scalar_one()
    seen, digest = 0, hashlib.sha256()
    rows = _rows(table, reading)
    write = _writer(table, writing)
    while part := list(islice(rows, SLICE)):
        plain = [_plain(row) for row in part]
        for row in plain:
            digest.update(repr(row).encode())
        write(plain)
        seen += len(part)
        progress(table.name, seen, total)
    return Moved(table.name, seen, digest.hexdigest())


def _hash(table: Table, connection: Connection, progress: Progress) -> str:
    digest = hashlib.sha256()
    for seen, row in enumerate(_rows(table, connection), 1):
        digest.update(repr(tuple(row)).encode())
        if seen % SLICE == 0:
            progress(f"{table.name} compared", seen, seen)
    return digest.hexdigest()


def _rows(table: Table, connection: Connection) -> Iterator[Row[Any]]:
    """Yield a table's rows by its key, which both kinds put in the same order."""
    asked = select(table).order_by(*table.primary_key.columns)
    yield from connection.execute(asked, execution_options={"yield_per": SLICE})


def _plain(row: Row[Any]) -> tuple[Any, ...]:
    """Return a row's values; U+FFFD stands for NUL in a text, which PostgreSQL doesn't hold."""
    return tuple(
        value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value for value in row
    )


def _writer(table: Table, writing: Connection) -> Callable[[list[tuple[Any, ...]]], None]:
    columns = list(table.columns)
    if _is_postgres(writing):
        return _copier(table, columns, writing)
    names = [column.name for column in columns]
    statement = insert(table)

    def add(rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        writing.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])

    return add


def _copier(
    table: Table, columns: Sequence[Column[Any]], writing: Connection
) -> Callable[[list[tuple[Any, ...]]], None]:
    """Return what writes rows by COPY, ten times as fast as INSERT."""
    from psycopg.types.json import Json

    raw: Any = writing.connection.driver_connection
    documents = [place for place, column in enumerate(columns) if isinstance(column.type, JSON)]
    named = ", ".join(f'"{column.name}"' for column in columns)

    def copy(rows: list[tuple[Any, ...]]) -> None:
        with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({named}) FROM STDIN') as stream:
            for row in rows:
                values = list(row)
                for place in documents:
                    values[place] = Json(values[place])
                stream.write_row(values)

    return copy


def _count_on(writing: Connection) -> None:
    """Let keys that count up go on after the last one."""
    if not _is_postgres(writing):
        return
    for table in _tables():
        column = table.autoincrement_column
        if column is not None:
            writing.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"
                f' (SELECT max("{column.name}") FROM "{table.name}"))'
            )
