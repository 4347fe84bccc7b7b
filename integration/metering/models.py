"""Tables of the metering room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Text
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
