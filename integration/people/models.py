"""Tables of the people room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table


class MemberRow(Table):
    """A person's role in a workspace."""

    __tablename__ = "member"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    email: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[str] = mapped_column(Text)
    named_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    named_by: Mapped[str] = mapped_column(Text)


class SlackMatchRow(Table):
    """Which Jira account somebody in Slack has, and which team's Sprint they want to see."""

    __tablename__ = "slack_match"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    slack_user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    jira_account_id: Mapped[str] = mapped_column(Text, server_default="")
    found_by: Mapped[str] = mapped_column(Text, server_default="")
    """email or stated; empty while nobody was found."""
    looked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    team_id: Mapped[str] = mapped_column(Text, server_default="")


class SignInRow(Table):
    """A sign-in that is open, by a digest of the secret in its cookie.

    It is for all workspaces of a deployment and carries the workspace `*`.
    """

    __tablename__ = "sign_in"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
