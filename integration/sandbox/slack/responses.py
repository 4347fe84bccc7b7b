"""What an app answers to a command or a click: in the answer's body, or at a response_url."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.slack.drafts import check_content, filled_in
from integration.sandbox.slack.records import Message
from integration.sandbox.slack.wire import Json, SlackRefusal

if TYPE_CHECKING:
    from integration.sandbox.slack.workspace import Workspace


def use_response_url(workspace: Workspace, secret: str, body: Json) -> None:
    """Do what was posted to a response_url. Raises SlackRefusal expired_url or used_url."""
    leave = workspace.response_urls.get(secret)
    if leave is None or workspace.clock.now() > leave.expires_at:
        raise SlackRefusal("expired_url")
    if leave.uses_left == 0:
        raise SlackRefusal("used_url")
    leave.uses_left -= 1
    apply_answer(workspace, leave.channel_id, leave.user_id, body, leave.message_ts)


def apply_answer(
    workspace: Workspace, channel_id: str, person: str, body: Json, original_ts: str | None = None
) -> Message | None:
    """Post, replace or delete as the app's answer says; new messages are ephemeral by default."""
    original = _original(workspace, channel_id, original_ts)
    if body.get("delete_original"):
        if original is not None:
            workspace.channels[channel_id].messages.remove(original)
            workspace.changed()
        return None
    check_content(workspace, "response_url", body)
    blocks = filled_in(workspace, body.get("blocks") or [])
    if body.get("replace_original") and original is not None:
        original.text, original.blocks = body.get("text") or "", blocks
        original.attachments = body.get("attachments") or []
        original.edited_ts = workspace.new_ts()
        workspace.changed()
        return original
    message = Message(
        user_id=workspace.config.bot_user_id,
        text=body.get("text") or "",
        blocks=blocks,
        attachments=body.get("attachments") or [],
        thread_ts=body.get("thread_ts"),
        visible_to=None if body.get("response_type") == "in_channel" else person,
    )
    return workspace.add_message(channel_id, message)


def _original(workspace: Workspace, channel_id: str, ts: str | None) -> Message | None:
    if ts is None:
        return None
    try:
        return workspace.message(channel_id, ts)
    except SlackRefusal:
        return None
