"""Writes ADF as Jira wiki markup: what v2 and webhook bodies show of a rich text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integration.sandbox.jira.wiki_inline import MARKERS

if TYPE_CHECKING:
    from integration.sandbox.jira.config import JsonObject

_SIGNS = {mark: sign for sign, mark in MARKERS.items()}
_PANELS = {
    "info": "info",
    "note": "note",
    "success": "tip",
    "warning": "warning",
    "error": "warning",
}
_ALWAYS = re.compile(r"([{}\[\]|])")
_OPENER = re.compile(r"(?<![^\W_])([*_+-])(?=\S)")
_CLOSER = re.compile(r"(?<=\S)([*_+-])(?![^\W_])")
_ENTITY = re.compile(r"&(?=#\d)")
_LINE_START = re.compile(r"^(h[1-6])(\.\s)|^(bq)(\.\s)|^(\s*)([*#-]+)(?=\s|$)")


def adf_to_wiki(document: JsonObject | None) -> str | None:
    """Return wiki markup for an ADF document; None stays None."""
    if document is None:
        return None
    return "\n\n".join(_block(node) for node in document.get("content", []))


def _block(node: JsonObject) -> str:
    kind = node["type"]
    content = node.get("content", [])
    if kind == "heading":
        return f"h{node['attrs']['level']}. {_inline(content)}"
    if kind in ("bulletList", "orderedList"):
        return "\n".join(_items(node, ""))
    if kind == "table":
        return "\n".join(_row(row) for row in content)
    if kind == "codeBlock":
        language = node.get("attrs", {}).get("language")
        source = "".join(part["text"] for part in content)
        return f"{{code{':' + language if language else ''}}}\n{source}\n{{code}}"
    if kind == "rule":
        return "----"
    if kind in ("blockquote", "panel"):
        name = "quote" if kind == "blockquote" else _PANELS.get(node["attrs"]["panelType"], "info")
        inside = "\n\n".join(_block(child) for child in content)
        return f"{{{name}}}\n{inside}\n{{{name}}}"
    if kind in ("expand", "nestedExpand"):
        title = node.get("attrs", {}).get("title", "")
        return "\n\n".join([f"*{title}*"] * bool(title) + [_block(child) for child in content])
    if kind == "paragraph":
        return _guarded(_inline(content))
    return "\n\n".join(_block(child) for child in content if "content" in child)


def _guarded(text: str) -> str:
    """Keep a line that looks like a heading, quote or list item from being read as one."""
    return "\n".join(_LINE_START.sub(_guard, line) for line in text.split("\n"))


def _guard(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[1]}\\{found[2]}"
    if found[3]:
        return f"{found[3]}\\{found[4]}"
    return f"{found[5]}\\{found[6]}"


def _items(node: JsonObject, prefix: str) -> list[str]:
    sign = prefix + ("#" if node["type"] == "orderedList" else "*")
    lines: list[str] = []
    for item in node.get("content", []):
        texts: list[str] = []
        deeper: list[str] = []
        for child in item.get("content", []):
            if child["type"] in ("bulletList", "orderedList"):
                deeper.extend(_items(child, sign))
            else:
                texts.append(_inline(child.get("content", [])).replace("\n", " \\\\ "))
        lines.append(f"{sign} {' '.join(texts)}")
        lines.extend(deeper)
    return lines


def _row(row: JsonObject) -> str:
    """Write a table row; the last bar is that of its last cell."""
    line = ""
    bar = "|"
    for cell in row.get("content", []):
        bar = "||" if cell["type"] == "tableHeader" else "|"
        blocks = [_cell_text(block) for block in cell.get("content", [])]
        line += bar + (r" \\ \\ ".join(blocks) or " ")
    return line + bar


def _cell_text(block: JsonObject) -> str:
    if block["type"] in ("bulletList", "orderedList"):
        return r" \\ ".join(_items(block, ""))
    text = _inline(block.get("content", [])) if block["type"] == "paragraph" else _block(block)
    return text.replace("\n", r" \\ ") or " "


def _inline(nodes: list[JsonObject]) -> str:
    pieces = [_piece(node) for node in nodes]
    text = ""
    for number, (piece, signs) in enumerate(pieces):
        before = text[-1:] or " "
        after = (pieces[number + 1][0][:1] if number + 1 < len(pieces) else "") or " "
        after_marked = number + 1 < len(pieces) and bool(pieces[number + 1][1])
        tight = (
            before.isalnum() or after.isalnum() or after_marked or before in "*_+-{}\\"
            or piece[:1].isspace() or piece[-1:].isspace() or piece[:1] in "*_+-\\#"
            or piece[-1:] in "*_+-" or after in "*_+-\\" or len(signs) > 1
        )  # fmt: skip
        wraps = [f"{{{sign}}}" if tight else sign for sign in signs]
        text += "".join(wraps) + piece + "".join(reversed(wraps))
    return text


def _piece(node: JsonObject) -> tuple[str, list[str]]:
    """Return a node's markup without bold and the like, and the signs that go around it."""
    attrs = node.get("attrs", {})
    if node["type"] == "hardBreak":
        return "\n", []
    if node["type"] == "mention":
        return f"[~accountid:{attrs['id']}]", []
    if node["type"] == "inlineCard":
        return f"[{attrs.get('url', '')}]", []
    if node["type"] == "emoji":
        return attrs.get("text") or attrs.get("shortName", ""), []
    if node["type"] != "text":
        return _escaped(str(attrs.get("text", ""))), []
    marks = {mark["type"]: mark for mark in node.get("marks", [])}
    if "code" in marks:
        return "{{" + _ALWAYS.sub(r"\\\1", _backslashes(node["text"])) + "}}", []
    text = _escaped(node["text"])
    if "link" in marks:
        target = marks["link"]["attrs"]["href"].replace("|", "%7C").replace("]", "%5D")
        text = f"[{_backslashes(node['text'], _ALWAYS)}|{target}]"
    if "textColor" in marks:
        text = f"{{color:{marks['textColor']['attrs']['color']}}}{text}{{color}}"
    return text, [_SIGNS[kind] for kind in marks if kind in _SIGNS]


def _backslashes(text: str, then: re.Pattern[str] | None = None) -> str:
    """Write backslashes as entities, because two of them are a line break in wiki markup."""
    text = _ENTITY.sub("&#38;", text).replace("\\", "&#92;")
    return then.sub(r"\\\1", text) if then else text


def _escaped(text: str) -> str:
    """Escape what would be read as markup, and only that: numbers and names stay legible."""
    text = _backslashes(text, _ALWAYS)
    text = _OPENER.sub(r"\\\1", text)
    return re.sub(r"(?<!\\)" + _CLOSER.pattern, r"\\\1", text)
