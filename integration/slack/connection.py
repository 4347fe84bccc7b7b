"""How to reach one Slack team on behalf of one workspace."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SlackConnection:
    """One installed app. The secrets stay out of `repr`, and so out of logs and tracebacks."""

    workspace_id: str
    api_base_url: str
    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    team_id: str
    default_channel_id: str
