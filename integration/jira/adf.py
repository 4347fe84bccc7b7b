"""Atlassian Document Format: building the little we write, and reading whatever people wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from integration.foundation.wording import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Words = Callable[[Mapping[str, Any]], str]

Node: TypeAlias = dict[str, Any]
"""One ADF node; a document is a node of type `doc`."""

BLOCKS = frozenset(
    {"paragraph", "heading", "codeBlock", "listItem", "taskItem", "decisionItem", "blockquote"}
)


DEEPEST = 100
"""Far deeper than Jira lets anybody nest."""
WIDEST = 50
"""More columns or rows than a merged cell of a table of workloads can cover."""


def well_formed(value: object, depth: int = DEEPEST) -> Node | None:
    """Return a node in which every part has the type it should have; a whole one is unchanged.

    Other programs write rich text too, and what stands in a description must never stop us.
    """
    if not isinstance(value, dict) or not isinstance(value.get("type"), str) or not depth:
        return None
    node: Node = dict(value)
    if "content" in node:
        children = node["content"] if isinstance(node["content"], list) else []
        whole = (well_formed(child, depth - 1) for child in children)
        node["content"] = [child for child in whole if child is not None]
    if not isinstance(node.get("attrs", {}), dict):
        del node["attrs"]
    return node


def document(*blocks: Node) -> Node:
    """Make a document of blocks."""
    return {"type": "doc", "version": 1, "content": list(blocks)}


def text(words: str) -> list[Node]:
    """Make inline content; empty text nodes are illegal, so no words make no node."""
    return [{"type": "text", "text": words}] if words else []


def paragraph(words: str) -> Node:
    """Make a paragraph of plain words."""
    return {"type": "paragraph", "content": text(words)}


def render(template: str, /, **values: object) -> Node:
    """Render a JSON template of `templates/jira/` into an ADF document."""
    rendered = environment("jira", "words").get_template(template).render(values)
    made: Node = json.loads(rendered)
    return made


def blocks_of(node: Mapping[str, Any]) -> Iterator[Node]:
    """Yield headings, paragraphs, code blocks and tables in reading order, however deep they lie.

    Tables are yielded whole; panels, expands, layouts, quotes and lists are gone through.
    """
    for child in node.get("content") or ():
        if child.get("type") in {"heading", "paragraph", "codeBlock", "table"}:
            yield child
        else:
            yield from blocks_of(child)


def plain_text(node: Mapping[str, Any]) -> str:
    """Return the words of a node: inline nodes as people see them, blocks on lines of their own."""
    kind = str(node.get("type", ""))
    if kind in INLINE_WORDS:
        return INLINE_WORDS[kind](node)
    parts: list[str] = []
    for child in node.get("content") or ():
        if parts and child.get("type") in BLOCKS:
            parts.append("\n")
        parts.append(plain_text(child))
    return "".join(parts)


def table_rows(table: Mapping[str, Any]) -> list[list[str]]:
    """Return a table as rows of one-line texts; a cell over several columns is followed by blanks.

    A cell over several rows counts in each of them, as a person reads it.
    """
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for row in table.get("content") or ():
        cells: list[str] = []
        for cell in row.get("content") or ():
            _drop_hanging(cells, hanging)
            words = " ".join(plain_text(cell).split())
            if (rowspan := _span(cell, "rowspan")) > 1:
                hanging[len(cells)] = (rowspan, words)
            cells += [words] + [""] * (_span(cell, "colspan") - 1)
        _drop_hanging(cells, hanging)
        hanging = {at: (left - 1, words) for at, (left, words) in hanging.items() if left > 1}
        rows.append(cells)
    return rows


def _span(cell: Mapping[str, Any], name: str) -> int:
    span = (cell.get("attrs") or {}).get(name)
    return min(max(span, 1), WIDEST) if isinstance(span, int) else 1


def _drop_hanging(cells: list[str], hanging: Mapping[int, tuple[int, str]]) -> None:
    """Fill in the cells that reach down from rows above."""
    while len(cells) in hanging:
        cells.append(hanging[len(cells)][1])


def _attr(name: str, otherwise: str = "") -> Words:
    def words(node: Mapping[str, Any]) -> str:
        attrs = node.get("attrs") or {}
        return str(attrs.get(name) or attrs.get(otherwise) or "")

    return words


def _date(node: Mapping[str, Any]) -> str:
    stamp = str((node.get("attrs") or {}).get("timestamp", ""))
    try:
        return datetime.fromtimestamp(int(stamp) / 1000, tz=UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


INLINE_WORDS: Mapping[str, Words] = {
    "text": lambda node: str(node.get("text", "")),
    "hardBreak": lambda _: "\n",
    "mention": _attr("text", "id"),
    "emoji": _attr("text", "shortName"),
    "status": _attr("text"),
    "placeholder": lambda _: "",
    "inlineCard": _attr("url"),
    "date": _date,
}
