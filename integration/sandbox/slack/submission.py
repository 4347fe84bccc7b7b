"""A person fills in a modal and submits or closes it; the app's answer decides what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.sandbox.slack.inputs import chosen, elements_of, is_empty
from integration.sandbox.slack.modals import (
    checked_definition,
    close_all,
    close_top,
    new_view,
    replace_view,
    shown_view,
)
from integration.sandbox.slack.people import Stage, about_person, outcome
from integration.sandbox.slack.wire import Json, SlackRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.sandbox.slack.outgoing import Answer
    from integration.sandbox.slack.records import View
    from integration.sandbox.slack.workspace import Workspace


def submit(
    stage: Stage, person: str, view_id: str, values: Mapping[str, Mapping[str, Any]]
) -> Json:
    """Submit a modal. `values` holds what the person chose, by block_id and action_id.

    An input that may not be empty stops the submission as Slack's own window would: the app hears
    nothing, and the errors are returned.
    """
    workspace = stage.workspace
    with workspace.lock:
        view = shown_view(workspace, view_id, person)
        _put_in(view, values)
        view.errors = _left_empty(view)
        workspace.changed()
        if view.errors:
            return {"ok": False, "errors": view.errors, "reason": "required"}
        trigger_id = workspace.new_trigger(person)
        payload = {
            "type": "view_submission",
            **about_person(workspace, person),
            "trigger_id": trigger_id,
            "view": view.wire(workspace.config),
            "response_urls": _response_urls(stage, view, person),
        }
    answer = stage.outgoing.send_payload(payload)
    followed = _follow(workspace, person, view, answer)
    return outcome(answer, trigger_id=trigger_id, **followed) | (
        {"ok": False} if followed.get("errors") or followed.get("problem") else {}
    )


def close(stage: Stage, person: str, view_id: str, *, everything: bool = False) -> Json:
    """Close a modal without submitting; the app hears of it when it asked to."""
    workspace = stage.workspace
    with workspace.lock:
        view = shown_view(workspace, view_id, person)
        wired = view.wire(workspace.config)
        payload = {
            "type": "view_closed",
            **about_person(workspace, person),
            "view": wired,
            "is_cleared": everything or wired["clear_on_close"],
        }
        if payload["is_cleared"]:
            close_all(workspace, person)
        else:
            close_top(workspace, person)
    if not wired["notify_on_close"]:
        return {"ok": True, "notified": False}
    return outcome(stage.outgoing.send_payload(payload), notified=True)


def fill_in(
    workspace: Workspace, person: str, view_id: str, values: Mapping[str, Mapping[str, Any]]
) -> None:
    """Put values into a modal's inputs without submitting it."""
    with workspace.lock:
        _put_in(shown_view(workspace, view_id, person), values)


def _put_in(view: View, values: Mapping[str, Mapping[str, Any]]) -> None:
    elements = {(b, e["action_id"]): e for b, e in elements_of(view.definition["blocks"])}
    for block_id, actions in values.items():
        for action_id, choice in actions.items():
            element = elements.get((block_id, action_id))
            if element is None:
                raise SlackRefusal("no_such_input", block_id=block_id, action_id=action_id)
            view.state.setdefault(block_id, {})[action_id] = {
                "type": element["type"],
                **chosen(element, choice),
            }


def _left_empty(view: View) -> dict[str, str]:
    errors = {}
    for block in view.definition["blocks"]:
        if block["type"] == "input" and not block.get("optional"):
            held = view.state.get(block["block_id"], {}).get(block["element"]["action_id"], {})
            if is_empty(held):
                errors[block["block_id"]] = "required"
    return errors


def _response_urls(stage: Stage, view: View, person: str) -> list[Json]:
    addresses = []
    for block_id, element in elements_of(view.definition["blocks"]):
        held = view.state.get(block_id, {}).get(element["action_id"], {})
        channel_id = held.get("selected_conversation") or held.get("selected_channel")
        if element.get("response_url_enabled") and channel_id:
            address = stage.workspace.new_response_url(stage.base_url, channel_id, person, None)
            addresses.append(
                {
                    "block_id": block_id,
                    "action_id": element["action_id"],
                    "channel_id": channel_id,
                    "response_url": address,
                }
            )
    return addresses


def _follow(workspace: Workspace, person: str, view: View, answer: Answer) -> Json:
    """Do what the app's answer asks and return what was done."""
    if not answer.accepted:
        return {}
    body = answer.json()
    with workspace.lock:
        try:
            return _do(workspace, person, view, body)
        except SlackRefusal as refusal:
            return {"problem": refusal.error, "messages": list(refusal.messages)}


def _do(workspace: Workspace, person: str, view: View, body: Json) -> Json:
    action = body.get("response_action")
    if action == "errors":
        inputs = {b["block_id"] for b in view.definition["blocks"] if b["type"] == "input"}
        if not set(body.get("errors") or {}) <= inputs:
            workspace.refuse("view_submission", body, ("errors name a block that is no input",))
            raise SlackRefusal("invalid_errors")
        view.errors = dict(body["errors"])
        workspace.changed()
        return {"done": "errors", "errors": view.errors}
    if action == "update":
        definition = checked_definition(workspace, "view_submission", body.get("view"), "modal")
        replace_view(workspace, view, definition)
        return {"done": "update", "view_id": view.id}
    if action == "push":
        definition = checked_definition(workspace, "view_submission", body.get("view"), "modal")
        return {"done": "push", "view_id": new_view(workspace, definition, person).id}
    if action == "clear":
        close_all(workspace, person)
        return {"done": "clear"}
    if view.id in workspace.open_views.get(person, []):
        close_top(workspace, person)
    return {"done": "close"}
