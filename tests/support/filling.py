"""Rows for every table of a schema, whatever its age: made from the schema itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Engine, Float, Integer, LargeBinary, MetaData, Table

ROWS = 2


def fill(engine: Engine) -> None:
    """Put two rows into every table; keys count up from 1, references lead to the row of the same number."""
    reflected = MetaData()
    reflected.reflect(engine)
    with engine.begin() as connection:
        for table in reflected.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert(), [_row(table, number) for number in range(1, ROWS + 1)])


def _row(table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(table, column, number) for column in table.columns}


def _value(table: Table, column: Column[Any], number: int) -> Any:
    kind = column.type
    alone = len(column.table.primary_key) == 1 and column.primary_key
    if (column.name == "workspace_id" and not alone) or (column.foreign_keys and column.nullable):
        return 1
    for fits, value in (
        (Boolean, number % 2 == 0),
        (Integer, number),
        (Float, number / 4),
        (DateTime, datetime(2026, 3, number, tzinfo=UTC)),
        (JSON, {"number": [number, "ä"]}),
        (LargeBinary, bytes([0, 255, number])),
    ):
        if isinstance(kind, fits):
            return value
    return f"{table.name} {column.name} {number} ä"[: getattr(kind, "length", None) or 200]
