"""chat.scheduleMessage and its companions."""

from __future__ import annotations

from integration.sandbox.slack.drafts import drafted
from integration.sandbox.slack.methods.chat import writable
from integration.sandbox.slack.records import Scheduled
from integration.sandbox.slack.wire import Call, Json, Method, SlackRefusal, page_of

FURTHEST_S = 120 * 24 * 3600


def schedule(call: Call) -> Json:
    channel, message = writable(call), drafted(call)
    now, post_at = call.workspace.clock.now().timestamp(), call.number("post_at", 0)
    if post_at <= now:
        raise SlackRefusal("time_in_past")
    if post_at > now + FURTHEST_S:
        raise SlackRefusal("time_too_far")
    scheduled = Scheduled(call.workspace.new_id("Q"), channel.id, post_at, message)
    call.workspace.scheduled[scheduled.id] = scheduled
    return {
        "ok": True,
        "channel": channel.id,
        "scheduled_message_id": scheduled.id,
        "post_at": post_at,
        "message": {"text": message.text, "type": "delayed_message"},
    }


def unschedule(call: Call) -> Json:
    if call.workspace.scheduled.pop(call.text("scheduled_message_id"), None) is None:
        raise SlackRefusal("invalid_scheduled_message_id")
    return {"ok": True}


def list_scheduled(call: Call) -> Json:
    channel = call.optional("channel")
    waiting: list[Json] = [
        {
            "id": item.id,
            "channel_id": item.channel_id,
            "post_at": item.post_at,
            "date_created": int(call.workspace.clock.now().timestamp()),
            "text": item.draft.text,
        }
        for item in call.workspace.scheduled.values()
        if channel in {None, item.channel_id}
    ]
    shown, more = page_of(waiting, call)
    return {"ok": True, "scheduled_messages": shown, "response_metadata": more}


METHODS: dict[str, Method] = {
    "chat.scheduleMessage": schedule,
    "chat.deleteScheduledMessage": unschedule,
    "chat.scheduledMessages.list": list_scheduled,
}
