"""chat.*: post, edit and delete messages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.sandbox.slack.drafts import as_wire, drafted, filled_in
from integration.sandbox.slack.wire import Call, Json, Method, RateLimited, SlackRefusal

if TYPE_CHECKING:
    from integration.sandbox.slack.records import Channel, Message
    from integration.sandbox.slack.workspace import Workspace


def writable(call: Call, name: str = "channel") -> Channel:
    """Return the channel to write to; a person's id means the direct conversation with them.

    Raises SlackRefusal channel_not_found, is_archived or not_in_channel.
    """
    workspace, channel_id = call.workspace, call.text(name)
    if channel_id in workspace.users:
        return workspace.direct_channel(channel_id)
    named = next((c for c in workspace.channels.values() if c.name == channel_id.lstrip("#")), None)
    channel = workspace.channel(named.id if named and named.name else channel_id)
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    if workspace.config.requires_membership and not workspace.has_joined(channel):
        raise SlackRefusal("not_in_channel")
    return channel


def keep_pace(workspace: Workspace, channel: Channel) -> None:
    """Raise RateLimited for a second post to the channel within a second, when that is enforced."""
    limits, now = workspace.limits, workspace.clock.now()
    if not limits.one_post_per_second:
        return
    last = limits.last_post.get(channel.id)
    if last is not None and now - last < timedelta(seconds=1):
        raise RateLimited(1)
    limits.last_post[channel.id] = now


def own_message(call: Call, channel: Channel, *, refusal: str) -> Message:
    """Return a message the app wrote. Raises SlackRefusal message_not_found or the one given."""
    message = call.workspace.message(channel.id, call.text("ts"))
    if message.visible_to:
        raise SlackRefusal("message_not_found")
    if message.user_id != call.workspace.config.bot_user_id:
        raise SlackRefusal(refusal)
    return message


def post_message(call: Call) -> Json:
    channel = writable(call)
    message = drafted(call)
    if message.thread_ts:
        message.thread_ts = _thread_root(call.workspace, channel, message.thread_ts)
    keep_pace(call.workspace, channel)
    call.workspace.add_message(channel.id, message)
    answer = {
        "ok": True,
        "channel": channel.id,
        "ts": message.ts,
        "message": as_wire(call.workspace, message, call.base_url),
    }
    return _with_warning(call, answer)


def _thread_root(workspace: Workspace, channel: Channel, thread_ts: str) -> str:
    try:
        root = workspace.message(channel.id, thread_ts)
    except SlackRefusal:
        raise SlackRefusal("thread_not_found") from None
    return root.thread_ts or root.ts


def _with_warning(call: Call, answer: Json) -> Json:
    if call.args.get("text"):
        return answer
    warning = "missing_text_in_message"
    return answer | {"warning": warning, "response_metadata": {"warnings": [warning]}}


def post_ephemeral(call: Call) -> Json:
    channel, person = writable(call), call.text("user")
    message = drafted(call)
    if person not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    message.visible_to = person
    call.workspace.add_message(channel.id, message)
    return {"ok": True, "message_ts": message.ts}


def update(call: Call) -> Json:
    channel = writable(call)
    message = own_message(call, channel, refusal="cant_update_message")
    fresh = drafted(call)
    if "blocks" in call.args or "text" in call.args:
        message.blocks = fresh.blocks
    message.text = fresh.text or message.text
    message.attachments = fresh.attachments if "attachments" in call.args else message.attachments
    message.metadata = fresh.metadata or message.metadata
    message.edited_ts = call.workspace.new_ts()
    call.workspace.changed()
    return {
        "ok": True,
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": as_wire(call.workspace, message, call.base_url),
    }


def delete(call: Call) -> Json:
    channel = writable(call)
    message = own_message(call, channel, refusal="cant_delete_message")
    channel.messages.remove(message)
    call.workspace.changed()
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def get_permalink(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    message = call.workspace.message(channel.id, call.text("message_ts"))
    link = f"{call.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def unfurl(call: Call) -> Json:
    unfurls = call.structure("unfurls", "invalid_unfurls_format")
    if not isinstance(unfurls, dict):
        raise SlackRefusal("missing_unfurls")
    channel = call.workspace.channel(call.text("channel"))
    try:
        message = call.workspace.message(channel.id, call.text("ts"))
    except SlackRefusal:
        raise SlackRefusal("cannot_unfurl_message") from None
    for address, attachment in unfurls.items():
        if address not in message.text.replace("&amp;", "&"):
            raise SlackRefusal("cannot_unfurl_url")
        blocks = filled_in(call.workspace, attachment.get("blocks") or [])
        message.attachments.append(
            {**attachment, "blocks": blocks, "from_url": address, "is_app_unfurl": True}
        )
    call.workspace.changed()
    return {"ok": True}


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
    "chat.unfurl": unfurl,
}
