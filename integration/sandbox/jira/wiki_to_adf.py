"""Reads Jira wiki markup (what v2 takes) into ADF (what is kept)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integration.sandbox.jira.wiki_inline import inline_nodes, text_node

if TYPE_CHECKING:
    from integration.sandbox.jira.config import JsonObject

_HEADING = re.compile(r"h([1-6])\.\s+(.*)")
_ITEM = re.compile(r"([*#-]+)\s+(.*)")
_FENCE = re.compile(r"\{(code|noformat)(?::([^}]*))?\}(.*)")
_BOX = re.compile(r"\{(quote|panel|info|note|tip|warning)(?::[^}]*)?\}(.*)")
_PANELS = {
    "panel": "info", "info": "info", "note": "note", "tip": "success", "warning": "warning",
}  # fmt: skip


def wiki_to_adf(text: str) -> JsonObject | None:
    """Return the ADF document for wiki markup; None for blank text, as Jira stores no text."""
    if not text.strip():
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return {"type": "doc", "version": 1, "content": _blocks(lines)}


def _blocks(lines: list[str]) -> list[JsonObject]:
    blocks: list[JsonObject] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block, at = _block(lines, at)
        blocks.extend(block)
    return blocks


def _block(lines: list[str], at: int) -> tuple[list[JsonObject], int]:
    """Read the block that starts at a line; return it and the line after it."""
    line = lines[at].lstrip()
    if heading := _HEADING.fullmatch(line):
        node = _with_content({"type": "heading", "attrs": {"level": int(heading[1])}}, heading[2])
        return [node], at + 1
    if re.fullmatch(r"-{4,}\s*", line):
        return [{"type": "rule"}], at + 1
    if fence := _FENCE.fullmatch(line):
        return _code(lines, at, fence)
    if box := _BOX.fullmatch(line):
        return _boxed(lines, at, box)
    if line.startswith("bq. "):
        return [{"type": "blockquote", "content": [_paragraph(line[4:])]}], at + 1
    if line.startswith("|"):
        return _table(lines, at)
    if _ITEM.fullmatch(line):
        return _list(lines, at)
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _starts_block(lines[end].lstrip()):
        end += 1
    return [_paragraph("\n".join(lines[at:end]))], end


def _starts_block(line: str) -> bool:
    starts = (_HEADING, _ITEM, _FENCE, _BOX)
    return (
        any(start.fullmatch(line) for start in starts)
        or line.startswith(("|", "bq. "))
        or bool(re.fullmatch(r"-{4,}\s*", line))
    )


def _with_content(node: JsonObject, text: str) -> JsonObject:
    content = inline_nodes(text.strip())
    if content:
        node["content"] = content
    return node


def _paragraph(text: str) -> JsonObject:
    return _with_content({"type": "paragraph"}, text)


def _code(lines: list[str], at: int, fence: re.Match[str]) -> tuple[list[JsonObject], int]:
    """Read `{code}` or `{noformat}` up to its closing tag, or to the end where there is none."""
    closing = "{" + fence[1] + "}"
    rest = [fence[3], *lines[at + 1 :]]
    taken = _up_to(closing, rest)
    used = len(taken)
    if taken and not taken[0]:
        taken.pop(0)
    if taken and not taken[-1]:
        taken.pop()
    node: JsonObject = {"type": "codeBlock"}
    language = (fence[2] or "").split("|")[0].removeprefix("language=")
    if language and "=" not in language:
        node["attrs"] = {"language": language}
    if source := "\n".join(taken):
        node["content"] = [text_node(source)]
    return [node], at + used


def _up_to(closing: str, lines: list[str]) -> list[str]:
    """Return the lines up to the closing tag, or all of them where it is missing."""
    taken: list[str] = []
    for line in lines:
        before, found, _after = line.partition(closing)
        taken.append(before)
        if found:
            break
    return taken


def _boxed(lines: list[str], at: int, box: re.Match[str]) -> tuple[list[JsonObject], int]:
    """Read a quote or panel up to its closing tag."""
    closing = "{" + box[1] + "}"
    inside = _up_to(closing, [box[2], *lines[at + 1 :]])
    used = len(inside)
    allowed = {"paragraph", "bulletList", "orderedList"}
    content = [block for block in _blocks(inside) if block["type"] in allowed]
    content = content or [{"type": "paragraph"}]
    if box[1] == "quote":
        return [{"type": "blockquote", "content": content}], at + used
    panel = {"type": "panel", "attrs": {"panelType": _PANELS[box[1]]}, "content": content}
    return [panel], at + used


def _table(lines: list[str], at: int) -> tuple[list[JsonObject], int]:
    rows: list[JsonObject] = []
    while at < len(lines) and lines[at].lstrip().startswith("|"):
        rows.append({"type": "tableRow", "content": _cells(lines[at].strip())})
        at += 1
    attrs = {"isNumberColumnEnabled": False, "layout": "default"}
    return [{"type": "table", "attrs": attrs, "content": rows}], at


_CELL = re.compile(r"(\|\|?)((?:\\.|\{\{(?:\\.|[^\\])*?\}\}|\[(?:\\.|[^\]\\])*\]|[^|\\])*(?:\\$)?)")


def _cells(line: str) -> list[JsonObject]:
    """Split a row; `||` opens a header cell, `|` a cell, and a last bare bar closes the row."""
    found = [(bars, text) for bars, text in _CELL.findall(line)]
    if len(found) > 1 and not found[-1][1].strip():
        found.pop()
    cells: list[JsonObject] = []
    for bars, text in found:
        kind = "tableHeader" if bars == "||" else "tableCell"
        paragraphs = [_paragraph(part) for part in re.split(r"\\\\\s*\\\\", text)]
        cells.append({"type": kind, "attrs": {}, "content": paragraphs})
    return cells


def _list(lines: list[str], at: int) -> tuple[list[JsonObject], int]:
    """Read nested bullets and numbers; the last mark of a line says which kind it is."""
    items: list[tuple[str, str]] = []
    while at < len(lines) and (item := _ITEM.fullmatch(lines[at].lstrip())):
        items.append((item[1], item[2]))
        at += 1
    lists: list[JsonObject] = []
    start = 0
    for end in range(1, len(items) + 1):
        if end == len(items) or items[end][0][0] != items[start][0][0]:
            lists.append(_nested(items[start:end], 1))
            start = end
    return lists, at


def _nested(items: list[tuple[str, str]], depth: int) -> JsonObject:
    """Build one list; deeper lines belong to the item before them. Depth is kept below ten."""
    numbered = items[0][0][min(depth, len(items[0][0])) - 1] == "#"
    entries: list[JsonObject] = []
    at = 0
    while at < len(items):
        end = at + 1
        while end < len(items) and len(items[end][0]) > depth and depth < 10:
            end += 1
        content = [_paragraph(items[at][1])]
        deeper = _same_kind(items[at + 1 : end], depth + 1)
        content.extend(_nested(group, depth + 1) for group in deeper)
        entries.append({"type": "listItem", "content": content})
        at = end
    return {"type": "orderedList" if numbered else "bulletList", "content": entries}


def _same_kind(items: list[tuple[str, str]], depth: int) -> list[list[tuple[str, str]]]:
    """Split deeper lines where bullets turn into numbers."""
    groups: list[list[tuple[str, str]]] = []
    for item in items:
        shallow = len(item[0]) == depth
        if groups and not (shallow and item[0][-1] != groups[-1][0][0][depth - 1]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups
