"""What an input or a select holds, in Slack's wording: at the start, and after a person chose.

A plain choice is given as text (or as a list of texts): an option by its value, a person, channel,
date or typed text as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.slack.wire import SlackRefusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.sandbox.slack.wire import Json

# What each element calls the thing chosen, and what it calls the thing chosen at the start.
_SINGLE = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "file_input": ("files", "files"),
}
_OPTION = {"static_select", "external_select", "radio_buttons", "overflow"}
_OPTIONS = {"multi_static_select", "multi_external_select", "checkboxes"}
_LISTS = {"multi_users_select", "multi_channels_select", "multi_conversations_select", "file_input"}


def elements_of(blocks: list[Json]) -> Iterator[tuple[str, Json]]:
    """Yield each element with an action_id together with its block's id."""
    for block in blocks:
        inside = block.get("elements", []) if block["type"] in {"actions", "context"} else []
        for element in [*inside, block.get("accessory"), block.get("element")]:
            if element and element.get("action_id"):
                yield block["block_id"], element


def options_of(element: Json) -> list[Json]:
    """Return all options of a select, those in groups included."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(o for g in groups for o in g["options"])]


def initial_state(blocks: list[Json]) -> dict[str, dict[str, Json]]:
    """Return `state.values` before anyone has touched an input."""
    state: dict[str, dict[str, Json]] = {}
    for block_id, element in elements_of(blocks):
        kind, value = element["type"], None
        if kind in _OPTION - {"overflow"}:
            value = {"selected_option": element.get("initial_option")}
        elif kind in _OPTIONS:
            value = {"selected_options": element.get("initial_options") or []}
        elif kind in _SINGLE:
            name, initial = _SINGLE[kind]
            value = {name: element.get(initial, [] if kind in _LISTS else None)}
        if value is not None:
            state.setdefault(block_id, {})[element["action_id"]] = {"type": kind, **value}
    return state


def chosen(element: Json, choice: object) -> Json:
    """Return what the element holds after a choice. Raises SlackRefusal for no such option."""
    kind = element["type"]
    if kind == "button":
        return {"value": element["value"]} if "value" in element else {}
    if isinstance(choice, dict):
        return {key: value for key, value in choice.items() if key != "type"}
    if kind in _OPTION:
        return {"selected_option": _option(element, choice) if choice not in {None, ""} else None}
    if kind in _OPTIONS:
        return {"selected_options": [_option(element, one) for one in _many(choice)]}
    name = _SINGLE[kind][0]
    if kind in _LISTS:
        return {name: _many(choice)}
    if kind == "datetimepicker" and choice not in {None, ""}:
        return {name: int(str(choice))}
    return {name: None if choice in {None, ""} else str(choice)}


def is_empty(held: Json) -> bool:
    """Tell whether a person has left an input as good as untouched."""
    return all(not value for key, value in held.items() if key != "type")


def _many(choice: object) -> list[object]:
    if isinstance(choice, list):
        return choice
    return [] if choice in {None, ""} else [choice]


def _option(element: Json, choice: object) -> Json:
    for option in options_of(element):
        if option.get("value") == choice:
            return option
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(choice)}, "value": str(choice)}
    raise SlackRefusal("no_such_option", value=choice)
