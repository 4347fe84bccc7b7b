"""What a local Slack workspace starts with."""

from __future__ import annotations

from dataclasses import dataclass

ALL_EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "link_shared",
    "message",
    "tokens_revoked",
)


@dataclass(frozen=True, slots=True)
class SlackUser:
    """A person (or, with `is_bot`, an app's user) of the workspace. `tz` is an IANA name."""

    id: str
    name: str
    real_name: str
    email: str
    tz: str = "Europe/London"
    is_bot: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """A channel at the start. Every person is a member; the app only with `is_bot_member`."""

    id: str
    name: str
    topic: str = ""
    is_archived: bool = False
    is_private: bool = False
    is_bot_member: bool = True


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """One workspace with one app in it.

    `request_url` is where events, commands and interactions are sent, and may be set later.
    `event_retry_delays_s` is Slack's own schedule after a failed first delivery.
    `link_domains` are those for which the app gets `link_shared`.
    """

    bot_token: str
    app_token: str
    signing_secret: str
    team_id: str
    team_name: str
    bot_user_id: str
    users: tuple[SlackUser, ...]
    channels: tuple[SlackChannel, ...]
    client_id: str = "1111111111.2222222222"
    client_secret: str = "local-client-secret"
    request_url: str | None = None
    app_id: str = "A0STORYMETER"
    app_name: str = "StoryMeter"
    bot_id: str = "B0STORYMETER"
    scopes: tuple[str, ...] = (
        "app_mentions:read",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:write",
        "links:read",
        "links:write",
        "users:read",
        "users:read.email",
    )
    events: tuple[str, ...] = ALL_EVENTS
    link_domains: tuple[str, ...] = ()
    event_retry_delays_s: tuple[float, ...] = (0, 60, 300)
    requires_membership: bool = True
    unknown_blocks: tuple[str, ...] = ()
    """Types of blocks that this workspace's Slack does not take yet."""
