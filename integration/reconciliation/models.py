"""Tables of the reconciliation room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table


class SprintReconciliationRow(Table):
    """One revision of a Sprint's report. Rows are only ever added."""

    __tablename__ = "sprint_reconciliation"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sprint_id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str] = mapped_column(Text)
    """Why it was made: `closed`, `late_usage`, `reopened`, `corrected` …"""
    body: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(Text)
    """Of the body's content: tells whether a new report says anything new."""


class SprintAuditRow(Table):
    """What a recount of the entries behind a revision found. Rows are only ever added."""

    __tablename__ = "sprint_audit"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sprint_id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    audited_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    agrees: Mapped[bool | None]
    """None: it cannot be told any more, entries were dropped by retention."""
    note: Mapped[str] = mapped_column(Text)
