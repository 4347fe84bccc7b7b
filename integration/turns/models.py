"""Tables of the turns room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)


class PaceRow(Table):
    """When the next message may go to one place outside, such as a channel."""

    __tablename__ = "outbox_pace"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[str] = mapped_column(Text, primary_key=True)
    next_at: Mapped[datetime] = mapped_column(INSTANT)


class TickRow(Table):
    """A slot of the clock that some worker has taken; the key lets each slot run once.

    Jobs that serve all workspaces at once carry the workspace `*`.
    """

    __tablename__ = "tick"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    job: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[datetime] = mapped_column(INSTANT, primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(INSTANT)
