"""All that may be wrong between a workspace and its Slack: the app there, and our own queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.row_wall import across, only
from integration.mailbox import queries as mailbox
from integration.slack.diagnosis import diagnose, finding
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from integration.foundation.findings import Finding
    from integration.jobs.house import House
    from integration.workspaces.workspace import SlackAccount

SHOWN = 5


def diagnose_slack(house: House, workspace_id: str) -> list[Finding]:
    """Look at the workspace's Slack and at what waits or failed; changes nothing, posts nothing."""
    account = house.outside.slack_account(workspace_id)
    if account is None:
        return [finding("connection", "none", is_well=True, workspace_id=workspace_id)]
    with only(house.transactions, workspace_id).begin() as session:
        teams = workspaces.teams(session, workspace_id)
        ours = list(_ours(house, session, account))
    with across(house.transactions).begin() as session:
        sharing = workspace_queries.workspaces_of_slack_team(session, account.team_id)
        others = [each for each in sharing if each != workspace_id]
    found = []
    if account.lost_reason:
        found.append(finding("connection", "lost", is_well=False, reason=account.lost_reason))
    if others:
        found.append(
            finding("team", "shared", is_well=False, team_id=account.team_id, others=others)
        )
    channels = {team.name: team.channel_id or account.default_channel_id for team in teams}
    gateway, _ = house.outside.slack(workspace_id)
    return [*found, *diagnose(gateway, account.team_id, channels), *ours]


def _ours(house: House, session: Session, account: SlackAccount) -> Iterator[Finding]:
    workspace_id = account.workspace_id
    until = mailbox.paused_until(session, workspace_id, "slack", house.clock.now())
    if until is not None:
        yield finding("queue", "pause", is_well=False, until=until)
    for kind, rows in (
        ("waiting", mailbox.struggling_promises(session, workspace_id)),
        ("given_up", mailbox.failed_promises(session, workspace_id)),
    ):
        found = [(row.kind, row.note) for row in rows if row.kind.startswith("slack.")]
        if found:
            values = {"count": len(found), "shown": found[:SHOWN], "workspace_id": workspace_id}
            yield finding("queue", kind, is_well=False, **values)
