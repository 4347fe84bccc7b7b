"""How often a workspace's caps were changed, for who decides under caps that it remembers.

A trigger counts, so that a change made by the version before this one counts as well.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SETTINGS = (
    "scope_kind, scope_value, unit, limit_amount, mode, sprint_id, period_start, period_end, "
    "thresholds, failure_policy, max_tokens_per_request, approved_models, approvers, "
    "separate_approver, carry_over, reserve_pct, carried_over, raised_until, limit_after, "
    "removed_at"
)
"""All columns but what is held, which changes with every call."""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cap_version",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_cap_version")),
    )
    op.execute(
        """
        CREATE FUNCTION count_cap_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO cap_version VALUES (coalesce(NEW.workspace_id, OLD.workspace_id), 1)
            ON CONFLICT (workspace_id) DO UPDATE SET version = cap_version.version + 1;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        f"CREATE TRIGGER cap_changed AFTER INSERT OR DELETE OR UPDATE OF {SETTINGS} ON cap "
        "FOR EACH ROW EXECUTE FUNCTION count_cap_change()"
    )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP FUNCTION count_cap_change() CASCADE")
    op.drop_table("cap_version")
