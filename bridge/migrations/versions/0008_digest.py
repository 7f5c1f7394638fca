"""digests, by way out and the time they were due"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "digest",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("since_at", TIME, nullable=False),
        sa.Column("until_at", TIME, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_digest_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "way", "due_at", name=op.f("pk_digest")),
    )


def downgrade() -> None:
    op.drop_table("digest")
