"""The state of the local workspace: one lock, plain records, Slack's identifiers."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from integration.sandbox.slack.records import (
    Channel,
    Message,
    ResponseUrl,
    Scheduled,
    StoredFile,
    Trigger,
    View,
)
from integration.sandbox.slack.wire import Json, SlackRefusal

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.sandbox.slack.config import SlackConfig, SlackUser

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_URL_LIFE = timedelta(minutes=30)
RESPONSE_URL_USES = 5


@dataclass
class Limits:
    """What the control endpoints have asked to go wrong."""

    refusals: dict[str, list[int]] = field(default_factory=dict)
    one_post_per_second: bool = False
    last_post: dict[str, datetime] = field(default_factory=dict)
    outage: bool = False


class Workspace:
    """All that the local Slack knows. Hold `lock` while reading or changing anything."""

    def __init__(self, config: SlackConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.lock = threading.RLock()
        self.news = threading.Condition(self.lock)
        self.request_url = config.request_url
        self.users: dict[str, SlackUser] = {user.id: user for user in config.users}
        people = {user.id for user in config.users if not user.is_bot}
        self.channels: dict[str, Channel] = {
            channel.id: Channel(
                id=channel.id,
                name=channel.name,
                topic=channel.topic,
                is_archived=channel.is_archived,
                is_private=channel.is_private,
                members=people | ({config.bot_user_id} if channel.is_bot_member else set()),
                created=int(clock.now().timestamp()),
            )
            for channel in config.channels
        }
        self.tokens = {config.bot_token}
        self.dead_tokens: dict[str, str] = {}
        self.oauth_codes: dict[str, tuple[str, bool]] = {}
        self.views: dict[str, View] = {}
        self.open_views: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}
        self.files: dict[str, StoredFile] = {}
        self.scheduled: dict[str, Scheduled] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.limits = Limits()
        self.calls: Counter[str] = Counter()
        self.refused: list[Json] = []
        self.deliveries: list[Json] = []
        self.version = 0
        self._numbers = itertools.count(1)
        self._last_micros = 0

    def changed(self) -> None:
        """Tell the page, and whoever waits, that there is something new to look at."""
        with self.lock:
            self.version += 1
            self.news.notify_all()

    def new_id(self, prefix: str) -> str:
        """Return a fresh identifier in Slack's form, such as F0000000001."""
        return f"{prefix}{next(self._numbers):010d}"

    def new_ts(self) -> str:
        """Return a message timestamp: seconds and microseconds, never twice the same."""
        micros = int(self.clock.now().timestamp() * 1_000_000)
        self._last_micros = max(micros, self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def user(self, user_id: str) -> SlackUser:
        """Return a person. Raises SlackRefusal user_not_found."""
        try:
            return self.users[user_id]
        except KeyError:
            raise SlackRefusal("user_not_found") from None

    def channel(self, channel_id: str) -> Channel:
        """Return a channel the app may see. Raises SlackRefusal channel_not_found."""
        channel = self.channels.get(channel_id)
        hidden = channel is not None and channel.is_private and not self.has_joined(channel)
        if channel is None or hidden:
            raise SlackRefusal("channel_not_found")
        return channel

    def has_joined(self, channel: Channel) -> bool:
        """Tell whether the app is a member."""
        return self.config.bot_user_id in channel.members

    def direct_channel(self, user_id: str) -> Channel:
        """Return the direct conversation of the app with a person, opened when it was not."""
        self.user(user_id)
        for channel in self.channels.values():
            if channel.im_user == user_id:
                return channel
        channel = Channel(
            id=self.new_id("D"),
            name="",
            members={user_id, self.config.bot_user_id},
            created=int(self.clock.now().timestamp()),
            im_user=user_id,
        )
        self.channels[channel.id] = channel
        return channel

    def message(self, channel_id: str, ts: str) -> Message:
        """Return a message by its timestamp. Raises SlackRefusal message_not_found."""
        channel = self.channels.get(channel_id)
        for message in channel.messages if channel else ():
            if message.ts == ts:
                return message
        raise SlackRefusal("message_not_found")

    def new_trigger(self, user_id: str) -> str:
        """Return a trigger_id for one modal, good for three seconds."""
        trigger_id = f"{next(self._numbers)}.{self.config.team_id}.{self.new_ts()}"
        self.triggers[trigger_id] = Trigger(user_id, self.clock.now() + TRIGGER_LIFE)
        return trigger_id

    def new_response_url(self, base_url: str, channel_id: str, user_id: str, ts: str | None) -> str:
        """Return an address for five answers in thirty minutes; `ts`: the message clicked on."""
        secret = f"{self.config.team_id}-{next(self._numbers)}"
        self.response_urls[secret] = ResponseUrl(
            channel_id, user_id, ts, self.clock.now() + RESPONSE_URL_LIFE, RESPONSE_URL_USES
        )
        return f"{base_url}/response/{secret}"

    def post_what_is_due(self) -> list[Message]:
        """Turn scheduled messages whose time has come into messages."""
        now = self.clock.now().timestamp()
        posted = []
        for scheduled in [item for item in self.scheduled.values() if item.post_at <= now]:
            del self.scheduled[scheduled.id]
            posted.append(self.add_message(scheduled.channel_id, scheduled.draft))
        return posted

    def add_message(self, channel_id: str, message: Message) -> Message:
        """Give the message its timestamp and put it into the channel."""
        message.ts = self.new_ts()
        message.channel_id = channel_id
        self.channels[channel_id].messages.append(message)
        self.changed()
        return message

    def refuse(self, method: str, payload: object, messages: tuple[str, ...]) -> None:
        """Remember a payload that was refused, so that a test can ask that there was none."""
        self.refused.append(
            {
                "method": method,
                "at": datetime.fromtimestamp(self.clock.now().timestamp(), UTC).isoformat(),
                "messages": list(messages),
                "payload": payload,
            }
        )
