"""What is spent under a cap is a sum, and a sum of 63-bit amounts needs more room."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.alter_column("cap_spend", "spent", type_=sa.Numeric(), existing_type=sa.BigInteger())


def downgrade() -> None:
    """Undo."""
    op.alter_column("cap_spend", "spent", type_=sa.BigInteger(), existing_type=sa.Numeric())
