"""Tables of the carbon room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Identity, Index, Text
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


class GridHourRow(Table):
    """One reading of a zone's intensity in one hour, for all workspaces (`*`).

    Rows are only ever added: a source that revises an hour makes another reading of it.
    """

    __tablename__ = "grid_hour"
    __table_args__ = (Index(None, "workspace_id", "zone", "hour"),)

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    reading_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    zone: Mapped[str] = mapped_column(Text)
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    g_per_kwh: Mapped[float]
    is_estimated: Mapped[bool]
    estimation: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    fetched_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class GridFeedRow(Table):
    """How the reading of a zone stands: when next, and what went wrong last."""

    __tablename__ = "grid_feed"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    zone: Mapped[str] = mapped_column(Text, primary_key=True)
    next_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int]
    fault: Mapped[str] = mapped_column(Text)
