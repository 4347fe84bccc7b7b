"""The things a workspace holds, and how Slack writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from integration.sandbox.slack.config import SlackConfig, SlackUser
    from integration.sandbox.slack.wire import Json


@dataclass(slots=True)
class Trigger:
    """Leave to open one modal for one person."""

    user_id: str
    expires_at: datetime
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """Leave to answer a command or a click without a token."""

    channel_id: str
    user_id: str
    message_ts: str | None
    expires_at: datetime
    uses_left: int


@dataclass(slots=True)
class StoredFile:
    """An uploaded file; `shares` are (channel id, ts) of the messages that carry it."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    mimetype: str = "application/octet-stream"
    created: int = 0
    completed: bool = False
    alt_text: str = ""
    shares: list[tuple[str, str]] = field(default_factory=list)

    def wire(self, config: SlackConfig, base_url: str) -> Json:
        """Return the file object; `shares` are left to files.info, as they come later in Slack."""
        address = f"{base_url}/files-pri/{config.team_id}-{self.id}/{self.name}"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2] or "text",
            "user": config.bot_user_id,
            "size": len(self.content or b""),
            "mode": "hosted",
            "is_external": False,
            "alt_txt": self.alt_text,
            "url_private": address,
            "url_private_download": address,
            "permalink": address,
        }


@dataclass(slots=True)
class Message:
    """A message in a channel; with `visible_to` it is ephemeral and seen by that person alone."""

    user_id: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    broadcast: bool = False
    ts: str = ""
    channel_id: str = ""
    edited_ts: str | None = None
    visible_to: str | None = None
    metadata: Json | None = None
    file_ids: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    pinned: bool = False

    @property
    def in_channel(self) -> bool:
        """Tell whether the message stands in the channel itself, not only in a thread."""
        return self.thread_ts in {None, self.ts} or self.broadcast


@dataclass(slots=True)
class Scheduled:
    """A message that waits for its second; `post_at` counts from the Unix epoch."""

    id: str
    channel_id: str
    post_at: int
    draft: Message


@dataclass(slots=True)
class Channel:
    """A channel, or a direct conversation when `im_user` is set."""

    id: str
    name: str
    topic: str = ""
    is_archived: bool = False
    is_private: bool = False
    members: set[str] = field(default_factory=set)
    created: int = 0
    im_user: str | None = None
    messages: list[Message] = field(default_factory=list)

    def wire(self, config: SlackConfig) -> Json:
        """Return the conversation object."""
        if self.im_user:
            return {
                "id": self.id,
                "created": self.created,
                "is_im": True,
                "is_archived": False,
                "user": self.im_user,
                "context_team_id": config.team_id,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "created": self.created,
            "creator": config.bot_user_id,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_general": False,
            "is_shared": False,
            "is_member": config.bot_user_id in self.members,
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "context_team_id": config.team_id,
            "num_members": len(self.members),
        }


@dataclass(slots=True)
class View:
    """A modal or a Home tab as one person sees it. `state` is what the person has put in."""

    id: str
    user_id: str
    definition: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    state: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def wire(self, config: SlackConfig) -> Json:
        """Return the view object."""
        given = self.definition
        modal = given["type"] == "modal"
        return {
            "id": self.id,
            "team_id": config.team_id,
            "type": given["type"],
            "blocks": given["blocks"],
            "private_metadata": given.get("private_metadata", ""),
            "callback_id": given.get("callback_id", ""),
            "external_id": given.get("external_id", ""),
            "state": {"values": self.state},
            "hash": self.hash,
            "title": given.get("title") or {"type": "plain_text", "text": "View Title"},
            "submit": given.get("submit"),
            "close": given.get("close"),
            "clear_on_close": bool(given.get("clear_on_close")) and modal,
            "notify_on_close": bool(given.get("notify_on_close")) and modal,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "app_id": config.app_id,
            "app_installed_team_id": config.team_id,
            "bot_id": config.bot_id,
        }


def user_wire(user: SlackUser, config: SlackConfig) -> Json:
    """Return the user object."""
    return {
        "id": user.id,
        "team_id": config.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_admin": False,
        "is_owner": False,
        "updated": 0,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "email": user.email,
            "team": config.team_id,
        },
    }


def message_wire(message: Message, workspace_files: list[Json], config: SlackConfig) -> Json:
    """Return the message object; `workspace_files` are the file objects it carries."""
    by_app = message.user_id == config.bot_user_id
    answer: Json = {
        "type": "message",
        "user": message.user_id,
        "text": message.text,
        "ts": message.ts,
        "team": config.team_id,
    }
    if by_app:
        answer |= {"bot_id": config.bot_id, "app_id": config.app_id}
    optional: Json = {
        "blocks": message.blocks,
        "attachments": message.attachments,
        "thread_ts": message.thread_ts,
        "metadata": message.metadata,
        "files": workspace_files,
        "edited": message.edited_ts and {"user": message.user_id, "ts": message.edited_ts},
        "reactions": [
            {"name": name, "users": users, "count": len(users)}
            for name, users in message.reactions.items()
        ],
        "pinned_to": [message.channel_id] if message.pinned else [],
    }
    return answer | {key: value for key, value in optional.items() if value}
