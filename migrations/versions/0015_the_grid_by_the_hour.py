"""The intensity of power grids by the hour, and how its reading stands."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "grid_hour",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("reading_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("g_per_kwh", sa.Double(), nullable=False),
        sa.Column("is_estimated", sa.Boolean(), nullable=False),
        sa.Column("estimation", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "reading_id", name=op.f("pk_grid_hour")),
    )
    op.create_index(
        op.f("ix_grid_hour_workspace_id_zone_hour"), "grid_hour", ["workspace_id", "zone", "hour"]
    )
    op.execute(
        "CREATE TRIGGER grid_hour_append_only BEFORE UPDATE OR DELETE ON grid_hour "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "grid_feed",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "zone", name=op.f("pk_grid_feed")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("grid_feed")
    op.drop_table("grid_hour")
