"""key quotes of topics; where topics lie on the map"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "key_quote",
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statement.id"],
            name=op.f("fk_key_quote_statement_id_statement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_key_quote_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("statement_id", "topic", name=op.f("pk_key_quote")),
    )
    op.create_table(
        "map_place",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("x", sa.Float(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_map_place_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "topic", name=op.f("pk_map_place")),
    )


def downgrade() -> None:
    op.drop_table("map_place")
    op.drop_table("key_quote")
