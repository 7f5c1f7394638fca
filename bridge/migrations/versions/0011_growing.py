"""what a topic has grown by since its quotes were chosen; what a person said, by topic"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("topic") as batch_op:
        batch_op.add_column(sa.Column("grown", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("shown_mentions", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("shown_at", TIME, nullable=True))
    with op.batch_alter_table("topic") as batch_op:
        batch_op.alter_column("grown", server_default=None)
        batch_op.alter_column("shown_mentions", server_default=None)
    op.create_index("ix_assignment_speaker", "assignment", ["workspace_id", "speaker", "topic"])
    op.create_index("ix_item_parent", "item", ["workspace_id", "source", "parent"])
    op.create_index("ix_person_role", "person", ["workspace_id", "role"])


def downgrade() -> None:
    op.drop_index("ix_person_role", "person")
    op.drop_index("ix_item_parent", "item")
    op.drop_index("ix_assignment_speaker", "assignment")
    with op.batch_alter_table("topic") as batch_op:
        for name in ("shown_at", "shown_mentions", "grown"):
            batch_op.drop_column(name)
