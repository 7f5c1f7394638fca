"""which tables were written; all that counting a topic asks stands in an index"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MEMBERS = "ix_assignment_topic"
SHORT = ["workspace_id", "topic", "said_at"]


def upgrade() -> None:
    op.create_table(
        "written",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_written_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_written")),
    )
    op.create_index("ix_topic_root", "topic", ["workspace_id", "root", "number"])
    op.drop_index(MEMBERS, "assignment")
    op.create_index(MEMBERS, "assignment", [*SHORT, "status", "score", "source", "kind", "speaker"])


def downgrade() -> None:
    op.drop_index(MEMBERS, "assignment")
    op.create_index(MEMBERS, "assignment", SHORT)
    op.drop_index("ix_topic_root", "topic")
    op.drop_table("written")
