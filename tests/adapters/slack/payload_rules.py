"""Two independent judges of Block Kit: slack_sdk's models and the slackblocks package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slackblocks
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View as SdkView
from slackblocks import ColumnSettings, RawText, RichText, RichTextLink, RichTextSection
from slackblocks import blocks as kit
from slackblocks.elements import Button, DateTimePicker, PlainTextInput, StaticSelectMenu
from slackblocks.objects import Option, Text
from slackblocks.views import HomeTabView, ModalView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Json = dict[str, Any]


def assert_valid_message(blocks: Sequence[Json], text: str) -> None:
    """Fail unless Slack would take this message, as far as two other projects know Slack."""
    assert text.strip()
    assert len(text) <= 4_000
    assert 1 <= len(blocks) <= 50
    _assert_sdk_takes(blocks)
    slackblocks.Message(channel="C1", text=text, blocks=[_rebuilt(block) for block in blocks])
    assert sum(map(len, texts_of(blocks))) <= 13_000


def assert_valid_view(view: Json) -> None:
    """Fail unless Slack would take this modal or Home tab."""
    assert 1 <= len(view["blocks"]) <= 100
    _assert_sdk_takes(view["blocks"])
    SdkView(**view).to_dict()
    rebuilt = [_rebuilt(block) for block in view["blocks"]]
    if view["type"] == "home":
        HomeTabView(blocks=rebuilt)
        return
    ModalView(
        title=_plain(view["title"]),
        submit=_plain(view["submit"]) if "submit" in view else None,
        close=_plain(view["close"]),
        blocks=rebuilt,
        private_metadata=view.get("private_metadata"),
        callback_id=view.get("callback_id"),
    )


def texts_of(value: object) -> Iterator[str]:
    """Yield every text that a person would read."""
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "plain_text", "raw_text"):
            yield value["text"]
        else:
            for member in value.values():
                yield from texts_of(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from texts_of(member)


def _assert_sdk_takes(blocks: Sequence[Json]) -> None:
    parsed = SdkBlock.parse_all(list(blocks))
    assert len(parsed) == len(blocks)
    assert all(parsed), "slack_sdk does not know one of these blocks"
    for block in parsed:
        block.validate_json()


def _rebuilt(block: Json) -> Any:
    """Build a block by slackblocks' constructors, which check what its from_dict cannot."""
    match block["type"]:
        case "actions":
            return kit.ActionsBlock([_element(each) for each in block["elements"]])
        case "input":
            return kit.InputBlock(
                label=_plain(block["label"]),
                hint=_plain(block["hint"]) if "hint" in block else None,
                block_id=block["block_id"],
                element=_input(dict(block["element"])),
                optional=block.get("optional", False),
            )
        case "table":
            return kit.TableBlock(
                rows=[[_cell(cell) for cell in row] for row in block["rows"]],
                column_settings=[_column(each) for each in block["column_settings"]],
            )
        case _:
            return kit.Block.from_dict(block)


def _cell(cell: Json) -> Any:
    if cell["type"] == "raw_text":
        return RawText(cell["text"])
    ((section,),) = [cell["elements"]]
    assert section["type"] == "rich_text_section"
    return RichTextSection([_run(each) for each in section["elements"]])


def _run(element: Json) -> Any:
    if element["type"] == "link":
        return RichTextLink(url=element["url"], text=element["text"])
    assert element["type"] == "text"
    return RichText(element["text"])


def _column(settings: Json) -> ColumnSettings:
    return ColumnSettings(
        align=settings.get("align"), is_wrapped=settings.get("is_wrapped")
    )  # fmt: skip


def _input(element: Json) -> Any:
    if "placeholder" in element:
        element["placeholder"] = _plain(element["placeholder"])
    match element.pop("type"):
        case "plain_text_input":
            return PlainTextInput(**element)
        case "datetimepicker":
            return DateTimePicker(**element)
        case "static_select":
            return _select(element)
        case kind:
            raise AssertionError(kind)


def _element(element: Json) -> Any:
    return _button(element) if element["type"] == "button" else _input(dict(element))


def _select(element: Json) -> StaticSelectMenu:
    options = [_option(each) for each in element.pop("options")]
    if "initial_option" in element:
        element["initial_option"] = _option(element["initial_option"])
        assert element["initial_option"] in options
    return StaticSelectMenu(options=options, **element)


def _option(option: Json) -> Option:
    return Option(text=_plain(option["text"]), value=option["value"])


def _button(element: Json) -> Button:
    assert element["type"] == "button"
    return Button(
        text=_plain(element["text"]),
        action_id=element["action_id"],
        url=element.get("url"),
        value=element.get("value"),
        style=element.get("style"),
    )


def _plain(value: Json) -> Text:
    assert value["type"] == "plain_text"
    return Text.from_dict(value)
