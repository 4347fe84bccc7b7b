"""users.*: who is in the workspace."""

from __future__ import annotations

from integration.sandbox.slack.methods.conversations import visible_channels
from integration.sandbox.slack.records import user_wire
from integration.sandbox.slack.wire import Call, Json, Method, SlackRefusal, page_of


def list_users(call: Call) -> Json:
    config = call.workspace.config
    shown, more = page_of([user_wire(u, config) for u in call.workspace.users.values()], call)
    return {"ok": True, "members": shown, "response_metadata": more}


def info(call: Call) -> Json:
    user = call.workspace.user(call.text("user"))
    return {"ok": True, "user": user_wire(user, call.workspace.config)}


def lookup_by_email(call: Call) -> Json:
    email = call.text("email").lower()
    for user in call.workspace.users.values():
        if user.email.lower() == email and not user.deleted:
            return {"ok": True, "user": user_wire(user, call.workspace.config)}
    raise SlackRefusal("users_not_found")


def conversations(call: Call) -> Json:
    person = call.optional("user") or call.workspace.config.bot_user_id
    if person != call.workspace.config.bot_user_id:
        call.workspace.user(person)
    joined = [channel for channel in visible_channels(call) if person in channel.members]
    shown, more = page_of([channel.wire(call.workspace.config) for channel in joined], call)
    return {"ok": True, "channels": shown, "response_metadata": more}


METHODS: dict[str, Method] = {
    "users.list": list_users,
    "users.info": info,
    "users.lookupByEmail": lookup_by_email,
    "users.conversations": conversations,
}
