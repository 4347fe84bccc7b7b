"""Tables of the mailbox room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Identity, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)


class InboxRow(Table):
    """One delivery as it came, with the state of its reading."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("workspace_id", "source", "delivery_id"),
        Index("ix_inbox_open", "due_at", postgresql_where=text("state = 'waiting'")),
    )

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    inbox_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    delivery_id: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    """What it is about, such as an issue key: rows of one subject are read in order."""
    event: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(INSTANT)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    """waiting, handled, ignored, unknown or failed."""
    note: Mapped[str] = mapped_column(Text, server_default="")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(INSTANT)
    leased_until: Mapped[datetime | None] = mapped_column(INSTANT)
    """By the database's clock, which all workers share; None while nobody is reading it."""
    settled_at: Mapped[datetime | None] = mapped_column(INSTANT)


class OutboxRow(Table):
    """What one subject outside shall show, and what it shows already."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_open", "due_at", postgresql_where=text("state = 'waiting'")),
    )

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    body: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(server_default="1")
    delivered_version: Mapped[int] = mapped_column(server_default="0")
    receipt: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    """waiting, delivered or failed."""
    note: Mapped[str] = mapped_column(Text, server_default="")
    attempts: Mapped[int] = mapped_column(server_default="0")
    promised_at: Mapped[datetime] = mapped_column(INSTANT)
    due_at: Mapped[datetime] = mapped_column(INSTANT)
    leased_until: Mapped[datetime | None] = mapped_column(INSTANT)
    """By the database's clock, which all workers share; None while nobody is sending it."""
    delivered_at: Mapped[datetime | None] = mapped_column(INSTANT)


class PauseRow(Table):
    """A workspace's calls to one outside system wait until then, as that system asked."""

    __tablename__ = "outbox_pause"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    system: Mapped[str] = mapped_column(Text, primary_key=True)
    until: Mapped[datetime] = mapped_column(INSTANT)
    reason: Mapped[str] = mapped_column(Text)
