"""Says whether a document is ADF that Jira would take, and what its text is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.sandbox.jira.config import Json, JsonObject

_INLINE = {
    "text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "placeholder",
    "mediaInline", "inlineExtension",
}  # fmt: skip
_LISTS = {"bulletList", "orderedList", "taskList", "decisionList"}
_MEDIA = {"mediaSingle", "mediaGroup"}
_SIMPLE = {"paragraph", "codeBlock"} | _LISTS | _MEDIA
_CELL = _SIMPLE | {
    "heading", "rule", "blockquote", "panel", "blockCard", "embedCard", "nestedExpand", "extension",
}  # fmt: skip
_DOC = (_CELL - {"nestedExpand"}) | {"table", "expand", "bodiedExtension", "layoutSection"}
_CHILDREN: dict[str, set[str]] = {
    "doc": _DOC,
    "paragraph": _INLINE,
    "heading": _INLINE,
    "codeBlock": {"text"},
    "blockquote": _SIMPLE,
    "panel": _SIMPLE | {"heading", "rule", "blockCard"},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": _SIMPLE,
    "table": {"tableRow"},
    "tableRow": {"tableCell", "tableHeader"},
    "tableCell": _CELL,
    "tableHeader": _CELL,
    "expand": (_CELL | {"table", "nestedExpand"}),
    "nestedExpand": _CELL - {"nestedExpand"},
    "taskList": {"taskItem", "taskList"},
    "taskItem": _INLINE,
    "decisionList": {"decisionItem"},
    "decisionItem": _INLINE,
}
_NOT_EMPTY = {"bulletList", "orderedList", "listItem", "table", "blockquote", "panel", "tableCell",
              "tableHeader", "expand", "nestedExpand"}  # fmt: skip


def is_adf(document: Json) -> bool:
    """Tell whether the document's nodes are known and nested as ADF allows.

    Marks are not looked at. Jira answers anything else with 400. The full judge is Atlassian's
    own JSON schema.
    """
    if not isinstance(document, dict) or document.get("type") != "doc":
        return False
    return document.get("version") == 1 and "content" in document and _nested_well(document, 0)


def _nested_well(node: JsonObject, depth: int) -> bool:
    kind = node.get("type")
    if depth > 40 or not isinstance(kind, str):
        return False
    if kind == "text":
        return isinstance(node.get("text"), str) and node["text"] != ""
    content = node.get("content", [])
    if not isinstance(content, list) or (kind in _NOT_EMPTY and not content):
        return False
    if kind == "heading" and node.get("attrs", {}).get("level") not in range(1, 7):
        return False
    allowed = _CHILDREN.get(kind)
    return all(
        isinstance(child, dict)
        and (allowed is None or child.get("type") in allowed)
        and _nested_well(child, depth + 1)
        for child in content
    )


def plain_text(document: JsonObject | None) -> str:
    """Return the words of a document, blocks apart, for the text search and the changelog."""
    return " ".join(_words(document)) if document else ""


def _words(node: JsonObject) -> Iterator[str]:
    if node.get("type") == "text":
        yield node["text"]
    for child in node.get("content", []):
        yield from _words(child)
