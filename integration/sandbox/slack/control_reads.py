"""The `/_sandbox` endpoints that only look: what was posted, called, refused and delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.slack.drafts import as_wire
from integration.sandbox.slack.mrkdwn import notifications
from integration.sandbox.slack.records import user_wire
from integration.sandbox.slack.wire import Json, SlackRefusal

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from integration.sandbox.slack.records import Message
    from integration.sandbox.slack.workspace import Workspace


def add_reads(door: Blueprint, workspace: Workspace) -> None:
    """Add the endpoints to the control door."""

    @door.get("/messages")
    def messages() -> ResponseReturnValue:
        wanted = request.args.get("channel")
        with workspace.lock:
            workspace.post_what_is_due()
            if wanted and wanted not in workspace.channels:
                raise SlackRefusal("channel_not_found")
            shown = [
                _shown(workspace, message)
                for channel in workspace.channels.values()
                if wanted in {None, "", channel.id}
                for message in channel.messages
            ]
        return jsonify({"ok": True, "messages": shown})

    @door.get("/state")
    def state() -> ResponseReturnValue:
        with workspace.lock:
            return jsonify(_state(workspace))

    @door.get("/invalid")
    def invalid() -> ResponseReturnValue:
        with workspace.lock:
            return jsonify(
                {"ok": True, "count": len(workspace.refused), "invalid": workspace.refused}
            )

    @door.get("/calls")
    def calls() -> ResponseReturnValue:
        with workspace.lock:
            return jsonify({"ok": True, "calls": dict(workspace.calls)})

    @door.get("/deliveries")
    def deliveries() -> ResponseReturnValue:
        with workspace.lock:
            return jsonify({"ok": True, "deliveries": workspace.deliveries})

    @door.get("/version")
    def version() -> ResponseReturnValue:
        with workspace.lock:
            workspace.post_what_is_due()
            return jsonify({"version": workspace.version})


def _shown(workspace: Workspace, message: Message) -> Json:
    return as_wire(workspace, message, request.host_url.rstrip("/")) | {
        "channel": message.channel_id,
        "visible_to": message.visible_to,
        "blocks": message.blocks,
        "notifies": notifications(message.text, message.blocks),
    }


def _state(workspace: Workspace) -> Json:
    config = workspace.config
    return {
        "ok": True,
        "version": workspace.version,
        "team": {"id": config.team_id, "name": config.team_name},
        "request_url": workspace.request_url,
        "outage": workspace.limits.outage,
        "channels": [channel.wire(config) for channel in workspace.channels.values()],
        "users": [user_wire(user, config) for user in workspace.users.values()],
        "views": [view.wire(config) | {"user": view.user_id} for view in workspace.views.values()],
        "open_views": workspace.open_views,
        "homes": workspace.homes,
        "files": [
            file.wire(config, request.host_url.rstrip("/")) for file in workspace.files.values()
        ],
        "scheduled": [
            {"id": item.id, "channel": item.channel_id, "post_at": item.post_at}
            for item in workspace.scheduled.values()
        ],
        "tokens_living": len(workspace.tokens),
    }
