"""Reads of the workspaces room for pages: names of keys, never their secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from integration.workspaces.models import ApiKeyRow, JiraConnectionRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class KeyHead:
    """An API key by its name."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def keys_of(session: Session, workspace_id: str) -> list[KeyHead]:
    """Return the workspace's keys, oldest first; revoked ones too."""
    rows = session.execute(
        select(
            ApiKeyRow.key_id, ApiKeyRow.name, ApiKeyRow.scopes, ApiKeyRow.created_at,
            ApiKeyRow.last_used_at, ApiKeyRow.revoked_at,
        )
        .where(ApiKeyRow.workspace_id == workspace_id)
        .order_by(ApiKeyRow.created_at, ApiKeyRow.key_id)
    )  # fmt: skip
    return [KeyHead(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]


def dynamic_webhooks(session: Session, workspace_id: str) -> tuple[list[int], datetime | None]:
    """Return an OAuth app's dynamic webhooks and when they end; none for other sign-ins."""
    row = session.execute(
        select(JiraConnectionRow.webhook_ids, JiraConnectionRow.webhooks_end_at).where(
            JiraConnectionRow.workspace_id == workspace_id
        )
    ).one_or_none()
    return (list(row[0]), row[1]) if row else ([], None)
