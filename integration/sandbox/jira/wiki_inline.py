"""Reads the inline part of Jira wiki markup: bold, emphasis, code, links, mentions, line breaks."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.sandbox.jira.config import JsonObject

MARKERS = {"*": "strong", "_": "em", "-": "strike", "+": "underline"}
_SPECIAL = re.compile(
    r"\\\\|\\(?P<escaped>[^\w\s]|_)|\{\{(?P<code>(?:\\.|[^\\\n])+?)\}\}|\{(?P<brace>[*_+-])\}"
    r"|\[(?P<link>(?:\\.|[^\]\\\n])+)\]|\{color(?::(?P<color>[^}]+))?\}|(?P<entity>&#\d{1,7};)"
    r"|(?P<url>https?://[^\s|\]\[{}*]+)|(?P<marker>[*_+-])|\n"
)
_UNESCAPE = re.compile(r"\\([^\w\s]|_)")


def unescaped(text: str) -> str:
    """Take the backslashes away and decode numeric entities."""
    return _plain(_UNESCAPE.sub(r"\1", text))


def _plain(text: str) -> str:
    return re.sub(r"&#\d{1,7};", lambda found: html.unescape(found.group()), text)


def inline_nodes(text: str) -> list[JsonObject]:
    """Return the ADF inline nodes for one paragraph, heading or cell."""
    nodes: list[JsonObject] = []
    _read(text, (), nodes)
    return _joined(nodes)


def text_node(text: str, marks: tuple[JsonObject, ...] = ()) -> JsonObject:
    """Return a text node; callers never pass empty text."""
    node: JsonObject = {"type": "text", "text": text}
    if marks:
        node["marks"] = list(marks)
    return node


def _joined(nodes: list[JsonObject]) -> list[JsonObject]:
    """Join neighbouring text nodes that carry the same marks."""
    joined: list[JsonObject] = []
    for node in nodes:
        last = joined[-1] if joined else None
        if (
            last is not None
            and node["type"] == last["type"] == "text"
            and node.get("marks") == last.get("marks")
        ):
            last["text"] += node["text"]
        else:
            joined.append(node)
    return joined


def _read(text: str, marks: tuple[JsonObject, ...], nodes: list[JsonObject]) -> None:
    position = 0
    while position < len(text):
        found = _SPECIAL.search(text, position)
        if found is None:
            nodes.append(text_node(text[position:], marks))
            return
        if found.start() > position:
            nodes.append(text_node(text[position : found.start()], marks))
        position = _special(text, found, marks, nodes)


def _special(
    text: str, found: re.Match[str], marks: tuple[JsonObject, ...], nodes: list[JsonObject]
) -> int:
    """Read one special sequence and return where to go on."""
    group = found.lastgroup
    end = found.end()
    if group in ("marker", "brace"):
        return _toggled(text, found, marks, nodes)
    if group == "escaped":
        nodes.append(text_node(found["escaped"], marks))
    elif group == "code":
        nodes.append(text_node(unescaped(found["code"]), ({"type": "code"},)))
    elif group == "link":
        nodes.extend(_link(found["link"], marks))
    elif group == "url":
        url = found["url"].rstrip(".,;:!?)'\"")
        end = found.start("url") + len(url)
        nodes.append(text_node(url, (*marks, {"type": "link", "attrs": {"href": url}})))
    elif group == "entity":
        plain = _plain(found["entity"]) or found["entity"]
        nodes.append(text_node(plain, marks))
    elif group == "color":
        return _coloured(text, found, marks, nodes)
    elif found.group() in ("\\\\", "\n"):
        nodes.append({"type": "hardBreak"})
    return end


def _toggled(
    text: str, found: re.Match[str], marks: tuple[JsonObject, ...], nodes: list[JsonObject]
) -> int:
    """Read `*bold*` or `{*}bold{*}`; a marker that opens nothing is text."""
    braced = found.lastgroup == "brace"
    marker = found["brace"] if braced else found["marker"]
    mark: JsonObject = {"type": MARKERS[marker]}
    closing = None
    if mark not in marks and (braced or _may_open(text, found.start(), found.end())):
        closing = _closing(text, found.end(), marker, braced=braced)
    if closing is None:
        nodes.append(text_node(found.group(), marks))
        return found.end()
    _read(text[found.end() : closing], (*marks, mark), nodes)
    return closing + len(found.group())


def _may_open(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isalnum() or before == text[start]) and not after.isspace()


def _closing(text: str, start: int, marker: str, *, braced: bool) -> int | None:
    """Find where the marker closes, stepping over escapes, code and links."""
    for found in _SPECIAL.finditer(text, start):
        if found.group() == "\n":
            return None
        if braced:
            if found.lastgroup == "brace" and found["brace"] == marker and found.start() > start:
                return found.start()
        elif found.lastgroup == "marker" and found["marker"] == marker and found.start() > start:
            after = text[found.end()] if found.end() < len(text) else " "
            if not text[found.start() - 1].isspace() and not after.isalnum() and after != marker:
                return found.start()
    return None


def _coloured(
    text: str, found: re.Match[str], marks: tuple[JsonObject, ...], nodes: list[JsonObject]
) -> int:
    """Read `{color:#rrggbb}…{color}`; of another colour only the text is kept."""
    close = text.find("{color}", found.end())
    inside = text[found.end() : close if close >= 0 else len(text)]
    already = any(mark["type"] == "textColor" for mark in marks)
    if re.fullmatch(r"#[0-9a-fA-F]{6}", found["color"]) and not already:
        marks = (*marks, {"type": "textColor", "attrs": {"color": found["color"].lower()}})
    if already or close < 0:
        return found.end()
    _read(inside, marks, nodes)
    return close + len("{color}")


def _link(inside: str, marks: tuple[JsonObject, ...]) -> list[JsonObject]:
    """Read `[text|url]`, `[url]` or `[~accountid:…]`; anything else in brackets is text."""
    if re.fullmatch(r"~[^|\s]+", inside):
        account = inside[1:].removeprefix("accountid:")
        return [{"type": "mention", "attrs": {"id": account, "text": f"@{account}"}}]
    parts = re.split(r"(?<!\\)\|", inside)
    target = parts[1] if len(parts) > 1 else parts[0]
    if not re.match(r"(https?|mailto):", target):
        return [text_node(f"[{unescaped(inside)}]", marks)]
    label = unescaped(parts[0]) or target
    return [text_node(label, (*marks, {"type": "link", "attrs": {"href": target}}))]
