"""slices that a step is at work on, what was set aside, and what each job counted last"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("suspects", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("at_work", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_attempt_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "step", "lane", name=op.f("pk_attempt")),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("statement_id", ID, nullable=True),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_set_aside_workspace_id_workspace")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_set_aside_item_id_item"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statement.id"],
            name=op.f("fk_set_aside_statement_id_statement"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
    )
    op.create_index("ix_set_aside_item_id", "set_aside", ["item_id"])
    op.create_index("ix_set_aside_statement_id", "set_aside", ["statement_id"])
    with op.batch_alter_table("job") as batch_op:
        batch_op.add_column(sa.Column("counts", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("begun", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("job") as batch_op:
        batch_op.alter_column("counts", server_default=None)
        batch_op.alter_column("begun", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("job") as batch_op:
        batch_op.drop_column("begun")
        batch_op.drop_column("counts")
    op.drop_index("ix_set_aside_statement_id", "set_aside")
    op.drop_index("ix_set_aside_item_id", "set_aside")
    op.drop_table("set_aside")
    op.drop_table("attempt")
