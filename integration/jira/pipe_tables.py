"""Tables that people paste as text: Markdown's `| a | b |` and Jira wiki markup's `||a||b||`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RULE = re.compile(r"^\|?[\s:|+-]*-[\s:|+-]*\|?$")
SHIELDED = re.compile(r"\\\||\[[^\]\n]*\||\{[^{}\n]*\|")
"""Pipes that part no cells: escaped ones, and those inside wiki links and macros."""
SHIELD = "\x00"
WIKI_LINK = re.compile(r"\[([^\]|]*)\|[^\]]*\]")
WIKI_MACRO = re.compile(r"\{(?:color|noformat|panel|quote|code)[^{}]*\}|\{\{|\}\}")


def pipe_tables(lines: Iterable[str]) -> Iterator[list[list[str]]]:
    """Yield each run of table lines as rows of cells; rule lines (`|---|`) are left out.

    >>> list(pipe_tables(["Inputs", "| Model | Calls |", "|---|--:|", "| m | 4k |", "Thanks"]))
    [[['Model', 'Calls'], ['m', '4k']]]
    >>> list(pipe_tables(["||Model||Calls||", "|[m|https://example.com]|{color:red}4k{color}|"]))
    [[['Model', 'Calls'], ['m', '4k']]]
    >>> list(pipe_tables(["Model | Calls", "--- | ---", "m |"]))
    [[['Model', 'Calls'], ['m', '']]]
    """
    rows: list[list[str]] = []
    for line in lines:
        plain = line.strip()
        if "|" not in plain:
            if rows:
                yield rows
            rows = []
        elif not RULE.match(plain):
            rows.append(_cells(plain))
    if rows:
        yield rows


def _cells(line: str) -> list[str]:
    shielded = SHIELDED.sub(lambda match: match[0].replace("|", SHIELD), line)
    parted = shielded.replace("||", "|") if shielded.startswith("||") else shielded
    parts = parted.removeprefix("|").split("|")
    if len(parts) > 1 and not parts[-1].strip() and parted.endswith("|") and parted[0] == "|":
        parts.pop()
    return [_plain(part) for part in parts]


def _plain(cell: str) -> str:
    whole = cell.replace("\\" + SHIELD, "|").replace(SHIELD, "|")
    named = WIKI_LINK.sub(lambda match: match[1], whole)
    return " ".join(WIKI_MACRO.sub("", named).split())
