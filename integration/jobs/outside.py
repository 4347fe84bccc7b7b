"""The adapters of each workspace, made from what it has connected."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from integration.foundation.errors import DeliveryFailed
from integration.jira.connection import ApiToken, Bearer, JiraConnection
from integration.jira.gateway import JiraGateway
from integration.slack.client import SlackGateway
from integration.slack.connection import SlackConnection
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.foundation.secrets import SecretBox
    from integration.workspaces.workspace import JiraAccount, SlackAccount


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
        with self._transactions.begin() as session:
            account = workspaces.jira_account(session, workspace_id, self._box)
        if account is None:
            raise DeliveryFailed(f"{workspace_id} has no Jira connected", permanent=True)
        with self._lock:
            known = self._jira.get(workspace_id)
            if known is None or known[0] != account:
                known = (account, JiraGateway(jira_connection(account), self._clock))
                self._jira[workspace_id] = known
            return known[1]

    def slack(self, workspace_id: str) -> tuple[SlackGateway, SlackAccount]:
        """Return the workspace's Slack and its settings.

        Raises:
            DeliveryFailed: permanently, when none is connected.
        """
        with self._transactions.begin() as session:
            account = workspaces.slack_account(session, workspace_id, self._box)
        if account is None:
            raise DeliveryFailed(f"{workspace_id} has no Slack connected", permanent=True)
        return SlackGateway(slack_connection(account)), account


def jira_connection(account: JiraAccount) -> JiraConnection:
    """How the adapter reaches a workspace's Jira."""
    fields = dict(account.field_ids)
    return JiraConnection(
        workspace_id=account.workspace_id,
        site_url=account.site_url,
        api_base=account.api_base,
        auth=(
            ApiToken(account.email, account.token)
            if account.deployment == "cloud"
            else Bearer(account.token)
        ),
        deployment=account.deployment,
        account_id=account.account_id,
        webhook_secret=account.webhook_secret,
        project_keys=account.project_keys,
        sprint_field_id=fields.pop("sprint", ""),
        story_points_field_id=fields.pop("story_points", ""),
        field_ids=fields,
    )


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
