"""Reads and writes of the workspaces room. Callers own the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from integration.foundation.errors import FieldError, InvalidInput, NotFound
from integration.workspaces.models import (
    ApiKeyRow,
    AuditRow,
    JiraConnectionRow,
    SlackConnectionRow,
    TeamRow,
    WorkspaceRow,
)
from integration.workspaces.sealing import closed_grant, opened_grant
from integration.workspaces.workspace import (
    JiraAccount,
    JiraGrant,
    SlackAccount,
    Team,
    Workspace,
    id_fault,
    key_digest,
    new_key,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.secrets import SecretBox


def create(session: Session, workspace: Workspace, now: datetime) -> None:
    """Add a workspace, or change the settings of the one with this id.

    Raises:
        InvalidInput: the id cannot be part of an address.
    """
    if fault := id_fault(workspace.workspace_id):
        raise InvalidInput(fault, errors=(FieldError("/workspace_id", "invalid", fault),))
    values = {
        "name": workspace.name,
        "time_zone": workspace.time_zone,
        "default_region": workspace.default_region,
        "locale": workspace.locale,
        "ai_work_rule": {
            "labels": sorted(workspace.ai_labels),
            "components": sorted(workspace.ai_components),
            "issue_types": sorted(workspace.ai_issue_types),
            "keywords": sorted(workspace.ai_keywords),
        },
        "allocation_rule": workspace.allocation_rule,
        "usage_kept_days": workspace.usage_kept_days,
        "over_cap_stories": workspace.over_cap_stories,
    }
    row = insert(WorkspaceRow).values(workspace_id=workspace.workspace_id, created_at=now, **values)
    session.execute(row.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def find(session: Session, workspace_id: str, *, is_kept: bool = False) -> Workspace:
    """Return a workspace; `is_kept` locks it until the transaction ends.

    Raises:
        NotFound: there is none with this id.
    """
    row = session.get(WorkspaceRow, workspace_id, with_for_update=is_kept)
    if row is None:
        raise NotFound(f"There is no workspace {workspace_id!r}")
    ai_work = {name: frozenset(listed) for name, listed in row.ai_work_rule.items()}
    return Workspace(
        row.workspace_id, row.name, row.time_zone, row.default_region,
        allocation_rule=row.allocation_rule,  # type: ignore[arg-type]  # Written by `create` alone.
        usage_kept_days=row.usage_kept_days, locale=row.locale,
        over_cap_stories=row.over_cap_stories,  # type: ignore[arg-type]  # Likewise.
        **{f"ai_{name}": listed for name, listed in ai_work.items()},
    )  # fmt: skip


def all_ids(session: Session) -> list[str]:
    """Return the ids of all workspaces, sorted."""
    return list(session.scalars(select(WorkspaceRow.workspace_id).order_by("workspace_id")))


def connect_jira(session: Session, account: JiraAccount, box: SecretBox) -> None:
    """Keep how the workspace's Jira site is reached, replacing what was kept before."""
    values = {
        "site_url": account.site_url,
        "api_base": account.api_base,
        "deployment": account.deployment,
        "email": account.email,
        "token": box.close(account.token),
        "account_id": account.account_id,
        "webhook_secret": box.close(account.webhook_secret),
        "project_keys": list(account.project_keys),
        "field_ids": account.field_ids,
        "project_field_ids": account.project_field_ids,
        "oauth_grant": account.grant and closed_grant(account.grant, box),
    }
    row = insert(JiraConnectionRow).values(workspace_id=account.workspace_id, **values)
    session.execute(row.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def jira_account(
    session: Session, workspace_id: str, box: SecretBox, *, is_kept: bool = False
) -> JiraAccount | None:
    """Return how the workspace's Jira site is reached; None when none is connected.

    `is_kept` locks it until the transaction ends.
    """
    row = session.get(
        JiraConnectionRow, workspace_id, populate_existing=True, with_for_update=is_kept
    )
    if row is None:
        return None
    return JiraAccount(
        workspace_id, row.site_url, row.api_base, row.email,
        token=box.open(row.token), webhook_secret=box.open(row.webhook_secret),
        deployment="datacenter" if row.deployment == "datacenter" else "cloud",
        account_id=row.account_id, project_keys=tuple(row.project_keys), field_ids=row.field_ids,
        project_field_ids=row.project_field_ids,
        grant=opened_grant(row.oauth_grant, box) if row.oauth_grant else None,
    )  # fmt: skip


def save_grant(session: Session, workspace_id: str, grant: JiraGrant, box: SecretBox) -> None:
    """Keep a refreshed grant: the refresh token in the one before is used up."""
    session.execute(
        update(JiraConnectionRow)
        .where(JiraConnectionRow.workspace_id == workspace_id)
        .values(oauth_grant=closed_grant(grant, box))
    )


def note_webhooks(
    session: Session, workspace_id: str, ids: Sequence[int], end_at: datetime | None
) -> None:
    """Remember an OAuth app's dynamic webhooks and when they end."""
    session.execute(
        update(JiraConnectionRow)
        .where(JiraConnectionRow.workspace_id == workspace_id)
        .values(webhook_ids=list(ids), webhooks_end_at=end_at)
    )


def project_keys(session: Session, workspace_id: str) -> frozenset[str]:
    """The Jira projects the workspace has set up; empty when none is connected."""
    keys = session.scalar(
        select(JiraConnectionRow.project_keys).where(JiraConnectionRow.workspace_id == workspace_id)
    )
    return frozenset(keys or ())


def note_synced(session: Session, workspace_id: str, until: datetime) -> None:
    """Remember that all Jira changes before `until` have been read."""
    session.execute(
        update(JiraConnectionRow)
        .where(JiraConnectionRow.workspace_id == workspace_id)
        .values(synced_until=until)
    )


def connect_slack(session: Session, account: SlackAccount, box: SecretBox) -> None:
    """Keep how the workspace's Slack team is reached, replacing what was kept before."""
    values = {
        "api_base_url": account.api_base_url,
        "bot_token": box.close(account.bot_token),
        "signing_secret": box.close(account.signing_secret),
        "team_id": account.team_id,
        "default_channel_id": account.default_channel_id,
        "lost_at": None,
        "lost_reason": "",
    }
    row = insert(SlackConnectionRow).values(workspace_id=account.workspace_id, **values)
    session.execute(row.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def slack_account(session: Session, workspace_id: str, box: SecretBox) -> SlackAccount | None:
    """Return how the workspace's Slack team is reached; None when none is connected."""
    row = session.get(SlackConnectionRow, workspace_id, populate_existing=True)
    return _slack_account(row, box) if row else None


def slack_account_of_team(session: Session, team_id: str, box: SecretBox) -> SlackAccount | None:
    """Return the workspace connected to a Slack team: requests from Slack name only the team."""
    row = session.scalar(select(SlackConnectionRow).where(SlackConnectionRow.team_id == team_id))
    return _slack_account(row, box) if row else None


def slack_accounts(session: Session, box: SecretBox) -> list[SlackAccount]:
    """Return every connected Slack team, by workspace."""
    rows = session.scalars(select(SlackConnectionRow).order_by(SlackConnectionRow.workspace_id))
    return [_slack_account(row, box) for row in rows]


def slack_lost(session: Session, workspace_id: str, reason: str, now: datetime) -> bool:
    """Note that Slack refuses our token; False when that is known. Connecting anew clears it."""
    lost = session.execute(
        update(SlackConnectionRow)
        .where(
            SlackConnectionRow.workspace_id == workspace_id, SlackConnectionRow.lost_at.is_(None)
        )
        .values(lost_at=now, lost_reason=reason)
        .returning(SlackConnectionRow.workspace_id)
    )
    return lost.scalar() is not None


def _slack_account(row: SlackConnectionRow, box: SecretBox) -> SlackAccount:
    return SlackAccount(
        row.workspace_id, row.api_base_url, bot_token=box.open(row.bot_token),
        signing_secret=box.open(row.signing_secret), team_id=row.team_id,
        default_channel_id=row.default_channel_id, lost_reason=row.lost_reason,
    )  # fmt: skip


def save_team(session: Session, team: Team) -> None:
    """Add a team, or change the one with this id."""
    values = {
        "name": team.name,
        "board_id": team.board_id,
        "channel_id": team.channel_id,
        "time_zone": team.time_zone,
        "digest_at": team.digest_at,
        "workdays": list(team.workdays),
        "quiet_days_are_silent": team.quiet_days_are_silent,
        "product_owner": team.product_owner,
        "quiet_from": team.quiet_from,
        "quiet_until": team.quiet_until,
    }
    row = insert(TeamRow).values(workspace_id=team.workspace_id, team_id=team.team_id, **values)
    session.execute(
        row.on_conflict_do_update(index_elements=["workspace_id", "team_id"], set_=values)
    )


def teams(session: Session, workspace_id: str) -> list[Team]:
    """Return the workspace's teams by id."""
    rows = session.scalars(
        select(TeamRow).where(TeamRow.workspace_id == workspace_id).order_by(TeamRow.team_id)
    )
    return [_team(row) for row in rows]


def find_team(session: Session, workspace_id: str, team_id: str) -> Team:
    """Return a team, locked until the transaction ends.

    Raises:
        NotFound: there is none with this id.
    """
    row = session.get(TeamRow, (workspace_id, team_id), with_for_update=True)
    if row is None:
        raise NotFound(f"There is no team {team_id!r} in {workspace_id}")
    return _team(row)


def _team(row: TeamRow) -> Team:
    return Team(
        row.workspace_id, row.team_id, row.name, row.board_id, row.channel_id, row.time_zone,
        row.digest_at, tuple(row.workdays), row.quiet_days_are_silent, row.product_owner,
        row.quiet_from, row.quiet_until,
    )  # fmt: skip


def create_key(
    session: Session, workspace_id: str, name: str, scopes: Sequence[str], now: datetime
) -> str:
    """Add an API key and return its secret, which is not kept."""
    secret = new_key()
    session.add(
        ApiKeyRow(
            workspace_id=workspace_id, key_id=key_digest(secret).hex()[:12], name=name,
            digest=key_digest(secret), scopes=list(scopes), created_at=now,
        )
    )  # fmt: skip
    return secret


def audit(
    session: Session, workspace_id: str, *, at: datetime, actor: str, action: str, subject: str,
    **detail: Any,
) -> None:  # fmt: skip
    """Write one line of the audit log."""
    session.add(
        AuditRow(
            workspace_id=workspace_id, at=at, actor=actor, action=action, subject=subject,
            detail=detail,
        )
    )  # fmt: skip
