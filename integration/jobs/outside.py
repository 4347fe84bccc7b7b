"""The adapters of each workspace, made from what it has connected."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from integration.foundation.errors import DeliveryFailed
from integration.foundation.row_wall import only
from integration.jira.connection import ApiToken, Bearer, JiraConnection, OAuth
from integration.jira.failures import SIGN_IN_WAIT, JiraFailure
from integration.jira.gateway import JiraGateway
from integration.jira.oauth import is_stale, refreshed
from integration.slack.client import SlackGateway
from integration.slack.connection import SlackConnection
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.foundation.secrets import SecretBox
    from integration.jira.connection import Auth
    from integration.workspaces.workspace import JiraAccount, JiraGrant, SlackAccount


class Outside:
    """Gives the gateways of a workspace. One Jira gateway per account, so that its limits hold."""

    def __init__(self, transactions: Transactions, box: SecretBox, clock: Clock) -> None:
        self._transactions = transactions
        self._box = box
        self._clock = clock
        self._jira: dict[str, tuple[JiraAccount, JiraGateway]] = {}
        self._lock = Lock()

    def jira(self, workspace_id: str) -> JiraGateway:
        """Return the workspace's Jira.

        Raises:
            DeliveryFailed: permanently, when none is connected.
        """
        with only(self._transactions, workspace_id).begin() as session:
            account = workspaces.jira_account(session, workspace_id, self._box)
        if account is not None and self._is_stale(account):
            account = self._refreshed(workspace_id)
        if account is None:
            raise DeliveryFailed(
                f"{workspace_id} has no Jira connected: storymeter jira connect", permanent=True
            )
        with self._lock:
            known = self._jira.get(workspace_id)
            if known is None or known[0] != account:
                known = (account, JiraGateway(jira_connection(account), self._clock))
                self._jira[workspace_id] = known
            return known[1]

    def _is_stale(self, account: JiraAccount) -> bool:
        return account.grant is not None and is_stale(_oauth(account.grant), self._clock)

    def _refreshed(self, workspace_id: str) -> JiraAccount | None:
        """Trade the refresh token, one process at a time.

        The row stays locked during the call, which else never happens: a refresh token is good for
        one use, and what comes for it must be kept before anyone uses it.
        """
        with only(self._transactions, workspace_id).begin() as session:
            account = workspaces.jira_account(session, workspace_id, self._box, is_kept=True)
            if account is None or account.grant is None or not self._is_stale(account):
                return account  # Another process was faster.
            try:
                fresh = refreshed(
                    _oauth(account.grant), self._clock, auth_base=account.grant.auth_base
                )
            except JiraFailure as failure:
                message = f"The grant could not be refreshed: {failure.message}"
                raise DeliveryFailed(
                    message, permanent=False, workspace_wide=True, retry_after=SIGN_IN_WAIT
                ) from failure
            grant = replace(
                account.grant, access_token=fresh.access_token,
                refresh_token=fresh.refresh_token,
                expires_at=fresh.expires_at or self._clock.now(),
            )  # fmt: skip
            workspaces.save_grant(session, workspace_id, grant, self._box)
            return replace(account, grant=grant)

    def slack(self, workspace_id: str) -> tuple[SlackGateway, SlackAccount]:
        """Return the workspace's Slack and its settings.

        Raises:
            DeliveryFailed: permanently, when none is connected.
        """
        account = self.slack_account(workspace_id)
        if account is None:
            raise DeliveryFailed(f"{workspace_id} has no Slack connected", permanent=True)
        return SlackGateway(slack_connection(account)), account

    def slack_account(self, workspace_id: str) -> SlackAccount | None:
        """Return how the workspace's Slack is reached; None when none is connected."""
        with only(self._transactions, workspace_id).begin() as session:
            return workspaces.slack_account(session, workspace_id, self._box)


def jira_connection(account: JiraAccount) -> JiraConnection:
    """How the adapter reaches a workspace's Jira."""
    fields = dict(account.field_ids)
    return JiraConnection(
        workspace_id=account.workspace_id,
        site_url=account.site_url,
        api_base=account.api_base,
        auth=_auth(account),
        deployment=account.deployment,
        account_id=account.account_id,
        webhook_secret=account.webhook_secret,
        project_keys=account.project_keys,
        project_field_ids=account.project_field_ids,
        sprint_field_id=fields.pop("sprint", ""),
        story_points_field_id=fields.pop("story_points", ""),
        field_ids=fields,
    )


def _auth(account: JiraAccount) -> Auth:
    if account.grant is not None:
        return _oauth(account.grant)
    if account.deployment == "datacenter":
        return Bearer(account.token)
    return ApiToken(account.email, account.token)


def _oauth(grant: JiraGrant) -> OAuth:
    return OAuth(
        grant.access_token, grant.refresh_token, grant.expires_at, grant.client_id,
        grant.client_secret,
    )  # fmt: skip


def slack_connection(account: SlackAccount) -> SlackConnection:
    """How the adapter reaches a workspace's Slack."""
    return SlackConnection(
        workspace_id=account.workspace_id,
        api_base_url=account.api_base_url,
        bot_token=account.bot_token,
        signing_secret=account.signing_secret,
        team_id=account.team_id,
        default_channel_id=account.default_channel_id,
    )
