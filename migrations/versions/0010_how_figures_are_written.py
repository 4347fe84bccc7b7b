"""How figures and dates are written for a workspace: its locale."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "workspace", sa.Column("locale", sa.Text(), server_default="en_US", nullable=False)
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("workspace", "locale")
