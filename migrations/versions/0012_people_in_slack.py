"""Whose story it is, and which Jira account somebody in Slack has."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("story", sa.Column("assignee_id", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "slack_match",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("slack_user_id", sa.Text(), nullable=False),
        sa.Column("jira_account_id", sa.Text(), server_default="", nullable=False),
        sa.Column("found_by", sa.Text(), server_default="", nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True)),
        sa.Column("team_id", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "slack_user_id", name=op.f("pk_slack_match")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("slack_match")
    op.drop_column("story", "assignee_id")
