"""Entries' ids follow their recording; what was called when is found by stretches of pages."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_ledger_entry_time", "ledger_entry", ["occurred_at"], postgresql_using="brin"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_ledger_entry_time", table_name="ledger_entry")
