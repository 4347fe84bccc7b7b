"""Read the "AI Cost & Carbon" table of a story: cells in, workloads and named problems out.

Headings may come in any order and wording (`headings.py`), in the first row or, for a table of
keys and values, in the first column. Rows that still hold the template's examples are not filled
in and are left out. What is written but cannot be read is named with its row, its column, what
was written and an example; it is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from integration.estimation.headings import field_of
from integration.estimation.workload import Missing, Workload
from integration.estimation.workload_row import RowReader

HEADING_ROWS = 3  # A title or a line of explanation may stand above the headings.
NOTHING_SAID = frozenset({"", "?", "??", "-", "–", "—", "…", "...", "tbd", "todo", "n/a", "na"})
EXAMPLE = re.compile(
    r"^(?:e\.\s?g\b|eg[.:, ]|for example|example\b|<.*>$|\[.*\]$|\{.*\}$)", re.IGNORECASE
)
NEVER_READ = frozenset(
    {"", "key", "field", "value", "input", "setting", "parameter", "notes", "comment", "comments"}
)


@dataclass(frozen=True, slots=True)
class WorkloadReading:
    """What a table says. `assumptions` are sentences on how something written was understood."""

    workloads: tuple[Workload, ...]
    problems: tuple[Missing, ...]
    assumptions: tuple[str, ...] = ()


NOT_FILLED_IN = WorkloadReading(
    (),
    (
        Missing(
            "",
            "table",
            "No row of the table is filled in. Write one row per use of a model or of GPUs.",
        ),
    ),
)
"""Of an empty table; a story without any table reads the same."""


def read_workloads(rows: list[list[str]], *, sprint_days: int = 10) -> WorkloadReading:
    """Read a table's cells. `sprint_days` are the working days by which a daily rate is multiplied.

    Never raises, whatever the cells hold. A problem of the whole table has an empty workload.
    """
    upright = _upright([[_cleaned(cell) for cell in row] for row in rows])
    found = _headings(upright)
    if found is None:
        reason = (
            "The table has no heading that can be read. "
            "Write for example: Workload | Model | Calls per Sprint | Input tokens | Output tokens."
        )
        return WorkloadReading((), (Missing("", "table", reason),))
    heading_row, fields = found
    reader = RowReader(sprint_days=sprint_days)
    for number, row in enumerate(upright[heading_row + 1 :], start=heading_row + 2):
        cells = _filled_cells(fields, row)
        if cells:
            reader.read(number, cells)
    if not reader.workloads:
        return NOT_FILLED_IN
    unread = _unread(upright, heading_row)
    return WorkloadReading(
        tuple(reader.workloads), tuple(reader.problems), (*reader.assumptions, *unread)
    )


def is_placeholder(cell: str) -> bool:
    """Whether a cell holds nothing, or still the template's example or mark.

    >>> is_placeholder("…"), is_placeholder("_e.g. gpt-4o-mini_"), is_placeholder("gpt-4o-mini")
    (True, True, False)
    """
    plain = _cleaned(cell)
    return plain.casefold() in NOTHING_SAID or EXAMPLE.match(plain) is not None


def _cleaned(cell: str) -> str:
    """Drop the marks of bold, italics and code around a cell, and fold its white space."""
    plain = " ".join(cell.split())
    while len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "*_`":
        plain = plain[1:-1].strip()
    return "" if plain in {"*", "_", "`"} else plain


def _upright(rows: list[list[str]]) -> list[list[str]]:
    """Turn a table of keys and values on its side, so that headings are always a row."""
    across = max((_recognised(row) for row in rows[:HEADING_ROWS]), default=0)
    down = _recognised([row[0] for row in rows if row])
    if down >= 2 and down > across:
        return [list(column) for column in zip_longest(*rows, fillvalue="")]
    return rows


def _recognised(cells: list[str]) -> int:
    return sum(field_of(cell) is not None for cell in cells)


def _headings(rows: list[list[str]]) -> tuple[int, list[str | None]] | None:
    best = max(range(min(HEADING_ROWS, len(rows))), key=lambda i: _recognised(rows[i]), default=0)
    if not rows or not _recognised(rows[best]):
        return None
    return best, [field_of(cell) for cell in rows[best]]


def _filled_cells(fields: list[str | None], row: list[str]) -> dict[str, str]:
    """What the row says per input; of two columns for one input the first filled one counts."""
    cells: dict[str, str] = {}
    for field, cell in zip(fields, row, strict=False):
        if field is not None and not is_placeholder(cell):
            cells.setdefault(field, cell)
    return cells


def _unread(rows: list[list[str]], heading_row: int) -> tuple[str, ...]:
    headings = rows[heading_row]
    body = rows[heading_row + 1 :]
    unread = [
        heading
        for column, heading in enumerate(headings)
        if heading.casefold() not in NEVER_READ
        and field_of(heading) is None
        and any(len(row) > column and not is_placeholder(row[column]) for row in body)
    ]
    return (f"Columns that are not read: {', '.join(unread)}.",) if unread else ()
