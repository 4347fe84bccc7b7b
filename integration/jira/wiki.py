"""Jira wiki markup, which Data Center keeps instead of ADF.

Reading takes each line as it is, so that reading and writing again changes nothing that people
wrote; writing knows only the nodes that our own templates use.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integration.jira import adf
from integration.jira.pipe_tables import escaped

if TYPE_CHECKING:
    from integration.jira.adf import Node

HEADING = re.compile(r"^h([1-6])\. (\S.*)$")


def from_wiki(markup: str) -> Node:
    """Read markup line by line: headings as headings, everything else as paragraphs of raw text."""
    return (
        adf.document(*(_block(line) for line in markup.split("\n"))) if markup else adf.document()
    )


def to_wiki(document: Node) -> str:
    """Write a document as markup; `to_wiki(from_wiki(text)) == text`."""
    return "\n".join(_lines(block) for block in document.get("content") or ())


def _block(line: str) -> Node:
    if match := HEADING.match(line):
        return {
            "type": "heading",
            "attrs": {"level": int(match[1])},
            "content": adf.text(match[2]),
        }
    return adf.paragraph(line)


def _lines(block: Node) -> str:
    kind = block["type"]
    if kind == "heading":
        return f"h{block['attrs']['level']}. {_inline(block)}"
    if kind == "table":
        return "\n".join(_table_line(row) for row in block["content"])
    if kind == "bulletList":
        return "\n".join(f"* {adf.plain_text(item)}" for item in block["content"])
    if kind == "expand":
        inside = [_lines(child) for child in block["content"]]
        return "\n".join([f"*{block['attrs']['title']}*", *inside])
    return "----" if kind == "rule" else _inline(block)


def _inline(block: Node) -> str:
    return "".join(_marked(node) for node in block.get("content") or ())


def _marked(node: Node) -> str:
    words = adf.plain_text(node)
    for mark in node.get("marks") or ():
        if mark.get("type") == "strong":
            words = f"*{words}*"
        elif mark.get("type") == "link":
            words = f"[{words}|{mark['attrs']['href']}]"
    return words


def _table_line(row: Node) -> str:
    bar = "||" if row["content"][0]["type"] == "tableHeader" else "|"
    cells = (escaped(adf.plain_text(cell).replace("\n", " ")) for cell in row["content"])
    return bar + "".join(f"{cell or ' '}{bar}" for cell in cells)
