"""Block Kit's limits, compared with the `slackblocks` package where it knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import slackblocks as known
from slackblocks._core import resolve

from integration.sandbox.slack.blocks import (
    message_is_too_long,
    wrong_with_blocks,
    wrong_with_view,
)
from tests.sandbox.slack.world import Json, button, modal, plain, section, text_input

Built = Callable[[int], Any]


def row(cells: int) -> list[Any]:
    return [known.RawText("x") for _cell in range(cells)]


def one_option(label: str, value: str) -> Any:
    return known.Option(known.PlainText(label), value)


def options(count: int) -> list[Any]:
    return [one_option(f"o{index}", f"v{index}") for index in range(count)]


def buttons(count: int) -> list[Any]:
    return [known.Button("b", f"a{index}") for index in range(count)]


def in_actions(element: Any) -> Any:
    return known.ActionsBlock([element])


def bar(points: int) -> Any:
    labels = [f"p{index}" for index in range(points)]
    series = known.DataSeries("s", [known.DataPoint(label, 1) for label in labels])
    return known.BarChart([series], known.AxisConfig(labels))


LIMITS: dict[str, tuple[int, Built]] = {
    "header": (150, lambda n: known.HeaderBlock("x" * n)),
    "section text": (3000, lambda n: known.SectionBlock("x" * n)),
    "section fields": (10, lambda n: known.SectionBlock(fields=["x"] * n)),
    "section field": (2000, lambda n: known.SectionBlock(fields=["x" * n])),
    "context": (10, lambda n: known.ContextBlock([known.Text("x")] * n)),
    "actions": (25, lambda n: known.ActionsBlock(buttons(n))),
    "button text": (75, lambda n: in_actions(known.Button("x" * n, "a"))),
    "button value": (2000, lambda n: in_actions(known.Button("x", "a", value="x" * n))),
    "button url": (3000, lambda n: in_actions(known.Button("x", "a", url="x" * n))),
    "action id": (255, lambda n: in_actions(known.Button("x", "a" * n))),
    "block id": (255, lambda n: known.DividerBlock("b" * n)),
    "select": (100, lambda n: in_actions(known.StaticSelectMenu("a", options(n)))),
    "overflow": (5, lambda n: in_actions(known.OverflowMenu("a", options(n)))),
    "option text": (75, lambda n: in_actions(known.OverflowMenu("a", one_option("x" * n, "v")))),
    "option value": (
        150,
        lambda n: in_actions(known.OverflowMenu("a", one_option("o", "v" * n))),
    ),
    "image text": (2000, lambda n: known.ImageBlock("https://example.com/a.png", "x" * n)),
    "markdown": (12_000, lambda n: known.MarkdownBlock("x" * n)),
    "table rows": (100, lambda n: known.TableBlock([row(1)] * n)),
    "table columns": (20, lambda n: known.TableBlock([row(n)])),
    "data table rows": (201, lambda n: known.DataTableBlock([row(1)] * n, "c")),
    "data table columns": (20, lambda n: known.DataTableBlock([row(n)] * 2, "c")),
    "data table page": (100, lambda n: known.DataTableBlock([row(1)] * 2, "c", page_size=n)),
    "data table size": (
        20_000,
        lambda n: known.DataTableBlock([[known.RawText("x" * (n - 1))], row(1)], "c"),
    ),
    "chart title": (50, lambda n: known.DataVisualizationBlock("x" * n, bar(1))),
    "chart points": (20, lambda n: known.DataVisualizationBlock("t", bar(n))),
}


def longer_by_one(value: Any, limit: int) -> Any:
    """Return the block with the one thing that stands at its limit made longer by one."""
    if isinstance(value, dict):
        return {key: longer_by_one(member, limit) for key, member in value.items()}
    if isinstance(value, list):
        grown = [longer_by_one(member, limit) for member in value]
        if len(value) != limit:
            return grown
        extra = value[-1]
        if isinstance(extra, dict) and "action_id" in extra:
            extra = {**extra, "action_id": "one-more"}
        return [*grown, extra]
    if isinstance(value, str) and len(value) in {limit, limit - 1} and limit > 20:
        return value + "x"
    return limit + 1 if isinstance(value, int) and value == limit else value


@pytest.mark.parametrize("name", LIMITS)
def test_what_slackblocks_builds_at_its_limit_is_accepted(name: str) -> None:
    limit, build = LIMITS[name]
    assert wrong_with_blocks([resolve(build(limit))]) == []


@pytest.mark.parametrize("name", LIMITS)
def test_what_slackblocks_refuses_to_build_is_refused(name: str) -> None:
    limit, build = LIMITS[name]
    with pytest.raises(known.InvalidUsageError):
        build(limit + 1)
    assert wrong_with_blocks([longer_by_one(resolve(build(limit)), limit)])


def test_a_message_has_at_most_fifty_blocks_and_a_view_a_hundred() -> None:
    divider = {"type": "divider"}
    assert wrong_with_blocks([divider] * 50) == []
    assert wrong_with_blocks([divider] * 51) == [
        "no more than 50 items allowed [json-pointer:/blocks]"
    ]
    assert wrong_with_view({"type": "home", "blocks": [divider] * 100}) == []
    assert wrong_with_view({"type": "home", "blocks": [divider] * 101})


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ({"type": "bogus"}, "unsupported type: bogus [json-pointer:/blocks/0/type]"),
        ({"text": "x"}, "missing required field: type [json-pointer:/blocks/0]"),
        ({"type": "header"}, "missing required field: text [json-pointer:/blocks/0]"),
        ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (
            {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}},
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (
            {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
    ],
)
def test_a_refusal_names_the_place(block: Json, line: str) -> None:
    assert wrong_with_blocks([block]) == [line]


def test_ids_stand_once_in_a_message() -> None:
    twice = [section("a", block_id="b"), section("b", block_id="b")]
    assert wrong_with_blocks(twice) == [
        "`block_id` b already exists [json-pointer:/blocks/1/block_id]"
    ]
    row_of_two = {"type": "actions", "elements": [button("a"), button("a")]}
    assert wrong_with_blocks([row_of_two]) == [
        "`action_id` a already exists [json-pointer:/blocks/0/elements/1/action_id]"
    ]


def test_one_table_and_twelve_thousand_markdown_characters_per_message() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert wrong_with_blocks([table, table]) == ["only_one_table_allowed [json-pointer:/blocks]"]
    half = {"type": "markdown", "text": "x" * 6000}
    assert wrong_with_blocks([half, half]) == []
    assert wrong_with_blocks([half, half, {"type": "markdown", "text": "x"}])


def test_a_message_may_hold_13200_characters() -> None:
    assert not message_is_too_long([section("x" * 2640)] * 5)
    assert message_is_too_long([*[section("x" * 2640)] * 5, section("x")])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"title": plain("x" * 25)},
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        ({"submit": None}, "missing required field: submit [json-pointer:/view]"),
        (
            {"private_metadata": "x" * 3001},
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        ({"colour": "red"}, "invalid additional property: colour [json-pointer:/view]"),
    ],
)
def test_a_modal_keeps_its_own_limits(change: Json, line: str) -> None:
    assert wrong_with_view(modal(text_input("reason"))) == []
    assert wrong_with_view(modal(text_input("reason")) | change) == [line]
