"""How promises about Slack are kept: a message is posted once and edited from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from integration.foundation.errors import DeliveryFailed
from integration.mailbox import queries as mailbox
from integration.reports.links import Links
from integration.reports.shapes import CapNotice, DailyDigest, SpikeFigures, SprintReport
from integration.slack.messages import Messages
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.mailbox.store import Promise
    from integration.slack.block_kit import SlackMessage
    from integration.workspaces.workspace import Team

Receipt = dict[str, object]


def post_digest(house: House, promise: Promise) -> Receipt:
    """Post a team's digest of the day, or edit the one posted before."""
    team = _team(house, promise.workspace_id, team_id=promise.body["team_id"])
    digest = links_of(house, promise.workspace_id).on_digest(
        msgspec.convert(promise.body["digest"], DailyDigest, strict=False)
    )
    return _post(house, promise, _wording(team).daily_digest(digest), team)


def post_spike(house: House, promise: Promise) -> Receipt:
    """Post a spike in the thread of the day's digest where there is one, else by itself."""
    team = _team(house, promise.workspace_id, team_id=promise.body["team_id"])
    spike = links_of(house, promise.workspace_id).on_spike(
        msgspec.convert(promise.body["spike"], SpikeFigures, strict=False)
    )
    thread = _receipt(house, promise.workspace_id, "slack.digest", promise.body["digest_subject"])
    return _post(house, promise, _wording(team).spike_notice(spike), team, thread.get("ts"))


def post_cap_notice(house: House, promise: Promise) -> Receipt:
    """Post that a cap was reached or denies calls; edit it once somebody has raised the cap."""
    notice = links_of(house, promise.workspace_id).on_notice(
        msgspec.convert(promise.body, CapNotice, strict=False)
    )
    team = _team(house, promise.workspace_id, name=notice.sprint.team if notice.sprint else "")
    return _post(house, promise, _wording(team).cap_notice(notice), team)


def post_sprint_review(house: House, promise: Promise) -> Receipt:
    """Post a closed Sprint's summary with its chart in the thread; later revisions edit it."""
    report = links_of(house, promise.workspace_id).on_report(
        msgspec.convert(promise.body, SprintReport, strict=False)
    )
    team = _team(house, promise.workspace_id, name=report.sprint.team)
    return _post(house, promise, _wording(team).sprint_review(report), team)


def links_of(house: House, workspace_id: str) -> Links:
    """Where the workspace's stories and Sprints are found."""
    with house.transactions.begin() as session:
        site_url = workspaces.site_url(session, workspace_id)
    return Links(workspace_id, house.public_url, site_url)


def _post(
    house: House, promise: Promise, message: SlackMessage, team: Team | None,
    thread_ts: str | None = None,
) -> Receipt:  # fmt: skip
    gateway, account = house.outside.slack(promise.workspace_id)
    channel = (team and team.channel_id) or account.default_channel_id
    if not channel:
        raise DeliveryFailed("No Slack channel is set for this team", permanent=True)
    receipt = gateway.post_or_edit(
        channel, message.blocks, message.text, promise.receipt or None, thread_ts
    )
    return dict(receipt)


def _wording(team: Team | None) -> Messages:
    return Messages(team.time_zone if team else "UTC")


def _team(house: House, workspace_id: str, *, team_id: str = "", name: str = "") -> Team | None:
    with house.transactions.begin() as session:
        teams = workspaces.teams(session, workspace_id)
    return next((team for team in teams if team.team_id == team_id or team.name == name), None)


def _receipt(house: House, workspace_id: str, kind: str, subject: str) -> dict[str, Any]:
    with house.transactions.begin() as session:
        posted = mailbox.promised(session, workspace_id, kind, subject)
        return posted.receipt if posted else {}
