"""What people do in the workspace: say something, run a command, click, open the Home tab."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.sandbox.slack.drafts import as_wire
from integration.sandbox.slack.inputs import chosen, elements_of, initial_state
from integration.sandbox.slack.modals import shown_view
from integration.sandbox.slack.records import Message
from integration.sandbox.slack.responses import apply_answer
from integration.sandbox.slack.wire import Json, SlackRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.sandbox.slack.outgoing import Answer, Outgoing
    from integration.sandbox.slack.workspace import Workspace

_LINK = re.compile(r"https?://([^\s/<>|:]+)[^\s<>|]*")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where people act: the workspace, the way to the app, and this server's own address."""

    workspace: Workspace
    outgoing: Outgoing
    base_url: str


def outcome(answer: Answer, **more: object) -> Json:
    """Return what came of something a person did, for the control endpoints and the page."""
    return {
        "ok": answer.accepted,
        "status": answer.status,
        "reason": answer.reason,
        "answer": answer.json() or answer.text,
        **more,
    }


def about_person(workspace: Workspace, person: str) -> Json:
    """Return the parts of an interaction that say who did it and where."""
    user, config = workspace.user(person), workspace.config
    return {
        "team": {"id": config.team_id, "domain": config.team_name.lower()},
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": config.team_id,
        },
        "api_app_id": config.app_id,
        "token": "local",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def say(
    stage: Stage, channel_id: str, person: str, text: str, thread_ts: str | None = None
) -> Json:
    """Post as a person; the app hears of it as far as it subscribes."""
    workspace, config = stage.workspace, stage.workspace.config
    with workspace.lock:
        workspace.user(person)
        channel = workspace.channels.get(channel_id)
        if channel is None or person not in channel.members:
            raise SlackRefusal("channel_not_found")
        if channel.is_archived:
            raise SlackRefusal("is_archived")
        message = workspace.add_message(
            channel_id, Message(user_id=person, text=text, thread_ts=thread_ts)
        )
        wired = as_wire(workspace, message, stage.base_url)
        app_listens = workspace.has_joined(channel)
    heard = {**wired, "channel": channel_id, "event_ts": message.ts}
    if app_listens:
        kind = "im" if channel.im_user else "group" if channel.is_private else "channel"
        stage.outgoing.queue_event({**heard, "channel_type": kind})
        if f"<@{config.bot_user_id}>" in text:
            stage.outgoing.queue_event({**heard, "type": "app_mention"})
        _share_links(stage, heard)
    return {"ok": True, "ts": message.ts, "message": wired}


def _share_links(stage: Stage, heard: Json) -> None:
    links = [
        {"url": found.group(0), "domain": found.group(1)}
        for found in _LINK.finditer(heard["text"].replace("&amp;", "&"))
        if found.group(1) in stage.workspace.config.link_domains
    ]
    if links:
        stage.outgoing.queue_event(
            {
                "type": "link_shared",
                "channel": heard["channel"],
                "is_bot_user_member": True,
                "user": heard["user"],
                "message_ts": heard["ts"],
                "thread_ts": heard.get("thread_ts"),
                "links": links,
                "event_ts": heard["ts"],
                "source": "conversations_history",
            }
        )


def run_command(stage: Stage, channel_id: str, person: str, command: str, text: str) -> Json:
    """Run a slash command; the answer's body may hold a message."""
    workspace, config = stage.workspace, stage.workspace.config
    with workspace.lock:
        channel, user = workspace.channels.get(channel_id), workspace.user(person)
        if channel is None:
            raise SlackRefusal("channel_not_found")
        fields = {
            "token": "local",
            "team_id": config.team_id,
            "team_domain": config.team_name.lower(),
            "channel_id": channel_id,
            "channel_name": channel.name or "directmessage",
            "user_id": person,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": config.app_id,
            "is_enterprise_install": "false",
            "response_url": workspace.new_response_url(stage.base_url, channel_id, person, None),
            "trigger_id": workspace.new_trigger(person),
        }
    answer = stage.outgoing.send_form("command", fields)
    problem = _show_command_answer(workspace, channel_id, person, answer)
    return outcome(answer, trigger_id=fields["trigger_id"], problem=problem)


def _show_command_answer(
    workspace: Workspace, channel_id: str, person: str, answer: Answer
) -> str | None:
    if not answer.accepted or not answer.text:
        return None
    with workspace.lock:
        try:
            apply_answer(workspace, channel_id, person, answer.json() or {"text": answer.text})
        except SlackRefusal as refusal:
            return refusal.error
    return None


def click(stage: Stage, person: str, where: Mapping[str, str], choice: object = None) -> Json:
    """Use a button, select or picker; `where`: action_id, and channel and ts, or view_id."""
    workspace = stage.workspace
    with workspace.lock:
        trigger_id = workspace.new_trigger(person)
        payload: Json = {
            "type": "block_actions",
            **about_person(workspace, person),
            "trigger_id": trigger_id,
        }
        if where.get("view_id"):
            blocks = _in_view(workspace, person, where["view_id"], payload)
        else:
            blocks = _in_message(stage, person, where["channel"], where["ts"], payload)
        payload["actions"] = [_action(workspace, blocks, where, choice)]
        if where.get("view_id"):
            _remember(workspace, where["view_id"], payload)
    answer = stage.outgoing.send_payload(payload)
    return outcome(answer, trigger_id=trigger_id, action=payload["actions"][0])


def _in_view(workspace: Workspace, person: str, view_id: str, payload: Json) -> list[Json]:
    view = shown_view(workspace, view_id, person)
    wired = view.wire(workspace.config)
    payload |= {"container": {"type": "view", "view_id": view_id}, "view": wired}
    blocks: list[Json] = wired["blocks"]
    return blocks


def _in_message(stage: Stage, person: str, channel_id: str, ts: str, payload: Json) -> list[Json]:
    workspace = stage.workspace
    message = workspace.message(channel_id, ts)
    if message.visible_to not in {None, person}:
        raise SlackRefusal("message_not_found")
    channel = workspace.channels[channel_id]
    blocks = [*message.blocks, *(b for a in message.attachments for b in a.get("blocks", []))]
    payload |= {
        "container": {
            "type": "message",
            "message_ts": ts,
            "channel_id": channel_id,
            "is_ephemeral": bool(message.visible_to),
            **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        },
        "channel": {"id": channel_id, "name": channel.name or "directmessage"},
        "message": as_wire(workspace, message, stage.base_url),
        "state": {"values": initial_state(message.blocks)},
        "response_url": workspace.new_response_url(stage.base_url, channel_id, person, ts),
    }
    return blocks


def _action(
    workspace: Workspace, blocks: list[Json], where: Mapping[str, str], choice: object
) -> Json:
    for block_id, element in elements_of(blocks):
        matches = element["action_id"] == where["action_id"]
        if matches and where.get("block_id") in {None, "", block_id}:
            shown = {"text": element["text"]} if "text" in element else {}
            given = chosen(element, choice)
            if element["type"] == "button" and choice not in {None, "", given.get("value")}:
                continue
            return {
                "type": element["type"],
                "action_id": element["action_id"],
                "block_id": block_id,
                **shown,
                **given,
                **({"style": element["style"]} if "style" in element else {}),
                "action_ts": workspace.new_ts(),
            }
    raise SlackRefusal("action_not_found")


def _remember(workspace: Workspace, view_id: str, payload: Json) -> None:
    action, view = payload["actions"][0], workspace.views[view_id]
    held = view.state.get(action["block_id"], {}).get(action["action_id"])
    if held is not None:
        held.update({key: action[key] for key in held if key in action})
        payload["view"] = view.wire(workspace.config)


def run_shortcut(stage: Stage, person: str, callback_id: str) -> Json:
    """Start a global shortcut."""
    with stage.workspace.lock:
        payload = {
            "type": "shortcut",
            **about_person(stage.workspace, person),
            "callback_id": callback_id,
            "trigger_id": stage.workspace.new_trigger(person),
            "action_ts": stage.workspace.new_ts(),
        }
    answer = stage.outgoing.send_payload(payload)
    return outcome(answer, trigger_id=payload["trigger_id"])


def open_home(stage: Stage, person: str) -> None:
    """Look at the app's Home tab, of which the app hears."""
    workspace = stage.workspace
    with workspace.lock:
        event: Json = {
            "type": "app_home_opened",
            "user": person,
            "channel": workspace.direct_channel(person).id,
            "tab": "home",
            "event_ts": workspace.new_ts(),
        }
        view = workspace.views.get(workspace.homes.get(person, ""))
        if view is not None:
            event["view"] = view.wire(workspace.config)
    stage.outgoing.queue_event(event)
