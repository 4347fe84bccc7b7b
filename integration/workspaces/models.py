"""Tables of the workspaces room."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, LargeBinary, SmallInteger, Text, Time, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)
EMPTY = text("'{}'")


class WorkspaceRow(Table):
    """One customer."""

    __tablename__ = "workspace"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    default_region: Mapped[str] = mapped_column(Text, server_default="")
    locale: Mapped[str] = mapped_column(Text, server_default="en_US")
    ai_work_rule: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    allocation_rule: Mapped[str] = mapped_column(Text, server_default="none")
    """How reports share unattributed spend out over stories: none, even or by_tokens."""
    usage_kept_days: Mapped[int | None]
    """How long single calls are kept; None: for ever."""
    over_cap_stories: Mapped[str] = mapped_column(Text, server_default="stay")
    """What becomes of stories by which a planned Sprint is over its cap: stay or move_back."""


class JiraConnectionRow(Table):
    """How a workspace's Jira site is reached, and what was set up there."""

    __tablename__ = "jira_connection"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    site_url: Mapped[str] = mapped_column(Text)
    api_base: Mapped[str] = mapped_column(Text)
    deployment: Mapped[str] = mapped_column(Text, server_default="cloud")
    email: Mapped[str] = mapped_column(Text, server_default="")
    token: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[str] = mapped_column(Text, server_default="")
    webhook_secret: Mapped[bytes] = mapped_column(LargeBinary)
    project_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=EMPTY)
    field_ids: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    project_field_ids: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    oauth_grant: Mapped[bytes | None] = mapped_column(LargeBinary)
    webhook_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=EMPTY)
    """Dynamic webhooks of an OAuth app, which end unless refreshed."""
    webhooks_end_at: Mapped[datetime | None] = mapped_column(INSTANT)
    synced_until: Mapped[datetime | None] = mapped_column(INSTANT)


class SlackConnectionRow(Table):
    """How a workspace's Slack team is reached."""

    __tablename__ = "slack_connection"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    api_base_url: Mapped[str] = mapped_column(Text)
    bot_token: Mapped[bytes] = mapped_column(LargeBinary)
    signing_secret: Mapped[bytes] = mapped_column(LargeBinary)
    team_id: Mapped[str] = mapped_column(Text)
    default_channel_id: Mapped[str] = mapped_column(Text)
    lost_at: Mapped[datetime | None] = mapped_column(INSTANT)
    """Since when Slack refuses our token; None while it works."""
    lost_reason: Mapped[str] = mapped_column(Text, server_default="")


class SlackInstallStateRow(Table):
    """An installation that was begun: Slack must bring its secret back before it expires."""

    __tablename__ = "slack_install_state"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)


class TeamRow(Table):
    """A Scrum Team: its board, its channel, and when it meets."""

    __tablename__ = "team"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    team_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    board_id: Mapped[int | None]
    channel_id: Mapped[str] = mapped_column(Text, server_default="")
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    digest_at: Mapped[time] = mapped_column(Time, server_default=text("'09:15'"))
    workdays: Mapped[list[int]] = mapped_column(
        ARRAY(SmallInteger), server_default=text("'{1,2,3,4,5}'")
    )
    """ISO weekdays, 1 = Monday."""
    quiet_days_are_silent: Mapped[bool] = mapped_column(server_default=text("true"))
    product_owner: Mapped[str] = mapped_column(Text, server_default="")
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_until: Mapped[time | None] = mapped_column(Time)
    """Local hours in which nothing is posted; both None: at any hour."""


class ApiKeyRow(Table):
    """A hashed key of the HTTP API."""

    __tablename__ = "api_key"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    last_used_at: Mapped[datetime | None] = mapped_column(INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)


class AuditRow(Table):
    """Who did what, when. Rows are only ever added (a trigger refuses the rest)."""

    __tablename__ = "audit_log"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    audit_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(INSTANT)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
