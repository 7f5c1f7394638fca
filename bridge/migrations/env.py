"""Alembic's entry: the connection comes from `Database`, the tables from `bridge.models`."""

from alembic import context
from sqlmodel import SQLModel

import bridge.models  # noqa: F401 - fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
