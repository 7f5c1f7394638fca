"""statements barred from topics; decisions made together; topics born in a cold start"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "barred",
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statement.id"],
            name=op.f("fk_barred_statement_id_statement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_barred_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("statement_id", "topic", name=op.f("pk_barred")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("together", sa.Integer(), nullable=True))
    with op.batch_alter_table("topic", schema=None) as batch_op:
        # topics that are there count as proved; the default goes again, as the models have none
        batch_op.add_column(sa.Column("born_cold", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.alter_column("born_cold", server_default=None)

    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index("ix_statement_words", ["text_hash"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index("ix_statement_words")
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.drop_column("born_cold")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_column("together")
    op.drop_table("barred")
