from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from filling import fill
from postgres import databases, server
from sqlalchemy import Engine, MetaData, Table, inspect, select
from sqlmodel import SQLModel

import bridge.models
from bridge.store.database import Database, alembic_config, head_revision

pytestmark = pytest.mark.usefixtures("as_shipped")
REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(alembic_config(None)).walk_revisions()
][::-1]
"""All released schemas, the oldest first."""


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path):
    """Make an empty store of either kind."""
    made: list[str] = []

    def new() -> Database:
        made.append(f"{len(made)}")
        if request.param == "sqlite":
            return Database(f"sqlite:///{tmp_path / made[-1]}.db")
        made[-1] = server().create()
        return Database(server().url(made[-1]))

    with databases():
        yield new
    if request.param == "postgresql":
        for name in made:
            server().drop(name)


Make = Callable[[], Database]


def migrate(database: Database, to: str, how: Callable[..., None] = command.upgrade) -> None:
    with database.backend.rebuilding() as connection:
        how(alembic_config(connection), to)
        database.backend.after_migrating(connection)


def release(database: Database, revision: str) -> None:
    """Make the schema of a release, with the names that its tables had then."""
    migrate(database, revision)
    if revision >= "0012":
        return
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE embedding RENAME TO vector")
        if database.backend.name == "postgresql":
            for name in ("pk_{}", "fk_{}_workspace_id_workspace"):
                old, new = name.format("embedding"), name.format("vector")
                connection.exec_driver_sql(f"ALTER TABLE vector RENAME CONSTRAINT {old} TO {new}")


def by_new_names(found: dict[str, Any]) -> dict[str, Any]:
    """Return what was found by table under the names that tables have today."""
    return {{"vector": "embedding"}.get(name, name): what for name, what in found.items()}


def shape(engine: Engine) -> dict[str, object]:
    looking = inspect(engine)
    return {
        table: (
            [
                (c["name"], repr(c["type"]), c["nullable"], _counts_up(c["default"]))
                for c in looking.get_columns(table)
            ],
            looking.get_pk_constraint(table),
            sorted(map(repr, looking.get_indexes(table))),
            sorted(map(repr, looking.get_unique_constraints(table))),
            sorted(map(repr, looking.get_foreign_keys(table))),
            sorted(map(repr, looking.get_check_constraints(table))),
        )
        for table in looking.get_table_names()
        if table != "alembic_version"
    }


def _counts_up(default: str | None) -> str | None:
    return "counts up" if default and default.startswith("nextval") else default


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables by their key."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    reflected = MetaData()
    reflected.reflect(engine)
    with engine.connect() as connection:
        for table in reflected.sorted_tables:
            if table.name != "alembic_version":
                asked = select(table).order_by(*table.primary_key.columns)
                found[table.name] = [tuple(row) for row in connection.execute(asked)]
    return found


def test_a_migrated_schema_is_what_the_models_say(make: Make):
    database = make()
    migrate(database, "head")

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        found = compare_metadata(context, SQLModel.metadata)

    database.close()
    assert found == []


def test_a_fresh_schema_and_a_migrated_one_are_the_same(make: Make):
    fresh, migrated = make(), make()
    migrate(migrated, "head")
    with fresh.backend.writer.connect() as connection, connection.begin():
        SQLModel.metadata.create_all(connection)
        fresh.backend.after_migrating(connection)

    made, grown = shape(fresh.engine), shape(migrated.engine)
    fresh.close()
    migrated.close()

    assert made.keys() == grown.keys()
    for table, shaped in made.items():
        assert grown[table] == shaped, table


def test_up_down_and_up_again_ends_where_it_was(make: Make):
    database = make()
    migrate(database, "head")
    first = shape(database.engine)

    migrate(database, "base", command.downgrade)
    emptied = shape(database.engine)
    migrate(database, "head")
    last = shape(database.engine)

    database.close()
    assert emptied == {}
    assert last == first


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_released_schema_with_data_comes_up_to_ours_and_keeps_it(
    make: Make, revision: str, tmp_path: Path
):
    database = make()
    database.copies = tmp_path / "copies"
    release(database, revision)
    fill(database.engine)
    before = by_new_names(rows(database.engine))

    database.upgrade()

    after = rows(database.engine)
    before.pop("written", None)  # its marks are drawn anew
    tables = _tables(database)
    with database.reading() as session:
        found = list(database.backend.structure_faults(session.connection()))
    copies = [copy.name[-4:] for copy in (tmp_path / "copies").glob("*.before-*")]
    database.close()
    assert len(before) >= 20
    assert min(len(kept) for kept in before.values()) >= 2
    assert {name: len(after[name]) for name in before} == {name: len(kept) for name, kept in before.items()}
    assert tables.keys() == SQLModel.metadata.tables.keys()
    assert found == []
    assert copies == ([] if revision == head_revision() else [revision])


def _tables(database: Database) -> dict[str, Table]:
    reflected = MetaData()
    reflected.reflect(database.engine)
    return {name: table for name, table in reflected.tables.items() if name != "alembic_version"}


@pytest.mark.parametrize("revision", REVISIONS[1:])
def test_one_down_and_up_again_loses_only_what_the_older_schema_cannot_hold(make: Make, revision: str):
    database = make()
    release(database, revision)
    fill(database.engine)
    first, held = shape(database.engine), by_new_names(rows(database.engine))

    migrate(database, "-1", command.downgrade)
    older = {name: table.columns.keys() for name, table in _tables(database).items()}
    older, down = by_new_names(older), by_new_names(rows(database.engine))
    migrate(database, "+1")

    again, last = by_new_names(rows(database.engine)), shape(database.engine)
    database.close()
    assert last == first
    for name, kept in older.items():
        assert len(down[name]) == len(held[name]) == len(again[name]), name
        assert kept, name


def test_every_table_of_ours_has_its_workspace():
    tables = {name: table for name, table in SQLModel.metadata.tables.items() if name != "workspace"}

    assert len(tables) >= 20
    assert [name for name, table in tables.items() if "workspace_id" not in table.columns] == []
    assert bridge.models.WORKSPACE == 1


def test_an_upgrade_that_dies_leaves_an_empty_store_that_the_next_start_takes_up(make: Make, monkeypatch):
    database = make()

    class Dies(Exception):  # noqa: N818 - it stands for a power cut
        pass

    def die(*_: object, **__: object) -> None:
        raise Dies

    with monkeypatch.context() as patch:
        patch.setattr(Operations, "batch_alter_table", die)
        with pytest.raises(Dies):
            database.upgrade()
    half = shape(database.engine)
    database.upgrade()

    assert half == {}
    assert database.revision() == head_revision()
    assert "intent" in shape(database.engine)
    database.close()


def test_a_table_of_an_old_name_in_another_schema_is_somebody_elses():
    name = server().create()
    with server().connect(name) as connection:
        connection.execute("CREATE SCHEMA ours")
        connection.execute("CREATE TABLE public.vector (number int)")
    with databases():
        database = Database(server().url(name) + "&options=-csearch_path%3Dours,public")

        database.upgrade(copy=False)
        database.close()

    with server().connect(name) as connection:
        asked = "SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('vector', 'embedding')"
        assert set(connection.execute(asked)) == {("public", "vector"), ("ours", "embedding")}
    server().drop(name)
