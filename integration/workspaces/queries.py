"""Reads of the workspaces room. A key's secret is never among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select

from integration.foundation.errors import NotFound
from integration.foundation.round_trip import Row, Statement
from integration.workspaces.models import (
    ApiKeyRow,
    AuditRow,
    JiraConnectionRow,
    SlackConnectionRow,
    WorkspaceRow,
)
from integration.workspaces.workspace import Caller, key_digest

if TYPE_CHECKING:
    from collections.abc import Sequence
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


class UsageDefaults(NamedTuple):
    """What of a workspace's settings decides about its usage."""

    default_region: str
    project_keys: frozenset[str]
    """Of the Jira projects it has set up; empty when none is connected."""


def usage_defaults(workspace_id: str) -> Statement[UsageDefaults]:
    """Read what usage is attributed and valued by.

    Raises:
        NotFound: there is no workspace with this id.
    """

    def read(rows: Sequence[Row]) -> UsageDefaults:
        if not rows:
            raise NotFound(f"There is no workspace {workspace_id!r}")
        return UsageDefaults(rows[0][0], frozenset(rows[0][1] or ()))

    return Statement(
        "SELECT default_region, project_keys FROM workspace LEFT JOIN jira_connection "
        "USING (workspace_id) WHERE workspace_id = %(workspace_id)s",
        {"workspace_id": workspace_id},
        read,
    )


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


def dynamic_webhooks(
    session: Session, workspace_id: str
) -> tuple[list[int], datetime | None] | None:
    """Return an OAuth app's dynamic webhooks and when they end; None for other sign-ins."""
    row = session.execute(
        select(JiraConnectionRow.webhook_ids, JiraConnectionRow.webhooks_end_at).where(
            JiraConnectionRow.workspace_id == workspace_id,
            JiraConnectionRow.oauth_grant.is_not(None),
        )
    ).one_or_none()
    return (list(row[0]), row[1]) if row else None


def site_url(session: Session, workspace_id: str) -> str:
    """The address of the workspace's Jira for people, without a slash at its end; else empty."""
    found = session.scalar(
        select(JiraConnectionRow.site_url).where(JiraConnectionRow.workspace_id == workspace_id)
    )
    return (found or "").rstrip("/")


def workspaces_of_slack_team(session: Session, team_id: str) -> list[str]:
    """Return the workspaces connected to a Slack team; there should be one at the most."""
    row = SlackConnectionRow
    return list(
        session.scalars(
            select(row.workspace_id).where(row.team_id == team_id).order_by(row.workspace_id)
        )
    )


def synced_until(session: Session, workspace_id: str) -> datetime | None:
    """Up to when the workspace's Jira changes are known to have been read."""
    return session.scalar(
        select(JiraConnectionRow.synced_until).where(JiraConnectionRow.workspace_id == workspace_id)
    )


def caller_with(session: Session, secret: str, now: datetime) -> Caller | None:
    """Return who holds a key; None for an unknown one, or one that has ended."""
    row = session.scalar(
        select(ApiKeyRow).where(
            ApiKeyRow.digest == key_digest(secret),
            or_(ApiKeyRow.revoked_at.is_(None), ApiKeyRow.revoked_at > now),
        )
    )
    if row is None:
        return None
    return Caller(row.workspace_id, row.key_id, row.name, frozenset(row.scopes))


def audit_of(session: Session, workspace_id: str, subject: str, limit: int = 50) -> list[AuditRow]:
    """Return the newest audit lines about a subject."""
    return list(
        session.scalars(
            select(AuditRow)
            .where(AuditRow.workspace_id == workspace_id, AuditRow.subject == subject)
            .order_by(AuditRow.audit_id.desc())
            .limit(limit)
        )
    )


def usage_kept(session: Session) -> dict[str, int | None]:
    """Return for how many days each workspace keeps single calls; None: for ever."""
    rows = session.execute(select(WorkspaceRow.workspace_id, WorkspaceRow.usage_kept_days))
    return {row.workspace_id: row.usage_kept_days for row in rows}


def audit_of_action(
    session: Session, workspace_id: str, action: str, limit: int = 50
) -> list[AuditRow]:
    """Return the newest audit lines of one kind."""
    return list(
        session.scalars(
            select(AuditRow)
            .where(AuditRow.workspace_id == workspace_id, AuditRow.action == action)
            .order_by(AuditRow.audit_id.desc())
            .limit(limit)
        )
    )
