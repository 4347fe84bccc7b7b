"""conversations.*: channels and what stands in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integration.sandbox.slack.drafts import as_wire
from integration.sandbox.slack.records import Channel
from integration.sandbox.slack.wire import Call, Json, Method, SlackRefusal, page_of

if TYPE_CHECKING:
    from integration.sandbox.slack.records import Message

_NAME = re.compile(r"[\w-]{1,80}")


def visible_channels(call: Call) -> list[Channel]:
    """Return the channels of the asked types which the app may see."""
    types = (call.optional("types") or "public_channel").replace(" ", "").split(",")
    without_archived = call.flag("exclude_archived")
    chosen = []
    for channel in call.workspace.channels.values():
        kind = (
            "im"
            if channel.im_user
            else "private_channel"
            if channel.is_private
            else "public_channel"
        )
        hidden = kind != "public_channel" and not call.workspace.has_joined(channel)
        if kind in types and not hidden and not (without_archived and channel.is_archived):
            chosen.append(channel)
    return chosen


def list_channels(call: Call) -> Json:
    shown, more = page_of([c.wire(call.workspace.config) for c in visible_channels(call)], call)
    return {"ok": True, "channels": shown, "response_metadata": more}


def info(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    return {"ok": True, "channel": channel.wire(call.workspace.config)}


def members(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    shown, more = page_of([{"id": member} for member in sorted(channel.members)], call)
    return {"ok": True, "members": [m["id"] for m in shown], "response_metadata": more}


def _readable(call: Call) -> Channel:
    channel = call.workspace.channel(call.text("channel"))
    if not call.workspace.has_joined(channel):
        raise SlackRefusal("not_in_channel")
    return channel


def _within(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = call.optional("oldest") or "0", call.optional("latest") or "9" * 12
    low, high = float(oldest), float(latest)
    if call.flag("inclusive"):
        return [message for message in messages if low <= float(message.ts) <= high]
    return [message for message in messages if low < float(message.ts) < high]


def _answer(call: Call, messages: list[Message]) -> Json:
    wired = [as_wire(call.workspace, message, call.base_url) for message in messages]
    shown, more = page_of(wired, call)
    return {
        "ok": True,
        "messages": shown,
        "has_more": bool(more["next_cursor"]),
        "response_metadata": more,
    }


def history(call: Call) -> Json:
    channel = _readable(call)
    seen = [m for m in channel.messages if m.in_channel and not m.visible_to]
    return _answer(call, _within(call, seen)[::-1])


def replies(call: Call) -> Json:
    channel, root = _readable(call), call.text("ts")
    thread = [
        message
        for message in channel.messages
        if not message.visible_to and root in {message.ts, message.thread_ts}
    ]
    if not thread:
        raise SlackRefusal("thread_not_found")
    return _answer(call, thread[:1] + _within(call, thread[1:]))


def join(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    if channel.is_private or channel.im_user:
        raise SlackRefusal("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    channel.members.add(call.workspace.config.bot_user_id)
    call.workspace.changed()
    return {"ok": True, "channel": channel.wire(call.workspace.config)}


def leave(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    channel.members.discard(call.workspace.config.bot_user_id)
    call.workspace.changed()
    return {"ok": True}


def open_direct(call: Call) -> Json:
    people = [person for person in (call.optional("users") or "").split(",") if person]
    if call.optional("channel"):
        return info(call)
    if len(people) != 1:
        raise SlackRefusal(
            "method_not_supported_for_channel_type" if people else "users_list_not_supplied"
        )
    channel = call.workspace.direct_channel(people[0])
    full = channel.wire(call.workspace.config) if call.flag("return_im") else {"id": channel.id}
    return {"ok": True, "channel": full}


def create(call: Call) -> Json:
    workspace, name = call.workspace, call.text("name")
    if not _NAME.fullmatch(name) or name != name.lower():
        raise SlackRefusal("invalid_name_specials")
    if any(channel.name == name for channel in workspace.channels.values()):
        raise SlackRefusal("name_taken")
    channel = Channel(
        id=workspace.new_id("C"),
        name=name,
        is_private=call.flag("is_private"),
        members={*workspace.users, workspace.config.bot_user_id},
        created=int(workspace.clock.now().timestamp()),
    )
    workspace.channels[channel.id] = channel
    workspace.changed()
    return {"ok": True, "channel": channel.wire(workspace.config)}


def archive(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    if channel.is_archived:
        raise SlackRefusal("already_archived")
    channel.is_archived = True
    call.workspace.changed()
    return {"ok": True}


def unarchive(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    if not channel.is_archived:
        raise SlackRefusal("not_archived")
    channel.is_archived = False
    call.workspace.changed()
    return {"ok": True}


METHODS: dict[str, Method] = {
    "conversations.list": list_channels,
    "conversations.info": info,
    "conversations.members": members,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.join": join,
    "conversations.leave": leave,
    "conversations.open": open_direct,
    "conversations.create": create,
    "conversations.archive": archive,
    "conversations.unarchive": unarchive,
}
