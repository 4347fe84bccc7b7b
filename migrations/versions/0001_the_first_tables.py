"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "audit_log",
    "ledger_entry",
    "estimate",
    "sprint_reconciliation",
    "sprint_audit",
    "price_override",
    "own_factor",
    "retraining_check",
    "retraining_result",
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_key",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "key_id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    op.create_table(
        "audit_log",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("workspace_id", "audit_id", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "authorization",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_entry", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "authorization_id", name=op.f("pk_authorization")),
    )
    op.create_index(
        "ix_authorization_open",
        "authorization",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "attribution_rule",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "rule_id", name=op.f("pk_attribution_rule")),
    )
    op.create_table(
        "books_version",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("books_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("price_version", sa.Text(), nullable=False),
        sa.Column("factor_version", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "books_version", name=op.f("pk_books_version")),
    )
    op.create_table(
        "usage_conflict",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "entry_id", "digest", name=op.f("pk_usage_conflict")
        ),
    )
    op.create_table(
        "call_identity",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("identity", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "identity", name=op.f("pk_call_identity")),
    )
    op.create_table(
        "cap",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("cap_id", sa.Text(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_value", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("limit_amount", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("thresholds", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("failure_policy", sa.Text(), nullable=False),
        sa.Column("max_tokens_per_request", sa.BigInteger(), nullable=True),
        sa.Column("approved_models", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("approvers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "cap_id", name=op.f("pk_cap")),
    )
    op.create_table(
        "cap_crossing",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("cap_id", sa.Text(), nullable=False),
        sa.Column("threshold_pct", sa.SmallInteger(), nullable=False),
        sa.Column("crossed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "cap_id", "threshold_pct", name=op.f("pk_cap_crossing")
        ),
    )
    op.create_table(
        "cap_denial",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("cap_id", sa.Text(), nullable=False),
        sa.Column("denial_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "cap_id", "denial_id", name=op.f("pk_cap_denial")),
    )
    op.create_table(
        "cap_spend",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("cap_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "cap_id", "slot", name=op.f("pk_cap_spend")),
    )
    op.create_table(
        "day_spend",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("accelerator_seconds", sa.BigInteger(), nullable=False),
        sa.Column("list_cost_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("contracted_cost_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("energy_uwh", sa.BigInteger(), nullable=False),
        sa.Column("location_low_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("location_central_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("location_high_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("market_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("unpriced_calls", sa.BigInteger(), nullable=False),
        sa.Column("calls_without_factor", sa.BigInteger(), nullable=False),
        sa.Column("avoided_calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "day",
            "story_key",
            "provider_name",
            "model",
            "sprint_id",
            "slot",
            name=op.f("pk_day_spend"),
        ),
    )
    op.create_table(
        "estimate",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("tokens_low", sa.BigInteger(), nullable=True),
        sa.Column("tokens_central", sa.BigInteger(), nullable=True),
        sa.Column("tokens_high", sa.BigInteger(), nullable=True),
        sa.Column("list_cost_nanousd_low", sa.BigInteger(), nullable=True),
        sa.Column("list_cost_nanousd_central", sa.BigInteger(), nullable=True),
        sa.Column("list_cost_nanousd_high", sa.BigInteger(), nullable=True),
        sa.Column("energy_uwh_low", sa.BigInteger(), nullable=True),
        sa.Column("energy_uwh_central", sa.BigInteger(), nullable=True),
        sa.Column("energy_uwh_high", sa.BigInteger(), nullable=True),
        sa.Column("location_based_ugco2e_low", sa.BigInteger(), nullable=True),
        sa.Column("location_based_ugco2e_central", sa.BigInteger(), nullable=True),
        sa.Column("location_based_ugco2e_high", sa.BigInteger(), nullable=True),
        sa.Column("market_based_ugco2e_low", sa.BigInteger(), nullable=True),
        sa.Column("market_based_ugco2e_central", sa.BigInteger(), nullable=True),
        sa.Column("market_based_ugco2e_high", sa.BigInteger(), nullable=True),
        sa.Column("workloads", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("assumptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("missing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "calibration", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("coverage_pct", sa.Numeric(precision=4, scale=1), nullable=False),
        sa.Column("method_version", sa.Text(), nullable=False),
        sa.Column("price_version", sa.Text(), nullable=False),
        sa.Column("factor_version", sa.Text(), nullable=False),
        sa.Column("factor_tier", sa.Text(), nullable=False),
        sa.Column("factor_sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "story_key", "version", name=op.f("pk_estimate")),
    )
    op.create_index(
        op.f("ix_estimate_workspace_id_story_key_created_at"),
        "estimate",
        ["workspace_id", "story_key", "created_at"],
        unique=False,
    )
    op.create_table(
        "hold",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("cap_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "authorization_id", "cap_id", name=op.f("pk_hold")),
    )
    op.create_table(
        "inbox",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "inbox_id", name=op.f("pk_inbox")),
        sa.UniqueConstraint(
            "workspace_id",
            "source",
            "delivery_id",
            name=op.f("uq_inbox_workspace_id_source_delivery_id"),
        ),
    )
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "jira_connection",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("site_url", sa.Text(), nullable=False),
        sa.Column("api_base", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), server_default="cloud", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Text(), server_default="", nullable=False),
        sa.Column("webhook_secret", sa.LargeBinary(), nullable=False),
        sa.Column(
            "project_keys",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "field_ids",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "project_field_ids",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("oauth_grant", sa.LargeBinary(), nullable=True),
        sa.Column(
            "webhook_ids",
            postgresql.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("webhooks_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_jira_connection")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("attribution", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("accelerator_seconds", sa.BigInteger(), nullable=False),
        sa.Column("list_cost_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("contracted_cost_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("energy_uwh", sa.BigInteger(), nullable=True),
        sa.Column("location_low_ugco2e", sa.BigInteger(), nullable=True),
        sa.Column("location_central_ugco2e", sa.BigInteger(), nullable=True),
        sa.Column("location_high_ugco2e", sa.BigInteger(), nullable=True),
        sa.Column("market_ugco2e", sa.BigInteger(), nullable=True),
        sa.Column("unpriced_calls", sa.BigInteger(), nullable=False),
        sa.Column("calls_without_factor", sa.BigInteger(), nullable=False),
        sa.Column("avoided_calls", sa.BigInteger(), nullable=False),
        sa.Column("source_cost_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("books_version", sa.BigInteger(), nullable=False),
        sa.Column("unpriced_reason", sa.Text(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "entry_id", "occurred_on", name=op.f("pk_ledger_entry")
        ),
        postgresql_partition_by="RANGE (occurred_on)",
    )
    op.create_table(
        "outbox",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("delivered_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "receipt",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "kind", "subject", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "outbox_pause",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "system", name=op.f("pk_outbox_pause")),
    )
    op.create_table(
        "slack_connection",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("api_base_url", sa.Text(), nullable=False),
        sa.Column("bot_token", sa.LargeBinary(), nullable=False),
        sa.Column("signing_secret", sa.LargeBinary(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("default_channel_id", sa.Text(), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_slack_connection")),
    )
    op.create_table(
        "slack_install_state",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "digest", name=op.f("pk_slack_install_state")),
    )
    op.create_table(
        "outbox_pace",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "place", name=op.f("pk_outbox_pace")),
    )
    op.create_table(
        "sprint_audit",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("audited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "sprint_id", "revision", name=op.f("pk_sprint_audit")
        ),
    )
    op.create_table(
        "spike",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("spike_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("peak_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("amount_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("usual_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column(
            "causes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "spike_id", name=op.f("pk_spike")),
    )
    op.create_index(
        op.f("ix_spike_workspace_id_started_at"),
        "spike",
        ["workspace_id", "started_at"],
        unique=False,
    )
    op.create_index(
        "uq_spike_open",
        "spike",
        ["workspace_id", "subject_kind", "subject"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "sprint",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("board_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "sprint_id", name=op.f("pk_sprint")),
    )
    op.create_table(
        "sprint_membership",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint(
            "workspace_id", "story_key", "sprint_id", "joined_at", name=op.f("pk_sprint_membership")
        ),
    )
    op.create_index(
        op.f("ix_sprint_membership_workspace_id_sprint_id"),
        "sprint_membership",
        ["workspace_id", "sprint_id"],
        unique=False,
    )
    op.create_table(
        "sprint_reconciliation",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "sprint_id", "revision", name=op.f("pk_sprint_reconciliation")
        ),
    )
    op.create_table(
        "sprint_spend",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("sprint_id", sa.BigInteger(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("accelerator_seconds", sa.BigInteger(), nullable=False),
        sa.Column("list_cost_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("contracted_cost_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("energy_uwh", sa.BigInteger(), nullable=False),
        sa.Column("location_low_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("location_central_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("location_high_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("market_ugco2e", sa.BigInteger(), nullable=False),
        sa.Column("unpriced_calls", sa.BigInteger(), nullable=False),
        sa.Column("calls_without_factor", sa.BigInteger(), nullable=False),
        sa.Column("avoided_calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "sprint_id",
            "story_key",
            "provider_name",
            "model",
            "slot",
            name=op.f("pk_sprint_spend"),
        ),
    )
    op.create_table(
        "story",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("project_key", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("issue_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_category", sa.Text(), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("components", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("parent_key", sa.Text(), nullable=False),
        sa.Column("epic_key", sa.Text(), nullable=False),
        sa.Column("is_subtask", sa.Boolean(), nullable=False),
        sa.Column("is_ai_work", sa.Boolean(), nullable=False),
        sa.Column("story_points", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "issue_id", name=op.f("pk_story")),
    )
    op.create_index(
        op.f("ix_story_workspace_id_story_key"),
        "story",
        ["workspace_id", "story_key"],
        unique=False,
    )
    op.create_table(
        "team",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("board_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("digest_at", sa.Time(), server_default=sa.text("'09:15'"), nullable=False),
        sa.Column(
            "workdays",
            postgresql.ARRAY(sa.SmallInteger()),
            server_default=sa.text("'{1,2,3,4,5}'"),
            nullable=False,
        ),
        sa.Column(
            "quiet_days_are_silent", sa.Boolean(), server_default=sa.text("true"), nullable=False
        ),
        sa.Column("product_owner", sa.Text(), server_default="", nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "team_id", name=op.f("pk_team")),
    )
    op.create_table(
        "tick",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "job", "slot", name=op.f("pk_tick")),
    )
    op.create_table(
        "workspace",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("default_region", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "ai_work_rule",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("allocation_rule", sa.Text(), server_default="none", nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_workspace")),
    )
    op.create_table(
        "own_factor",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("factor_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("factor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "factor_id", name=op.f("pk_own_factor")),
    )
    op.create_table(
        "price_override",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("override_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("price", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "override_id", name=op.f("pk_price_override")),
    )
    op.create_table(
        "retraining_check",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("proposed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reference", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "check_id", name=op.f("pk_retraining_check")),
    )
    op.create_table(
        "retraining_result",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("realised_error", sa.Double(), nullable=False),
        sa.Column("realised_benefit", sa.Double(), nullable=False),
        sa.Column("threshold_after", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "check_id", name=op.f("pk_retraining_result")),
    )
    op.create_table(
        "story_inputs",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("story_key", sa.Text(), nullable=False),
        sa.Column("cells", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "story_key", name=op.f("pk_story_inputs")),
    )
    op.create_table(
        "what_if_options",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_what_if_options")),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP FUNCTION refuse_change() CASCADE")
    op.drop_table("what_if_options")
    op.drop_table("story_inputs")
    op.drop_table("retraining_result")
    op.drop_table("retraining_check")
    op.drop_table("price_override")
    op.drop_table("own_factor")
    op.drop_table("workspace")
    op.drop_table("tick")
    op.drop_table("team")
    op.drop_index(op.f("ix_story_workspace_id_story_key"), table_name="story")
    op.drop_table("story")
    op.drop_table("sprint_spend")
    op.drop_table("sprint_reconciliation")
    op.drop_index(
        op.f("ix_sprint_membership_workspace_id_sprint_id"), table_name="sprint_membership"
    )
    op.drop_table("sprint_membership")
    op.drop_table("sprint")
    op.drop_index("uq_spike_open", table_name="spike", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_spike_workspace_id_started_at"), table_name="spike")
    op.drop_table("spike")
    op.drop_table("sprint_audit")
    op.drop_table("outbox_pace")
    op.drop_table("slack_install_state")
    op.drop_table("slack_connection")
    op.drop_table("outbox_pause")
    op.drop_index(
        "ix_outbox_open", table_name="outbox", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_table("outbox")
    op.drop_table("ledger_entry")
    op.drop_table("jira_connection")
    op.drop_index(
        "ix_inbox_open", table_name="inbox", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_table("inbox")
    op.drop_table("hold")
    op.drop_index(op.f("ix_estimate_workspace_id_story_key_created_at"), table_name="estimate")
    op.drop_table("estimate")
    op.drop_table("day_spend")
    op.drop_table("cap_spend")
    op.drop_table("cap_denial")
    op.drop_table("cap_crossing")
    op.drop_table("cap")
    op.drop_table("call_identity")
    op.drop_table("usage_conflict")
    op.drop_table("books_version")
    op.drop_table("attribution_rule")
    op.drop_index(
        "ix_authorization_open",
        table_name="authorization",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_table("authorization")
    op.drop_table("audit_log")
    op.drop_table("api_key")
