"""Inputs from a story's fields; Sprints are as the latest reading of Jira saw them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "story_inputs",
        sa.Column(
            "fields",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.create_index(
        op.f("ix_story_workspace_id_parent_key"), "story", ["workspace_id", "parent_key"]
    )
    op.execute(sa.schema.CreateSequence(sa.Sequence("jira_reading")))
    op.add_column(
        "sprint", sa.Column("reading", sa.BigInteger(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("sprint", "reading")
    op.execute(sa.schema.DropSequence(sa.Sequence("jira_reading")))
    op.drop_index(op.f("ix_story_workspace_id_parent_key"), table_name="story")
    op.drop_column("story_inputs", "fields")
