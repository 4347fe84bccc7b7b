"""Tables of the backlog room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, Sequence, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)
READINGS = Sequence("jira_reading", metadata=Table.metadata)


class StoryRow(Table):
    """A story as Jira last told it."""

    __tablename__ = "story"
    __table_args__ = (
        Index(None, "workspace_id", "story_key"),
        Index(None, "workspace_id", "parent_key"),
    )

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    issue_id: Mapped[str] = mapped_column(Text, primary_key=True)
    story_key: Mapped[str] = mapped_column(Text)
    project_key: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    issue_type: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    status_category: Mapped[str] = mapped_column(Text)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    components: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parent_key: Mapped[str] = mapped_column(Text)
    epic_key: Mapped[str] = mapped_column(Text)
    is_subtask: Mapped[bool]
    is_ai_work: Mapped[bool]
    assignee_id: Mapped[str] = mapped_column(Text, server_default="")
    """Whose story it is, by Jira's account id alone; empty: nobody's."""
    story_points: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    updated_at: Mapped[datetime] = mapped_column(INSTANT)
    deleted_at: Mapped[datetime | None] = mapped_column(INSTANT)


class SprintRow(Table):
    """A Sprint as Jira last told it."""

    __tablename__ = "sprint"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sprint_id: Mapped[int] = mapped_column(primary_key=True)
    board_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    goal: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime | None] = mapped_column(INSTANT)
    ends_at: Mapped[datetime | None] = mapped_column(INSTANT)
    completed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    reading: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Which look at Jira this is from: later ones have higher numbers."""


class MembershipRow(Table):
    """One interval during which a story was in a Sprint."""

    __tablename__ = "sprint_membership"
    __table_args__ = (Index(None, "workspace_id", "sprint_id"),)

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    story_key: Mapped[str] = mapped_column(Text, primary_key=True)
    sprint_id: Mapped[int] = mapped_column(primary_key=True)
    joined_at: Mapped[datetime] = mapped_column(INSTANT, primary_key=True)
    left_at: Mapped[datetime | None] = mapped_column(INSTANT)
