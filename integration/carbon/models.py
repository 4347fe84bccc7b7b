"""Tables of the carbon room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Identity, Text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table


class OwnFactorRow(Table):
    """One factor that a workspace entered. Rows are only ever added."""

    __tablename__ = "own_factor"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    factor_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    added_by: Mapped[str] = mapped_column(Text)
    factor: Mapped[dict[str, Any]]
    """A `ZoneStatement` or a `ModelStatement` as JSON, told apart by `kind`."""
