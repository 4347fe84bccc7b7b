"""All that may be wrong between a workspace and the systems it is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.errors import DeliveryFailed
from integration.foundation.findings import Finding
from integration.jobs.diagnose_jira import diagnose_workspace
from integration.jobs.diagnose_slack import diagnose_slack

if TYPE_CHECKING:
    from integration.jobs.house import House


def diagnose_outside(house: House, workspace_id: str) -> dict[str, list[Finding]]:
    """Ask Slack and Jira; changes nothing and posts nothing."""
    return {"Slack": diagnose_slack(house, workspace_id), "Jira": _jira(house, workspace_id)}


def _jira(house: House, workspace_id: str) -> list[Finding]:
    try:
        return diagnose_workspace(house, workspace_id)
    except DeliveryFailed as failure:
        return [Finding("connection", False, failure.message)]
