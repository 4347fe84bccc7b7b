"""Tables of the pricing room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Identity, Text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table


class PriceOverrideRow(Table):
    """One dated price that a workspace entered. Rows are only ever added."""

    __tablename__ = "price_override"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    override_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    added_by: Mapped[str] = mapped_column(Text)
    price: Mapped[dict[str, Any]]
    """The `OverrideRow` as JSON; amounts are Decimal strings."""
