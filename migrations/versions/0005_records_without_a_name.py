"""Records that share no id with others are found without reading the whole book."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_ledger_entry_unnamed",
        "ledger_entry",
        ["workspace_id", "recorded_at"],
        unique=False,
        postgresql_where=sa.text(
            "source <> 'api' AND kind = 'usage' AND outcome = 'completed' AND "
            "(attributes ->> 'response_id' IS NULL OR attributes ->> 'response_id' LIKE 'long-%')"
        ),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_ledger_entry_unnamed", table_name="ledger_entry")
