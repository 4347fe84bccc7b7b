"""What Slack accepts as tables and charts, and in rich text.

Limits: docs.slack.dev/reference/block-kit, November 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.slack.block_rules import (
    Rule,
    anything,
    boolean,
    by_type,
    choice,
    items,
    number,
    shape,
    string,
    whole,
    wrong,
)
from integration.sandbox.slack.elements import IDENTIFIER, RAW_NUMBER, RAW_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA_TABLE_TOTAL = 20_000

_ID: dict[str, Rule] = {"block_id": IDENTIFIER}
_RICH_STYLE: dict[str, Rule] = {
    "style": anything,
    "indent": whole(0, 8),
    "offset": whole(0, 10**6),
    "border": whole(0, 1),
    "language": string(),
}
_RICH = by_type(
    {
        kind: shape({"elements": anything}, _RICH_STYLE)
        for kind in (
            "rich_text_section",
            "rich_text_list",
            "rich_text_preformatted",
            "rich_text_quote",
        )
    }
)
RICH_TEXT = shape({"elements": items(_RICH, 10_000, 0)}, _ID)
_CELL = by_type({"raw_text": RAW_TEXT, "raw_number": RAW_NUMBER, "rich_text": RICH_TEXT})
_HEADER_CELL = by_type({"raw_text": RAW_TEXT, "raw_number": RAW_NUMBER})


def _or_null(rule: Rule) -> Rule:
    return lambda value, pointer: iter(()) if value is None else rule(value, pointer)


_COLUMN = shape({}, {"align": choice("left", "center", "right"), "is_wrapped": boolean})
TABLE = shape(
    {"rows": items(items(_CELL, 20), 100)},
    {**_ID, "column_settings": items(_or_null(_COLUMN), 20)},
)
_DATA_TABLE = shape(
    {"caption": string(), "rows": items(items(_CELL, 20), 201, 2)},
    {**_ID, "page_size": whole(1, 100), "row_header_column_index": whole(0, 19)},
)


def data_table(value: object, pointer: str) -> Iterator[str]:
    """Accept a data_table: rows of one length, a header without rich text, a total size."""
    yield from _DATA_TABLE(value, pointer)
    rows = value.get("rows") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return
    for index, cell in enumerate(rows[0] if rows else ()):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            yield from _HEADER_CELL(cell, f"{pointer}/rows/0/{index}")
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            yield wrong("all rows must have the same number of cells", f"{pointer}/rows/{index}")
    if sum(characters(rows)) > DATA_TABLE_TOTAL:
        yield wrong(f"must be less than {DATA_TABLE_TOTAL + 1} characters", f"{pointer}/rows")


_POINTS = items(shape({"label": string(20), "value": number}), 20)
_AXES = shape(
    {"categories": items(string(20), 20)}, {"x_label": string(50, 0), "y_label": string(50, 0)}
)
_SERIES = items(shape({"name": string(20), "data": _POINTS}), 12)
_CHART = by_type(
    {
        "pie": shape({"segments": items(shape({"label": string(20), "value": number}), 12)}),
        **{
            kind: shape({"series": _SERIES, "axis_config": _AXES})
            for kind in ("bar", "line", "area")
        },
    }
)
_VISUALIZATION = shape({"title": string(50), "chart": _CHART}, _ID)


def data_visualization(value: object, pointer: str) -> Iterator[str]:
    """Accept a chart whose series have one point for each category."""
    problems = list(_VISUALIZATION(value, pointer))
    yield from problems
    if problems or not isinstance(value, dict) or "series" not in value["chart"]:
        return
    chart = value["chart"]
    categories = sorted(chart["axis_config"]["categories"])
    for index, series in enumerate(chart["series"]):
        if sorted(point["label"] for point in series["data"]) != categories:
            at = f"{pointer}/chart/series/{index}"
            yield wrong("must have one data point for each category", at)


def characters(value: object) -> Iterator[int]:
    """Yield the lengths of all texts that a person reads in a block."""
    if isinstance(value, list):
        for member in value:
            yield from characters(member)
    elif isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str) and name in {"text", "caption", "alt_text", "title"}:
                yield len(member)
            elif name == "value" and value.get("type") == "raw_number":
                yield len(str(value.get("text") or member))
            else:
                yield from characters(member)
