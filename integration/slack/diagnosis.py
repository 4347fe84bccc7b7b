"""What is wrong with a workspace's Slack, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.errors import DeliveryFailed
from integration.foundation.findings import Finding
from integration.foundation.wording import environment
from integration.slack.failures import SlackChannelUnusable, SlackConnectionDead
from integration.slack.scopes import BOT_SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integration.slack.client import SlackGateway


def diagnose(gateway: SlackGateway, team_id: str, channels: Mapping[str, str]) -> list[Finding]:
    """Look at token, scopes, and each team's channel by the team's name; says nothing in Slack.

    Never raises: what Slack does not let us look at is a finding too.
    """
    try:
        me = gateway.identity()
    except DeliveryFailed as failure:
        kind = "refused" if isinstance(failure, SlackConnectionDead) else "unreachable"
        return [finding("connection", kind, is_well=False, message=failure.message)]
    kind = "signed_in" if me.team_id == team_id else "other_team"
    found = [finding("connection", kind, is_well=kind == "signed_in", me=me, team_id=team_id)]
    if me.scopes is not None:
        lacking = [scope for scope in BOT_SCOPES if scope not in me.scopes]
        found.append(finding("scopes", "scopes", is_well=not lacking, lacking=lacking))
    return [*found, *_channels(gateway, channels)]


def _channels(gateway: SlackGateway, channels: Mapping[str, str]) -> Iterator[Finding]:
    for team, channel_id in channels.items():
        known = {"team": team, "channel_id": channel_id}
        if not channel_id:
            yield finding(f"team {team}", "no_channel", is_well=False, **known)
            continue
        try:
            channel = gateway.channel(channel_id)
        except SlackChannelUnusable:
            yield finding(f"team {team}", "no_such_channel", is_well=False, **known)
        except DeliveryFailed as failure:
            said = {"message": failure.message}
            yield finding(f"team {team}", "cannot_look", is_well=False, **known, **said)
        else:
            kind = "channel" if channel.is_member else "not_member"
            kind = "archived" if channel.is_archived else kind
            is_well = kind == "channel"
            yield finding(f"team {team}", kind, is_well=is_well, **known, channel=channel)


def finding(subject: str, kind: str, *, is_well: bool, **values: object) -> Finding:
    """Word a finding about Slack."""
    template = environment("slack").get_template("finding.txt.j2")
    words = template.render(kind=kind, is_well=is_well, **values)
    return Finding(subject, is_well, " ".join(words.split()), kind)
