"""the table `vector` is `embedding`: PostgreSQL's extension pgvector has a type of the old name

A store that is made today has the new name from its first revision on, because it may share a schema with the
extension.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    looking = sa.inspect(op.get_bind())
    if looking.has_table("vector", schema=looking.default_schema_name):  # one elsewhere is somebody else's
        _rename("vector", "embedding")


def downgrade() -> None:
    _rename("embedding", "vector")


def _rename(old: str, new: str) -> None:
    op.rename_table(old, new)
    if op.get_bind().dialect.name == "postgresql":  # the other keeps no such names beside a table's own text
        for name in ("pk_{}", "fk_{}_workspace_id_workspace"):
            op.execute(f"ALTER TABLE {new} RENAME CONSTRAINT {name.format(old)} TO {name.format(new)}")
