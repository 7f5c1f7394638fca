"""What every test would make anew and would get the same: made once for each process.

A test has a store of its own, so SQLAlchemy compiles every statement anew for it, Alembic reads and runs
every migration, and the disk is asked to keep each commit over a power cut. Typer builds all commands at each
call, and each new detector unpacks its model of languages. None of that is what these tests are about; those
that are about it ask for the fixture `as_shipped`.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main
import typer.testing
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bridge.store import database, postgres, sqlite
from topics.language import Detector

_OURS = (
    (database, "command"),
    (database, "head_revision"),
    (postgres, "create_engine"),
    (sqlite, "create_engine"),
    (sqlite, "PRAGMAS"),
)
SHIPPED = [(module, name, getattr(module, name)) for module, name in _OURS]
TABLES = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"


def make_once(patch: pytest.MonkeyPatch) -> None:
    """Let the stores, commands and detectors of this process share what is the same for all."""
    _share_statements(patch)
    patch.setattr(database, "command", SimpleNamespace(upgrade=_Upgrade()))
    patch.setattr(database, "head_revision", functools.cache(database.head_revision))
    careless = tuple(pragma.replace("synchronous=FULL", "synchronous=OFF") for pragma in sqlite.PRAGMAS)
    patch.setattr(sqlite, "PRAGMAS", careless)
    commands = functools.cache(typer.main.get_command)
    patch.setattr(typer.main, "get_command", commands)
    patch.setattr(typer.testing, "_get_command", commands)
    model = functools.cache(functools.partial(Detector._model, Detector()))
    patch.setattr(Detector, "_model", lambda _: model())


def as_shipped(patch: pytest.MonkeyPatch) -> None:
    """Let stores be made as everybody makes them."""
    for module, name, shipped in SHIPPED:
        patch.setattr(module, name, shipped)


def _share_statements(patch: pytest.MonkeyPatch) -> None:
    """Compile each statement once: its key has the engine's dialect in it, and all of ours are alike."""
    for module, dialect in ((sqlite, SQLiteDialect_pysqlite), (postgres, PGDialect_psycopg)):
        patch.setattr(dialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(dialect, "__hash__", lambda one: hash(type(one)))
        shared: dict[str, Any] = {"compiled_cache": {}}
        patch.setattr(module, "create_engine", functools.partial(create_engine, execution_options=shared))


class _Upgrade:
    """Migrates the first empty store, and writes the schema that came of it into the next ones."""

    def __init__(self) -> None:
        self._schema: list[str] = []
        self._revision = ""

    def __call__(self, config: Config, target: str) -> None:
        connection: Any = config.attributes["connection"]
        if connection.dialect.name != "sqlite" or connection.exec_driver_sql(TABLES).first() is not None:
            command.upgrade(config, target)
        elif not self._schema:
            command.upgrade(config, target)
            self._schema = list(connection.exec_driver_sql(TABLES).scalars())
            self._revision = connection.exec_driver_sql(
                "SELECT version_num FROM alembic_version"
            ).scalar_one()
        else:
            for sql in self._schema:
                connection.exec_driver_sql(sql)
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (self._revision,))
