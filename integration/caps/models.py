"""Tables of the caps room."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Identity, Index, Numeric, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)


class CapRow(Table):
    """A cap. `held` is kept equal to the sum of its open holds, under the row's lock."""

    __tablename__ = "cap"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    cap_id: Mapped[str] = mapped_column(Text, primary_key=True)
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_value: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    limit_amount: Mapped[int]
    held: Mapped[int] = mapped_column(server_default="0")
    mode: Mapped[str] = mapped_column(Text)
    sprint_id: Mapped[int | None]
    period_start: Mapped[datetime | None] = mapped_column(INSTANT)
    period_end: Mapped[datetime | None] = mapped_column(INSTANT)
    thresholds: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    failure_policy: Mapped[str] = mapped_column(Text)
    max_tokens_per_request: Mapped[int | None]
    approved_models: Mapped[list[str]] = mapped_column(ARRAY(Text))
    approvers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    separate_approver: Mapped[bool] = mapped_column(server_default=text("false"))
    carry_over: Mapped[str] = mapped_column(Text, server_default="none")
    reserve_pct: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    carried_over: Mapped[int] = mapped_column(server_default="0")
    raised_until: Mapped[datetime | None] = mapped_column(INSTANT)
    limit_after: Mapped[int | None]
    """What the limit falls back to at `raised_until`."""
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    removed_at: Mapped[datetime | None] = mapped_column(INSTANT)


class CapVersionRow(Table):
    """How often a workspace's caps were changed, counted by a trigger. No row: never."""

    __tablename__ = "cap_version"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]


class RaiseRequestRow(Table):
    """Somebody asks for a higher limit. Who asks chose the id, so that a retry is the same one."""

    __tablename__ = "cap_raise_request"
    __table_args__ = (Index(None, "workspace_id", "cap_id"),)

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    request_id: Mapped[str] = mapped_column(Text, primary_key=True)
    cap_id: Mapped[str] = mapped_column(Text)
    limit_before: Mapped[int]
    limit_amount: Mapped[int]
    until: Mapped[datetime | None] = mapped_column(INSTANT)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_by_name: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(INSTANT)
    state: Mapped[str] = mapped_column(Text)
    """waiting, granted, declined, or outdated once the cap stands higher or is gone."""
    decided_by: Mapped[str] = mapped_column(Text, server_default="")
    decided_by_name: Mapped[str] = mapped_column(Text, server_default="")
    decided_at: Mapped[datetime | None] = mapped_column(INSTANT)
    decided_reason: Mapped[str] = mapped_column(Text, server_default="")


class SprintPropertyRow(Table):
    """The caps that a Sprint's property in Jira asked for when it was read last."""

    __tablename__ = "cap_sprint_property"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sprint_id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    read_at: Mapped[datetime] = mapped_column(INSTANT)


class CapSpendRow(Table):
    """What was spent under a cap. Parallel writers add to different slots; readers sum."""

    __tablename__ = "cap_spend"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    cap_id: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    spent: Mapped[Decimal] = mapped_column(Numeric)
    """Whole units. A sum of amounts that each fill 63 bits has to fit."""


class AuthorizationRow(Table):
    """A call that asked before it spent. The client chose the id."""

    __tablename__ = "authorization"
    __table_args__ = (
        Index("ix_authorization_open", "expires_at", postgresql_where=text("state = 'held'")),
    )

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    authorization_id: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    """held, captured, void or expired; or denied, which holds nothing and may ask again."""
    request: Mapped[dict[str, Any]]
    """A StoredCall: what was asked for (a repeat must ask for it again), worst case, scope."""
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    settled_at: Mapped[datetime | None] = mapped_column(INSTANT)
    expired_entry: Mapped[dict[str, Any] | None]
    """Where the ledger carries the estimated spend of an expired hold."""


class HoldRow(Table):
    """What an authorization holds under one cap. Open while the authorization is `held`.

    A cap that is set anew over another scope gets the holds that fit it from the calls still open.
    """

    __tablename__ = "hold"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    authorization_id: Mapped[str] = mapped_column(Text, primary_key=True)
    cap_id: Mapped[str] = mapped_column(Text, primary_key=True)
    amount: Mapped[int]
    is_open: Mapped[bool] = mapped_column(server_default=text("true"))


class CrossingRow(Table):
    """A threshold that has fired. The key lets it fire once until the cap is raised above it."""

    __tablename__ = "cap_crossing"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    cap_id: Mapped[str] = mapped_column(Text, primary_key=True)
    threshold_pct: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    crossed_at: Mapped[datetime] = mapped_column(INSTANT)


class DenialRow(Table):
    """A call that was not allowed, for the audit and for what the cap prevented."""

    __tablename__ = "cap_denial"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    cap_id: Mapped[str] = mapped_column(Text, primary_key=True)
    denial_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(INSTANT)
    authorization_id: Mapped[str] = mapped_column(Text)
    story_key: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    requested: Mapped[int | None]
