"""The "AI Cost & Carbon" section of a story: written once, found again, and its table read back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from integration.estimation.headings import field_of
from integration.jira import adf
from integration.jira.pipe_tables import pipe_tables
from integration.jira.wiki import from_wiki

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integration.jira.adf import Node

HEADING = "AI Cost & Carbon"
CRITERIA_HEADING = "Acceptance criteria: AI cost and carbon"
COLUMNS = (
    "Workload",
    "Model",
    "Calls per Sprint",
    "Input tokens per call",
    "Output tokens per call",
    "Cached share",
    "Region",
    "GPU type",
    "GPU hours",
)
EXAMPLE = (
    "e.g. Chat answers", "e.g. gpt-4o-mini", "e.g. 5k", "e.g. 1.2k", "e.g. 300", "e.g. 40%",
    "e.g. eu-west-1", "e.g. 2 x H100", "e.g. 6",
)  # fmt: skip
EMPTY_ROWS = 2
WHAT_RUNS = frozenset({"model", "accelerator"})
HOW_MUCH = frozenset(
    {"calls", "calls_per_day", "input_tokens", "output_tokens", "gpu_hours", "total_gpu_hours"}
)
"""A table elsewhere counts when it names both: "Input | Output" alone may be about anything."""

Rows = list[list[str]]


def section() -> Node:
    """Render the section as a document of its own."""
    return adf.render(
        "story_section.json.j2",
        heading=HEADING,
        criteria_heading=CRITERIA_HEADING,
        columns=list(COLUMNS),
        example=list(EXAMPLE),
        rows=EMPTY_ROWS,
    )


def find_section(description: Node | None) -> int | None:
    """Return the place of the section's heading among the document's reading order, or None."""
    for place, block in enumerate(adf.blocks_of(description or {})):
        if block["type"] == "heading" and _is_our_heading(adf.plain_text(block)):
            return place
    return None


def append_section(description: Node | None) -> Node | None:
    """Return the description with the section at its end, or None when it is there already.

    A workload table that somebody wrote without our heading counts as the section.
    """
    if read_rows(description) is not None or find_section(description) is not None:
        return None
    written = list((description or {}).get("content") or ())
    return adf.document(*written, *section()["content"])


def digest_of(description: Node | None) -> str:
    """Return 16 hexadecimal digits that stand for a description's words."""
    words = " ".join(adf.plain_text(description or {}).split())
    return sha256(words.encode("utf-8", "replace")).hexdigest()[:16]


def read_rows(description: Node | None) -> Rows | None:
    """Find the workload table and return its cells, headings first; None without such a table.

    The table under our heading wins, then any table with headings that we know; a table pasted as
    text counts like a real one.
    """
    return _workload_table(_pieces(description or {}))


def read_wiki_rows(description: str) -> Rows | None:
    """Do as `read_rows` for wiki markup or plain text, as webhooks and Data Center carry it."""
    return read_rows(from_wiki(description))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A heading or a table, in reading order."""

    heading: str = ""
    table: Rows | None = None
    level: int = 0


def _pieces(description: Node) -> list[_Piece]:
    pieces: list[_Piece] = []
    lines: list[str] = []
    for block in adf.blocks_of(description):
        if block["type"] in {"paragraph", "codeBlock"}:
            lines += adf.plain_text(block).split("\n")
            continue
        pieces += [_Piece(table=table) for table in pipe_tables(lines)]
        lines = []
        if block["type"] == "table":
            pieces.append(_Piece(table=adf.table_rows(block)))
        else:
            level = (block.get("attrs") or {}).get("level")
            level = level if isinstance(level, int) else 1
            pieces.append(_Piece(adf.plain_text(block), level=level))
    return pieces + [_Piece(table=table) for table in pipe_tables(lines)]


def _workload_table(pieces: list[_Piece]) -> Rows | None:
    under_heading = [table for table in _section_tables(pieces) if _known_headings(table)]
    elsewhere = [piece.table for piece in pieces if piece.table and _is_telling(piece.table)]
    return next(iter(under_heading + elsewhere), None)


def _section_tables(pieces: list[_Piece]) -> Iterable[Rows]:
    """Yield the tables between our heading and the next heading of the same or a higher level."""
    level = 0
    for piece in pieces:
        if piece.heading:
            if _is_our_heading(piece.heading):
                level = piece.level
            elif piece.level <= level:
                level = 0
        elif level and piece.table:
            yield piece.table


def _known_headings(table: Rows) -> set[str | None]:
    """Return the known headings of the best of the first rows, or of the first column."""
    lines = [*table[:3], [row[0] for row in table if row]]
    return max(({field_of(cell) for cell in line} - {None} for line in lines), key=len)


def _is_telling(table: Rows) -> bool:
    known = _known_headings(table)
    return bool(known & WHAT_RUNS and known & HOW_MUCH)


def _is_our_heading(words: str) -> bool:
    plain = re.sub(r"[^a-z]+", " ", words.casefold().replace("&amp;", "&")).strip()
    return plain in {"ai cost carbon", "ai cost and carbon"}
