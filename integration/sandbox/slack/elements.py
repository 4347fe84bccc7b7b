"""What Slack accepts inside a block: texts, buttons, selects, inputs.

Limits: docs.slack.dev/reference/block-kit, November 2026.
"""

from __future__ import annotations

from integration.sandbox.slack.block_rules import (
    Rule,
    anything,
    boolean,
    by_type,
    choice,
    either,
    items,
    number,
    shape,
    string,
    whole,
)

IDENTIFIER = string(255)


def plain(longest: int = 3000, shortest: int = 1) -> Rule:
    """Accept a plain_text object."""
    return by_type({"plain_text": shape({"text": string(longest, shortest)}, {"emoji": boolean})})


def text(longest: int = 3000) -> Rule:
    """Accept a plain_text or mrkdwn object."""
    return by_type(
        {
            "plain_text": shape({"text": string(longest)}, {"emoji": boolean}),
            "mrkdwn": shape({"text": string(longest)}, {"verbatim": boolean}),
        }
    )


CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": choice("primary", "danger")},
)
OPTION = shape(
    {"text": plain(75), "value": string(150)},
    {"description": plain(75), "url": string(3000)},
)
_CHOICE = shape({"text": text(75), "value": string(150)}, {"description": text(75)})
_CHOICES = items(_CHOICE, 10)
OPTIONS = items(OPTION, 100)
GROUPS = items(shape({"label": plain(75), "options": OPTIONS}), 100)
DISPATCH = shape(
    {}, {"trigger_actions_on": items(choice("on_enter_pressed", "on_character_entered"), 2)}
)
_COMMON: dict[str, Rule] = {"action_id": IDENTIFIER, "confirm": CONFIRM, "focus_on_load": boolean}
_HINTED: dict[str, Rule] = {**_COMMON, "placeholder": plain(150)}
_MANY: dict[str, Rule] = {**_HINTED, "max_selected_items": whole(1, 100)}
_TYPED: dict[str, Rule] = {
    **_HINTED,
    "dispatch_action_config": DISPATCH,
    "min_length": whole(0, 3000),
    "max_length": whole(1, 3000),
}


def _select(initial: dict[str, Rule], base: dict[str, Rule] | None = None) -> Rule:
    return shape({}, {**(base or _HINTED), **initial})


def _listed(base: dict[str, Rule], initial: str, rule: Rule) -> Rule:
    both: dict[str, Rule] = {"options": OPTIONS, "option_groups": GROUPS, initial: rule}
    return either("options", "option_groups", shape({}, {**base, **both}))


BUTTON = shape(
    {"text": plain(75)},
    {
        **_COMMON,
        "url": string(3000),
        "value": string(2000, 0),
        "style": choice("primary", "danger"),
        "accessibility_label": string(75),
    },
)
IMAGE = either(
    "image_url",
    "slack_file",
    shape({"alt_text": string(2000)}, {"image_url": string(3000), "slack_file": anything}),
)
_ID = string()
SELECTS: dict[str, Rule] = {
    "static_select": _listed(_HINTED, "initial_option", OPTION),
    "multi_static_select": _listed(_MANY, "initial_options", OPTIONS),
    "external_select": _select({"initial_option": OPTION, "min_query_length": whole(0, 100)}),
    "multi_external_select": _select(
        {"initial_options": OPTIONS, "min_query_length": whole(0, 100)}, _MANY
    ),
    "users_select": _select({"initial_user": _ID}),
    "multi_users_select": _select({"initial_users": items(_ID, 100)}, _MANY),
    "channels_select": _select({"initial_channel": _ID, "response_url_enabled": boolean}),
    "multi_channels_select": _select({"initial_channels": items(_ID, 100)}, _MANY),
    "conversations_select": _select(
        {
            "initial_conversation": _ID,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": anything,
        }
    ),
    "multi_conversations_select": _select(
        {
            "initial_conversations": items(_ID, 100),
            "default_to_current_conversation": boolean,
            "filter": anything,
        },
        _MANY,
    ),
}
PICKERS: dict[str, Rule] = {
    "datepicker": _select({"initial_date": string(10, 10)}),
    "timepicker": _select({"initial_time": string(5, 5), "timezone": string()}),
    "datetimepicker": shape({}, {**_COMMON, "initial_date_time": whole(0, 9_999_999_999)}),
    "checkboxes": shape({"options": _CHOICES}, {**_COMMON, "initial_options": _CHOICES}),
    "radio_buttons": shape({"options": _CHOICES}, {**_COMMON, "initial_option": _CHOICE}),
}
OVERFLOW = shape({"options": items(OPTION, 5)}, {"action_id": IDENTIFIER, "confirm": CONFIRM})
FIELDS: dict[str, Rule] = {
    "plain_text_input": shape(
        {}, {**_TYPED, "initial_value": string(3000, 0), "multiline": boolean}
    ),
    "email_text_input": shape({}, {**_TYPED, "initial_value": string()}),
    "url_text_input": shape({}, {**_TYPED, "initial_value": string()}),
    "number_input": shape(
        {"is_decimal_allowed": boolean},
        {
            **_TYPED,
            "initial_value": string(),
            "min_value": string(),
            "max_value": string(),
        },
    ),
    "rich_text_input": shape(
        {}, {**_HINTED, "dispatch_action_config": DISPATCH, "initial_value": anything}
    ),
    "file_input": shape(
        {},
        {"action_id": IDENTIFIER, "filetypes": items(string(), 100), "max_files": whole(1, 10)},
    ),
}
IN_SECTION = by_type({"button": BUTTON, "image": IMAGE, "overflow": OVERFLOW, **SELECTS, **PICKERS})
IN_ACTIONS = by_type({"button": BUTTON, "overflow": OVERFLOW, **SELECTS, **PICKERS})
IN_INPUT = by_type({**SELECTS, **PICKERS, **FIELDS})
IN_CONTEXT = by_type(
    {
        "image": IMAGE,
        "plain_text": shape({"text": string(3000)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(3000)}, {"verbatim": boolean}),
    }
)
RAW_TEXT = shape({"text": string()}, {"emoji": boolean})
RAW_NUMBER = shape({"value": number, "text": string()})
