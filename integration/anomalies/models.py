"""Tables of the anomalies room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)


class SpikeRow(Table):
    """A spike from its first point on; open until `ended_at` is set."""

    __tablename__ = "spike"
    __table_args__ = (
        Index(
            "uq_spike_open", "workspace_id", "subject_kind", "subject",
            unique=True, postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "workspace_id", "started_at"),
    )  # fmt: skip

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    spike_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(Text)
    """story, feature, team or model."""
    subject: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(INSTANT)
    peak_at: Mapped[datetime] = mapped_column(INSTANT)
    seen_at: Mapped[datetime] = mapped_column(INSTANT)
    """The end of the last hour or day above the usual."""
    ended_at: Mapped[datetime | None] = mapped_column(INSTANT)
    amount_nanousd: Mapped[int]
    usual_nanousd: Mapped[int]
    score: Mapped[float]
    causes: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    detected_at: Mapped[datetime] = mapped_column(INSTANT)
