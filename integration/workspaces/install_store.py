"""Installations of the Slack app that were begun: the state that Slack brings back, used once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from integration.workspaces.models import SlackInstallStateRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def begin_slack_install(
    session: Session, workspace_id: str, digest: bytes, expires_at: datetime
) -> None:
    """Keep the digest of an installation's state until Slack brings the state back."""
    session.add(
        SlackInstallStateRow(workspace_id=workspace_id, digest=digest, expires_at=expires_at)
    )


def end_slack_install(session: Session, digest: bytes, now: datetime) -> str | None:
    """Use up an installation's state; returns its workspace, None when unknown or too old."""
    row = SlackInstallStateRow
    session.execute(delete(row).where(row.expires_at <= now))
    return session.scalar(delete(row).where(row.digest == digest).returning(row.workspace_id))
