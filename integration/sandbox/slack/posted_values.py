"""Between a modal's inputs and the fields of its HTML form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from integration.sandbox.slack.inputs import elements_of, initial_state

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from integration.sandbox.slack.wire import Json
    from integration.sandbox.slack.workspace import Workspace

_MANY = ("multi_", "checkboxes")
_WITHOUT_VALUE = {"button", "overflow", "file_input", "rich_text_input"}


def field_name(path: tuple[str, ...]) -> str:
    """Return the name of the field for a block_id and action_id; they may hold any character."""
    return json.dumps(path)


def held(value: Json | None) -> list[str]:
    """Return what an input holds as the texts that its HTML field compares with or shows."""
    texts: list[str] = []
    for key, member in (value or {}).items():
        if key == "type" or member in (None, ""):
            continue
        texts += [_as_text(one) for one in (member if isinstance(member, list) else [member])]
    return texts


def _as_text(one: object) -> str:
    return str(one["value"]) if isinstance(one, dict) and "value" in one else str(one)


def initially(element: Json) -> list[str]:
    """Return what an element holds before anyone has touched it, as `held` does."""
    state = initial_state([{"type": "actions", "block_id": "", "elements": [element]}])
    return held(state.get("", {}).get(element["action_id"]))


def alignment(table: Json, column: int) -> str:
    """Return how a table's column is aligned: as it says itself; numbers stand to the right."""
    settings = table.get("column_settings") or []
    set_to = (settings[column] or {}).get("align") if column < len(settings) else None
    numbers = any(row[column].get("type") == "raw_number" for row in table["rows"][1:])
    return set_to or ("right" if numbers else "left")


def posted_values(
    workspace: Workspace, view_id: str, form: MultiDict[str, str]
) -> dict[str, dict[str, object]]:
    """Return what the form holds for each input of the modal, by block_id and action_id."""
    values: dict[str, dict[str, object]] = {}
    with workspace.lock:
        view = workspace.views.get(view_id)
        elements = list(elements_of(view.definition["blocks"])) if view else []
    for block_id, element in elements:
        if element["type"] in _WITHOUT_VALUE:
            continue
        name = field_name((block_id, element["action_id"]))
        many = element["type"].startswith(_MANY)
        chosen: object = form.getlist(name) if many else form.get(name, "")
        values.setdefault(block_id, {})[element["action_id"]] = chosen
    return values
