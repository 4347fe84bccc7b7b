"""How long a workspace's raw usage is kept; books can be forgotten on purpose, never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {exception}
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("workspace", sa.Column("usage_kept_days", sa.BigInteger(), nullable=True))
    forgets = "IF current_setting('storymeter.forgets', true) = 'on' THEN RETURN NULL; END IF;"
    op.execute(REFUSE.format(exception=forgets))


def downgrade() -> None:
    """Undo."""
    op.execute(REFUSE.format(exception=""))
    op.drop_column("workspace", "usage_kept_days")
