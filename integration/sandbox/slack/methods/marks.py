"""reactions.* and pins.*: small marks that people and apps put on messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.slack.drafts import as_wire
from integration.sandbox.slack.methods.chat import writable
from integration.sandbox.slack.wire import Call, Json, Method, SlackRefusal

if TYPE_CHECKING:
    from integration.sandbox.slack.records import Message


def _marked(call: Call) -> Message:
    return call.workspace.message(writable(call).id, call.text("timestamp"))


def add_reaction(call: Call) -> Json:
    people = _marked(call).reactions.setdefault(call.text("name"), [])
    if call.workspace.config.bot_user_id in people:
        raise SlackRefusal("already_reacted")
    people.append(call.workspace.config.bot_user_id)
    call.workspace.changed()
    return {"ok": True}


def remove_reaction(call: Call) -> Json:
    message, name = _marked(call), call.text("name")
    people = message.reactions.get(name, [])
    if call.workspace.config.bot_user_id not in people:
        raise SlackRefusal("no_reaction")
    people.remove(call.workspace.config.bot_user_id)
    if not people:
        del message.reactions[name]
    call.workspace.changed()
    return {"ok": True}


def add_pin(call: Call) -> Json:
    message = _marked(call)
    if message.pinned:
        raise SlackRefusal("already_pinned")
    message.pinned = True
    call.workspace.changed()
    return {"ok": True}


def remove_pin(call: Call) -> Json:
    message = _marked(call)
    if not message.pinned:
        raise SlackRefusal("no_pin")
    message.pinned = False
    call.workspace.changed()
    return {"ok": True}


def list_pins(call: Call) -> Json:
    channel = call.workspace.channel(call.text("channel"))
    pinned = [message for message in channel.messages if message.pinned]
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "message": as_wire(call.workspace, message, call.base_url),
        }
        for message in pinned
    ]
    return {"ok": True, "items": items}


METHODS: dict[str, Method] = {
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
    "pins.add": add_pin,
    "pins.remove": remove_pin,
    "pins.list": list_pins,
}
