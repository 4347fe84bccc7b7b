"""Parquet files of events under our own field names, read in parts; needs the extra `parquet`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from integration.foundation.errors import InvalidInput
from integration.sources import usage_events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from integration.sources.batch import Batch


def batches(
    file: BinaryIO, now: datetime, skip: int, rows_at_once: int
) -> Iterator[tuple[Batch, int]]:
    """Read a file from the row after the first `skip`; yields how many rows each batch had.

    Null cells are left out. A time needs a time zone in the file's schema, as everywhere.

    Raises:
        InvalidInput: pyarrow is not installed, or the file is no Parquet.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as missing:
        raise InvalidInput("Parquet needs pyarrow: install storymeter[server,parquet]") from missing
    try:
        rows = _rows(pq.ParquetFile(file).iter_batches(batch_size=rows_at_once))
        for _ in islice(rows, skip):
            pass
        while part := list(islice(rows, rows_at_once)):
            yield usage_events.read(msgspec.json.encode({"events": part}), now=now), len(part)
    except pa.ArrowException as wrong:
        raise InvalidInput(f"This is no Parquet file that can be read: {wrong}") from wrong


def _rows(tables: Iterator[Any]) -> Iterator[dict[str, Any]]:
    for table in tables:
        for row in table.to_pylist():
            yield {name: cell for name, cell in row.items() if cell is not None}
