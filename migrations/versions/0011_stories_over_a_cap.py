"""What becomes of stories by which a planned Sprint is over its cap."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "workspace",
        sa.Column("over_cap_stories", sa.Text(), server_default="stay", nullable=False),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("workspace", "over_cap_stories")
