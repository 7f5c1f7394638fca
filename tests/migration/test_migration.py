from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

import bridge.models
from bridge import migrations
from bridge.store.database import Database, head_revision

pytestmark = pytest.mark.usefixtures("as_shipped")


def _migrate(path: Path, to: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if to == "base" else command.upgrade)(config, to)
    engine.dispose()


def _shape(path: Path) -> dict[str, object]:
    engine = create_engine(f"sqlite:///{path}")
    looking = inspect(engine)
    found = {
        table: (
            [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in looking.get_columns(table)],
            looking.get_pk_constraint(table),
            sorted(map(repr, looking.get_indexes(table))),
            sorted(map(repr, looking.get_unique_constraints(table))),
            sorted(map(repr, looking.get_foreign_keys(table))),
            sorted(map(repr, looking.get_check_constraints(table))),
        )
        for table in looking.get_table_names()
        if table != "alembic_version"
    }
    engine.dispose()
    return found


def test_a_migrated_schema_is_what_the_models_say(tmp_path: Path):
    _migrate(tmp_path / "migrated.db", "head")
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        found = compare_metadata(context, SQLModel.metadata)

    engine.dispose()
    assert found == []


def test_a_fresh_schema_and_a_migrated_one_are_the_same(tmp_path: Path):
    _migrate(tmp_path / "migrated.db", "head")
    fresh = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    SQLModel.metadata.create_all(fresh)
    fresh.dispose()

    made, migrated = _shape(tmp_path / "fresh.db"), _shape(tmp_path / "migrated.db")

    assert made.keys() == migrated.keys()
    for table, shape in made.items():
        assert migrated[table] == shape, table


def test_up_down_and_up_again_ends_where_it_was(tmp_path: Path):
    path = tmp_path / "bridge.db"
    _migrate(path, "head")
    first = _shape(path)

    _migrate(path, "base")
    emptied = _shape(path)
    _migrate(path, "head")

    assert emptied == {}
    assert _shape(path) == first


def test_every_table_of_ours_has_its_workspace():
    tables = {name: table for name, table in SQLModel.metadata.tables.items() if name != "workspace"}

    assert len(tables) >= 20
    assert [name for name, table in tables.items() if "workspace_id" not in table.columns] == []
    assert bridge.models.WORKSPACE == 1


def test_an_upgrade_that_dies_leaves_an_empty_file_that_the_next_start_takes_up(tmp_path: Path, monkeypatch):
    path = tmp_path / "bridge.db"
    database = Database(f"sqlite:///{path}")
    real = SQLModel.metadata.tables["intent"]

    class Dies(Exception):  # noqa: N818 - it stands for a power cut
        pass

    def die(*_: object, **__: object) -> None:
        raise Dies

    from alembic.operations import Operations

    with monkeypatch.context() as patch:
        made = Operations.create_index
        patch.setattr(Operations, "batch_alter_table", die)
        with pytest.raises(Dies):
            database.upgrade()
        assert made is Operations.create_index
    half = _shape(path)
    database.upgrade()

    assert half == {}
    assert database.revision() == head_revision()
    assert real.name in _shape(path)
    database.close()
