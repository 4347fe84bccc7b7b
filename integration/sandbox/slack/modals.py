"""How modals open, stack up, change and close, and what the inputs on them hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.sandbox.slack.blocks import wrong_with_view
from integration.sandbox.slack.drafts import filled_in
from integration.sandbox.slack.inputs import initial_state
from integration.sandbox.slack.records import View
from integration.sandbox.slack.wire import Json, SlackRefusal, refused_arguments

if TYPE_CHECKING:
    from integration.sandbox.slack.workspace import Workspace


def checked_definition(workspace: Workspace, method: str, given: Any, kind: str) -> Json:
    """Return the view as defined, with ids filled in. Raises SlackRefusal and remembers it."""
    if not isinstance(given, dict):
        raise refused_arguments("missing required field: view")
    problems = wrong_with_view(given)
    if given.get("type") not in {kind, None}:
        problems.append(f"view type must be {kind} [json-pointer:/view/type]")
    if problems:
        workspace.refuse(method, given, tuple(problems))
        raise refused_arguments(*problems)
    return {**given, "blocks": filled_in(workspace, given["blocks"])}


def new_view(workspace: Workspace, definition: Json, person: str) -> View:
    """Open a view for a person: a modal goes on top of those which are open."""
    stack = workspace.open_views.setdefault(person, [])
    view_id = workspace.new_id("V")
    view = View(
        id=view_id,
        user_id=person,
        definition=definition,
        hash=_new_hash(workspace),
        root_id=view_id,
        state=initial_state(definition["blocks"]),
    )
    if definition["type"] == "modal":
        view.root_id = stack[0] if stack else view_id
        view.previous_id = stack[-1] if stack else None
        stack.append(view_id)
    workspace.views[view_id] = view
    workspace.changed()
    return view


def replace_view(workspace: Workspace, view: View, definition: Json) -> None:
    """Give a view new content; what was put into inputs that stay (same ids) stays too."""
    kept = initial_state(definition["blocks"])
    for block_id, actions in kept.items():
        for action_id, value in actions.items():
            before = view.state.get(block_id, {}).get(action_id)
            if before and before["type"] == value["type"]:
                actions[action_id] = before
    view.definition, view.state, view.errors = definition, kept, {}
    view.hash = _new_hash(workspace)
    workspace.changed()


def close_top(workspace: Workspace, person: str) -> None:
    """Close the modal on top; the one below is seen again."""
    stack = workspace.open_views.get(person, [])
    if stack:
        workspace.views.pop(stack.pop(), None)
    workspace.changed()


def close_all(workspace: Workspace, person: str) -> None:
    """Close all modals of a person."""
    for view_id in workspace.open_views.pop(person, []):
        workspace.views.pop(view_id, None)
    workspace.changed()


def top_view(workspace: Workspace, person: str) -> View | None:
    """Return the modal a person looks at, if there is one."""
    stack = workspace.open_views.get(person, [])
    return workspace.views[stack[-1]] if stack else None


def shown_view(workspace: Workspace, view_id: str, person: str) -> View:
    """Return a view that a person has before them. Raises SlackRefusal not_found."""
    view = workspace.views.get(view_id)
    if view is None or view.user_id != person:
        raise SlackRefusal("not_found")
    return view


def _new_hash(workspace: Workspace) -> str:
    seconds = int(workspace.clock.now().timestamp())
    return f"{seconds}.{workspace.new_id('')[-8:]}"
