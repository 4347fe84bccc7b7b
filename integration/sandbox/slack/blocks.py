"""Which blocks Slack accepts in a message, a modal or a Home tab.

Limits: docs.slack.dev/reference/block-kit, November 2026; the total size of a message is not
documented and was found at about 13,200 characters (slackapi/bolt-js#2509).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.slack.block_rules import (
    Rule,
    anything,
    boolean,
    by_type,
    choice,
    either,
    items,
    shape,
    string,
    whole,
    wrong,
)
from integration.sandbox.slack.elements import (
    BUTTON,
    IDENTIFIER,
    IMAGE,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUT,
    IN_SECTION,
    plain,
    text,
)
from integration.sandbox.slack.figures import (
    RICH_TEXT,
    TABLE,
    characters,
    data_table,
    data_visualization,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.sandbox.slack.wire import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_TOTAL = 12_000
MESSAGE_CHARACTERS = 13_200

_ID: dict[str, Rule] = {"block_id": IDENTIFIER}
_ANYWHERE: dict[str, Rule] = {
    "section": either(
        "text",
        "fields",
        shape(
            {},
            {
                **_ID,
                "text": text(3000),
                "fields": items(text(2000), 10),
                "accessory": IN_SECTION,
                "expand": boolean,
            },
        ),
    ),
    "header": shape({"text": plain(150)}, {**_ID, "level": whole(1, 4)}),
    "divider": shape({}, _ID),
    "context": shape({"elements": items(IN_CONTEXT, 10)}, _ID),
    "actions": shape({"elements": items(IN_ACTIONS, 25)}, _ID),
    "image": either(
        "image_url",
        "slack_file",
        shape(
            {"alt_text": string(2000)},
            {**_ID, "image_url": string(3000), "slack_file": anything, "title": plain(2000)},
        ),
    ),
    "input": shape(
        {"label": plain(2000), "element": IN_INPUT},
        {**_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "video": anything,
    "card": shape(
        {},
        {
            **_ID,
            "title": text(150),
            "subtitle": text(150),
            "body": text(200),
            "subtext": text(200),
            "icon": IMAGE,
            "slack_icon": anything,
            "hero_image": IMAGE,
            "actions": items(by_type({"button": BUTTON}), 3),
        },
    ),
}
# Their content is not looked into: StoryMeter's own messages are to stay with the older blocks.
_UNCHECKED: dict[str, Rule] = {"carousel": anything, "container": anything}
_FIGURES: dict[str, Rule] = {
    "table": TABLE,
    "data_table": data_table,
    "data_visualization": data_visualization,
}
_IN_MESSAGE = by_type(
    {
        **_ANYWHERE,
        **_UNCHECKED,
        **_FIGURES,
        "markdown": shape({"text": string(12_000)}, _ID),
        "file": shape({"external_id": string(), "source": choice("remote")}, _ID),
        "context_actions": anything,
        "plan": anything,
        "task_card": anything,
    }
)
_ALERT = shape(
    {"text": text(200)},
    {**_ID, "level": choice("default", "info", "warning", "error", "success")},
)
_IN_VIEW = {
    "modal": by_type({**_ANYWHERE, "alert": _ALERT}),
    "home": by_type({**_ANYWHERE, **_UNCHECKED, **_FIGURES}),
}
_VIEW_OPTIONAL: dict[str, Rule] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
_MODAL = shape(
    {"title": plain(24), "blocks": anything},
    {
        **_VIEW_OPTIONAL,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = shape({"blocks": anything}, _VIEW_OPTIONAL)


def wrong_with_blocks(blocks: object) -> list[str]:
    """Return what Slack would refuse about a message's blocks; empty when all is well."""
    return [
        *items(_IN_MESSAGE, MESSAGE_BLOCKS, 0)(blocks, "/blocks"),
        *_across(blocks, "/blocks"),
    ]


def wrong_with_view(view: object) -> list[str]:
    """Return what Slack would refuse about a modal or Home tab; empty when all is well."""
    problems = list(by_type({"modal": _MODAL, "home": _HOME})(view, "/view"))
    if not isinstance(view, dict) or "blocks" not in view:
        return problems
    blocks = view["blocks"]
    in_view = _IN_VIEW.get(str(view.get("type")), _IN_VIEW["modal"])
    problems += items(in_view, VIEW_BLOCKS, 0)(blocks, "/view/blocks")
    problems += _across(blocks, "/view/blocks")
    has_input = any(_kind(block) == "input" for block in _listed(blocks))
    if view.get("type") == "modal" and has_input and not view.get("submit"):
        problems.append(wrong("missing required field: submit", "/view"))
    return problems


def message_is_too_long(blocks: list[Json]) -> bool:
    """Tell whether Slack would answer msg_blocks_too_long; data tables have their own limit."""
    counted = [block for block in blocks if block.get("type") != "data_table"]
    return sum(characters(counted)) > MESSAGE_CHARACTERS


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _kind(block: object) -> object:
    return block.get("type") if isinstance(block, dict) else None


def _across(blocks: object, pointer: str) -> Iterator[str]:
    seen: set[str] = set()
    markdown = tables = charts = 0
    for index, block in enumerate(_listed(blocks)):
        if not isinstance(block, dict):
            continue
        name = block.get("block_id")
        if isinstance(name, str) and name in seen:
            yield wrong(f"`block_id` {name} already exists", f"{pointer}/{index}/block_id")
        seen |= {name} if isinstance(name, str) else set()
        yield from _twice_in(block, f"{pointer}/{index}")
        kind = block.get("type")
        markdown += len(str(block.get("text"))) if kind == "markdown" else 0
        tables += kind == "table"
        charts += kind == "data_visualization"
    if markdown > MARKDOWN_TOTAL:
        yield wrong(f"markdown must be less than {MARKDOWN_TOTAL + 1} characters", pointer)
    if tables > 1:
        yield wrong("only_one_table_allowed", pointer)
    if charts > 2:
        yield wrong("no more than 2 data_visualization blocks allowed", pointer)


def _twice_in(block: Json, pointer: str) -> Iterator[str]:
    seen: set[object] = set()
    for index, element in enumerate(_listed(block.get("elements"))):
        name = element.get("action_id") if isinstance(element, dict) else None
        if name is not None and name in seen:
            yield wrong(
                f"`action_id` {name} already exists", f"{pointer}/elements/{index}/action_id"
            )
        seen.add(name)
