"""what the tracker has, what we wrote there, and effects that are had exactly once"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

NAMES = ("key", "op", "fence", "sent_boot", "sent_s", "reads", "read_boot", "read_s", "canary", "canary_on")


def upgrade() -> None:
    _tables()
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("adopted", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("also_of", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("alike", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.alter_column("adopted", server_default=None)
        batch_op.alter_column("alike", server_default=None)
    with op.batch_alter_table("intent", schema=None) as batch_op:
        for column in _intent():
            batch_op.add_column(column)
    intent = sa.table("intent", *(sa.column(n) for n in ("id", "key", "op", "state", "effect")))
    op.execute(
        intent.update().values(
            key=sa.literal("old ") + sa.cast(intent.c.id, sa.String()),
            op=sa.literal("old-") + sa.cast(intent.c.id, sa.String()),
        )
    )
    live = ("planned", "sent", "in doubt", "absent", "needs a person")
    op.execute(
        intent.update().where(intent.c.effect == "create", intent.c.state.in_(live)).values(key="create")
    )
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.alter_column("key", existing_type=sa.String(), nullable=False)
        batch_op.alter_column("op", existing_type=sa.String(), nullable=False)
        for name in NAMES[2:]:
            batch_op.alter_column(name, server_default=None)
        batch_op.create_unique_constraint(
            op.f("uq_intent_ticket_id_effect_key"), ["ticket_id", "effect", "key"]
        )


def _intent() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("op", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sent_boot", sa.String(), nullable=False, server_default=""),
        sa.Column("sent_s", sa.Float(), nullable=False, server_default="0"),
        sa.Column("reads", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("read_boot", sa.String(), nullable=False, server_default=""),
        sa.Column("read_s", sa.Float(), nullable=False, server_default="0"),
        sa.Column("canary", sa.String(), nullable=False, server_default=""),
        sa.Column("canary_on", sa.String(), nullable=False, server_default=""),
    )


def _tables() -> None:
    op.create_table(
        "mirror",
        sa.Column("ticket_id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("done_at", TIME, nullable=True),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("released_at", TIME, nullable=True),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("updated", TIME, nullable=True),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("gone_at", TIME, nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("copy_of", sa.String(), nullable=True),
        sa.Column("written", sa.JSON(), nullable=False),
        sa.Column("theirs", sa.JSON(), nullable=False),
        sa.Column("attached", sa.JSON(), nullable=False),
        sa.Column("evidence_comment", sa.String(), nullable=True),
        sa.Column("commented_at", TIME, nullable=True),
        sa.Column("commented_reach", sa.Integer(), nullable=False),
        sa.Column("moved_at", TIME, nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_mirror_ticket_id_ticket"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_mirror_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_mirror")),
    )
    op.create_table(
        "lease",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("taken_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_lease_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_lease")),
    )
    op.create_table(
        "remembered",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_remembered_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_remembered")),
    )
    op.create_table(
        "delivery",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_delivery_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_at", ["at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_intent_ticket_id_effect_key"), type_="unique")
        for name in NAMES:
            batch_op.drop_column(name)
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        for name in ("adopted", "also_of", "alike"):
            batch_op.drop_column(name)
    for table in ("delivery", "remembered", "lease", "mirror"):
        op.drop_table(table)
