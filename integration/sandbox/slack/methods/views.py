"""views.*: modals and the Home tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.slack.modals import checked_definition, close_all, new_view, replace_view
from integration.sandbox.slack.wire import Call, Json, Method, SlackRefusal

if TYPE_CHECKING:
    from integration.sandbox.slack.records import View

DEEPEST_STACK = 3


def _definition(call: Call, kind: str) -> Json:
    given = call.structure("view", "invalid_arguments")
    return checked_definition(call.workspace, call.method, given, kind)


def _person_of_trigger(call: Call) -> str:
    trigger = call.workspace.triggers.get(call.text("trigger_id"))
    if trigger is None:
        raise SlackRefusal("invalid_trigger_id")
    if trigger.used:
        raise SlackRefusal("exchanged_trigger_id")
    if call.workspace.clock.now() > trigger.expires_at:
        raise SlackRefusal("expired_trigger_id")
    trigger.used = True
    return trigger.user_id


def _answer(call: Call, view: View) -> Json:
    call.workspace.changed()
    return {"ok": True, "view": view.wire(call.workspace.config)}


def _refuse_known_external_id(call: Call, definition: Json, besides: str | None = None) -> None:
    name = definition.get("external_id")
    if name and any(
        view.definition.get("external_id") == name and view.id != besides
        for view in call.workspace.views.values()
    ):
        raise SlackRefusal("duplicate_external_id")


def open_view(call: Call) -> Json:
    definition = _definition(call, "modal")
    _refuse_known_external_id(call, definition)
    person = _person_of_trigger(call)
    close_all(call.workspace, person)
    return _answer(call, new_view(call.workspace, definition, person))


def push(call: Call) -> Json:
    definition = _definition(call, "modal")
    _refuse_known_external_id(call, definition)
    person = _person_of_trigger(call)
    if len(call.workspace.open_views.get(person, [])) >= DEEPEST_STACK:
        raise SlackRefusal("push_limit_reached")
    return _answer(call, new_view(call.workspace, definition, person))


def update(call: Call) -> Json:
    definition = _definition(call, "modal")
    view = _found(call)
    _refuse_known_external_id(call, definition, besides=view.id)
    expected = call.optional("hash")
    if expected and expected != view.hash:
        raise SlackRefusal("hash_conflict")
    replace_view(call.workspace, view, definition)
    return _answer(call, view)


def _found(call: Call) -> View:
    view_id, external_id = call.optional("view_id"), call.optional("external_id")
    for view in call.workspace.views.values():
        if view_id == view.id or (
            external_id and view.definition.get("external_id") == external_id
        ):
            return view
    raise SlackRefusal("not_found")


def publish(call: Call) -> Json:
    definition = _definition(call, "home")
    workspace, person = call.workspace, call.text("user_id")
    workspace.user(person)
    present = workspace.views.get(workspace.homes.get(person, ""))
    expected = call.optional("hash")
    if expected and (present is None or expected != present.hash):
        raise SlackRefusal("hash_conflict")
    if present is None:
        present = new_view(workspace, definition, person)
        workspace.homes[person] = present.id
    else:
        replace_view(workspace, present, definition)
    return _answer(call, present)


METHODS: dict[str, Method] = {
    "views.open": open_view,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}
