"""Files of usage, read in parts: our events as lines, CSV or Parquet, and what others write.

A row without any id gets one from its file and line, so that the same file again adds nothing.
"""

from __future__ import annotations

import csv
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, get_args

import msgspec

from integration.foundation.errors import InvalidInput
from integration.metering.usage import COUNTS, MEASURES
from integration.sources import bedrock, gpu_jobs, langfuse, parquet_files, usage_events
from integration.sources.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from integration.metering.usage import UsageEvent

FileFormat = Literal["ndjson", "csv", "parquet", "codecarbon", "bedrock", "langfuse"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
WITH_HEADING = frozenset({"csv", "codecarbon"})
ROWS_AT_ONCE = 5_000
LONGEST_LINE = 1024 * 1024


class Part(NamedTuple):
    """Some rows of a file, read; `lines_done` counts from the file's beginning."""

    batch: Batch
    lines_done: int


def format_of(name: str) -> FileFormat:
    """Tell the format by the file's ending."""
    plain = name.removesuffix(".gz")
    return next((kind for kind in ("csv", "parquet") if plain.endswith(f".{kind}")), "ndjson")


def mark_of(name: str, file: BinaryIO, kind: FileFormat) -> str:
    """What a file is known by; one of lines stays the same while it grows.

    Its name, heading and first row; of Parquet its end, where all of it is described.
    """
    if kind == "parquet":
        file.seek(max(0, file.seek(0, 2) - LONGEST_LINE))
        told = file.read()
    else:
        told = b"".join(islice(_lines(file), 2 if kind in WITH_HEADING else 1))
    file.seek(0)
    return blake2b(name.encode() + b"\0" + told, digest_size=8).hexdigest()


def parts(
    file: BinaryIO, kind: FileFormat, mark: str, *, now: datetime, skip: int = 0
) -> Iterator[Part]:
    """Read a file of one row a line, or Parquet, from the row after the first `skip`.

    Raises:
        InvalidInput: a heading is missing, a line is longer than LONGEST_LINE, or it is no Parquet.
    """
    if kind == "parquet":
        done = skip
        for batch, rows in parquet_files.batches(file, now, skip, ROWS_AT_ONCE):
            yield Part(_all_named(batch, mark, done), done + rows)
            done += rows
        return
    heading = _line(file) if kind in WITH_HEADING else b""
    if kind in WITH_HEADING and not heading:
        raise InvalidInput("The file has no heading line")
    done = sum(1 for _ in islice(_lines(file), skip))
    while lines := list(islice(_lines(file), ROWS_AT_ONCE)):
        batch = _all_named(_read(lines, heading, kind, now), mark, done)
        done += len(lines)
        yield Part(batch, done)


def _all_named(batch: Batch, mark: str, done: int) -> Batch:
    """Give each event without an id one from its place in the file."""
    named = [(index, _named(event, f"file-{mark}-{done + index}")) for index, event in batch.events]
    return Batch(named, batch.rejected, batch.ignored)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := _line(file):
        if line.strip():
            yield line


def _line(file: BinaryIO) -> bytes:
    line = file.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise InvalidInput(
            f"A line is longer than {LONGEST_LINE} bytes: this file needs one row on each line"
        )
    return line


def _read(rows: list[bytes], heading: bytes, kind: FileFormat, now: datetime) -> Batch:
    if kind == "codecarbon":
        return gpu_jobs.read(heading + b"".join(rows), now=now)
    if kind == "csv":
        events = list(_from_csv(heading, rows))
        return usage_events.read(msgspec.json.encode({"events": events}), now=now)
    body = b"[" + b",".join(row.strip().rstrip(b",") for row in rows) + b"]"
    read = {"ndjson": usage_events.read, "bedrock": bedrock.read, "langfuse": langfuse.read}[kind]
    try:
        return read(body, now=now)
    except InvalidInput:
        return read(b"\n".join(row.strip() for row in rows), now=now)


def _from_csv(heading: bytes, rows: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """Rows under our field names as JSON objects; empty cells are left out."""
    texts = (row.decode("utf-8-sig", "replace") for row in (heading, *rows))
    for row in csv.DictReader(texts):
        yield {name: _cell(name, cell) for name, cell in row.items() if name and cell}


def _cell(name: str, cell: str) -> object:
    cell = cell.strip()
    if name == "tags":
        return cell.split(";")
    try:
        if name in COUNTS:
            return int(cell)
        return float(cell) if name in MEASURES else cell
    except ValueError:
        return cell  # The reader says what is wrong with it.


def _named(event: UsageEvent, name: str) -> UsageEvent:
    has_id = event.response_id or event.call_id or event.event_id or event.span_id
    return event if has_id else msgspec.structs.replace(event, event_id=name)
