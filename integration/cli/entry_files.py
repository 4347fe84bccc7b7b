"""The ledger's entries as files: one JSON object a line, or Parquet."""

from __future__ import annotations

import json
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, get_type_hints

from integration.foundation.errors import InvalidInput
from integration.ledger.entry import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ROWS_AT_ONCE = 50_000


def write_lines(file: Path, entries: Iterable[LedgerEntry]) -> int:
    """Write one JSON object a line; returns how many."""
    written = 0
    with file.open("w", encoding="utf-8") as lines:
        for entry in entries:
            lines.write(json.dumps(entry._asdict(), default=str) + "\n")
            written += 1
    return written


def write_parquet(file: Path, entries: Iterable[LedgerEntry]) -> int:
    """Write Parquet, ids as text; returns how many.

    Raises:
        InvalidInput: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as missing:
        raise InvalidInput(
            "Parquet needs pyarrow: install storymeter[server,parquet], or export to .ndjson"
        ) from missing
    kinds = {int: pa.int64(), date: pa.date32(), datetime: pa.timestamp("us", "UTC")}
    schema = pa.schema([(name, kinds.get(kind, pa.string())) for name, kind in columns().items()])
    rows, written = iter(entries), 0
    with pq.ParquetWriter(file, schema) as writer:
        while part := list(islice(rows, ROWS_AT_ONCE)):
            cells = [[_plain(cell) for cell in column] for column in zip(*part, strict=True)]
            writer.write_table(pa.table(cells, schema=schema))
            written += len(part)
    return written


def columns() -> dict[str, Any]:
    """The type of each column; what may be unknown is a column with nulls."""
    from uuid import UUID

    hints = get_type_hints(LedgerEntry, localns={"date": date, "datetime": datetime, "UUID": UUID})
    return {name: _known(hints[name]) for name in LedgerEntry._fields}


def _known(hint: Any) -> Any:
    kinds = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 else str


def _plain(cell: object) -> object:
    return cell if cell is None or isinstance(cell, (int, str, date)) else str(cell)
