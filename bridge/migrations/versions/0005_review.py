"""who may do what on the review page, and what the page remembers"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _access()
    _review()


def downgrade() -> None:
    op.drop_index("ix_item_source", "item")
    op.drop_index("ix_assignment_time", "assignment")
    op.drop_index("ix_assignment_status", "assignment")
    op.create_index("ix_assignment_status", "assignment", ["workspace_id", "status"])
    for table in ("question", "draft_edit", "topic_figures"):
        op.drop_table(table)
    for table in ("api_token", "user_session", "user_account"):
        op.drop_table(table)


def _access() -> None:
    """Make the tables of accounts, their sessions, and tokens."""
    op.create_table(
        "user_account",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("issuer", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_login_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_user_account_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_user_account_workspace_id_name")),
        sa.UniqueConstraint(
            "workspace_id", "issuer", "subject", name=op.f("uq_user_account_workspace_id_issuer_subject")
        ),
    )
    op.create_table(
        "user_session",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["user_account.id"],
            name=op.f("fk_user_session_account_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_user_session_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_user_session_key_hash")),
    )
    op.create_index(op.f("ix_user_session_account_id"), "user_session", ["account_id"])
    op.create_table(
        "api_token",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["user_account.id"],
            name=op.f("fk_api_token_account_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_api_token_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_token_key_hash")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_api_token_workspace_id_name")),
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"])


def _review() -> None:
    """Make the tables of figures, of edited drafts and of questions, and the indexes of pages."""
    op.create_table(
        "topic_figures",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.Column("mentions", sa.Integer(), nullable=False),
        sa.Column("reach", sa.Integer(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("last_quiet_days", sa.Integer(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("times", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_topic_figures_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "topic", name=op.f("pk_topic_figures")),
    )
    op.create_table(
        "draft_edit",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_draft_edit_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "topic", name=op.f("pk_draft_edit")),
    )
    op.create_table(
        "question",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("other", sa.Integer(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("shape", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_question_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    op.create_index(op.f("ix_question_topic"), "question", ["topic"])
    op.drop_index("ix_assignment_status", "assignment")
    op.create_index("ix_assignment_status", "assignment", ["workspace_id", "status", "said_at"])
    op.create_index("ix_assignment_time", "assignment", ["workspace_id", "source", "said_at", "status"])
    op.create_index("ix_item_source", "item", ["workspace_id", "source", "removed_at"])
