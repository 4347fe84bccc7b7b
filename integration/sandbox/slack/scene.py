"""What one person sees of the workspace: which channel, which messages, which thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.sandbox.slack.records import Channel, Message
    from integration.sandbox.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Scene:
    """The page as one person has it before them."""

    person: str
    tab: str
    channel: Channel | None
    channels: list[Channel]
    directs: list[Channel]
    messages: list[Message] = field(default_factory=list)
    thread: list[Message] = field(default_factory=list)
    replies: dict[str, int] = field(default_factory=dict)
    zone: str = "UTC"


def scene_of(workspace: Workspace, asked: Mapping[str, str]) -> Scene:
    """Return the scene that the page's address asks for, or the first there is."""
    people = [user.id for user in workspace.users.values() if not user.is_bot]
    person = asked.get("as") if asked.get("as") in people else (people[0] if people else "")
    person = person or ""
    mine = [c for c in workspace.channels.values() if person in c.members]
    channels = [channel for channel in mine if not channel.im_user]
    channel = next((c for c in mine if c.id == asked.get("channel")), next(iter(channels), None))
    seen = [m for m in channel.messages if m.visible_to in {None, person}] if channel else []
    root = asked.get("thread")
    replies: dict[str, int] = {}
    for message in seen:
        if message.thread_ts and message.thread_ts != message.ts:
            replies[message.thread_ts] = replies.get(message.thread_ts, 0) + 1
    return Scene(
        person=person,
        tab="home" if asked.get("tab") == "home" else "channel",
        channel=channel,
        channels=channels,
        directs=[c for c in mine if c.im_user],
        messages=[message for message in seen if message.in_channel],
        thread=[m for m in seen if root and root in {m.ts, m.thread_ts}],
        replies=replies,
        zone=workspace.users[person].tz if person else "UTC",
    )


def clock_time(ts: str, zone: str = "UTC") -> str:
    """Return a message's timestamp as a person in that zone reads it."""
    moment = datetime.fromtimestamp(float(ts), UTC).astimezone(ZoneInfo(zone))
    return moment.strftime("%a %-d %b, %H:%M")
