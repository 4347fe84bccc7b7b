"""Tables of the metering room."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Date, DateTime, Numeric, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)


class AttributionRuleRow(Table):
    """Calls of which one field matches a pattern belong to a story; ended, never deleted."""

    __tablename__ = "attribution_rule"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    rule_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    pattern: Mapped[str] = mapped_column(Text)
    story_key: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime | None] = mapped_column(INSTANT)
    valid_to: Mapped[datetime | None] = mapped_column(INSTANT)
    added_at: Mapped[datetime] = mapped_column(INSTANT)
    added_by: Mapped[str] = mapped_column(Text)


class CheckTotalRow(Table):
    """The latest value of a metric's series on one UTC day; compared with calls, never added."""

    __tablename__ = "check_total"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    series: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    at: Mapped[datetime] = mapped_column(INSTANT)
    source: Mapped[str] = mapped_column(Text)
    metric: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    token_type: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    story_key: Mapped[str] = mapped_column(Text)
    cumulative: Mapped[bool]
    amount: Mapped[Decimal] = mapped_column(Numeric)
