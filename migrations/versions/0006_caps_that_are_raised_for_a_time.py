"""Caps are raised for a time or by request, carry over, and are read from Jira."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def added() -> tuple[sa.Column[Any], ...]:
    """Columns of the cap's own table; a column object can be used once."""
    return (
        sa.Column(
            "separate_approver", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("carry_over", sa.Text(), server_default="none", nullable=False),
        sa.Column("reserve_pct", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("carried_over", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("raised_until", INSTANT, nullable=True),
        sa.Column("limit_after", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """Apply."""
    for column in added():
        op.add_column("cap", column)
    op.create_table(
        "cap_raise_request",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("cap_id", sa.Text(), nullable=False),
        sa.Column("limit_before", sa.BigInteger(), nullable=False),
        sa.Column("limit_amount", sa.BigInteger(), nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by_name", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "request_id", name=op.f("pk_cap_raise_request")),
    )
    op.create_index(
        op.f("ix_cap_raise_request_workspace_id_cap_id"),
        "cap_raise_request",
        ["workspace_id", "cap_id"],
    )
    op.create_table(
        "cap_sprint_property",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "sprint_id", name=op.f("pk_cap_sprint_property")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("cap_sprint_property")
    op.drop_table("cap_raise_request")
    for column in added():
        op.drop_column("cap", column.name)
