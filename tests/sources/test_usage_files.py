"""Files of usage, read in parts, and resumed after an interruption."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from integration.foundation.errors import InvalidInput
from integration.metering.identity import identities
from integration.sources.usage_files import (
    LONGEST_LINE,
    FileFormat,
    Part,
    format_of,
    mark_of,
    parts,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = "2026-11-19T10:00:00Z"


def lines(count: int) -> bytes:
    rows = [{"request_model": "gpt-4o", "occurred_at": AT, "input_tokens": 5} for _ in range(count)]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def read(body: bytes, kind: str = "ndjson", skip: int = 0) -> list[Part]:
    return list(parts(io.BytesIO(body), kind, "m", now=NOW, skip=skip))  # type: ignore[arg-type]


def test_equal_rows_without_ids_are_different_calls_and_the_same_ones_next_time() -> None:
    once, again = (
        [identities(event)[0] for part in read(lines(3)) for _, event in part.batch.events]
        for _ in range(2)
    )
    assert len(set(once)) == 3
    assert once == again


def test_a_file_is_read_in_parts_and_goes_on_where_it_was() -> None:
    whole = read(lines(12_001))
    assert [part.lines_done for part in whole] == [5000, 10_000, 12_001]
    rest = read(lines(12_001), skip=5000)
    assert [part.lines_done for part in rest] == [10_000, 12_001]
    assert rest[0].batch.events == whole[1].batch.events


def test_a_broken_row_is_rejected_alone() -> None:
    body = lines(1) + b"{nonsense\n" + b'{"request_model": "m", "input_tokens": -4}\n' + lines(1)
    (part,) = read(body)
    assert [index for index, _ in part.batch.events] == [0, 3]
    assert [each.index for each in part.batch.rejected] == [1, 2]


def test_csv_columns_carry_our_names_and_empty_cells_are_left_out() -> None:
    body = (
        "occurred_at,request_model,input_tokens,output_tokens,story_key,tags,gpu_hours\n"
        f"{AT},gpt-4o,1200,300,SHOP-1,a;b,\n"
        f"{AT},gpt-4o,many,300,SHOP-1,,\n"
    )
    (part,) = read(body.encode(), "csv")
    ((_, event),) = part.batch.events
    assert (event.input_tokens, event.output_tokens, event.tags) == (1200, 300, ("a", "b"))
    assert [each.index for each in part.batch.rejected] == [1]


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(InvalidInput):
        read(b"[" + b" " * (LONGEST_LINE + 10))


def mark(name: str, body: bytes, kind: FileFormat = "ndjson") -> str:
    file = io.BytesIO(body)
    found = mark_of(name, file, kind)
    assert file.tell() == 0
    return found


def test_a_file_that_grew_is_the_same_file() -> None:
    assert mark("a", lines(1)) == mark("a", lines(9)) != mark("b", lines(1))
    assert mark("a", b'{"x": 1}\n' + lines(9)) != mark("a", lines(9))
    heading = b"a,b\n"
    assert mark("a", heading + b"1,2\n", "csv") != mark("a", heading + b"1,3\n", "csv")


def test_the_ending_of_a_name_tells_the_format() -> None:
    names = ("a.csv", "a.csv.gz", "a.parquet", "a.ndjson", "a.jsonl.gz", "a")
    found = [format_of(name) for name in names]
    assert found == ["csv", "csv", "parquet", "ndjson", "ndjson", "ndjson"]


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_parquet_columns_carry_our_names_and_nulls_are_left_out() -> None:
    at = datetime(2026, 11, 19, 10, tzinfo=UTC)
    body = parquet(
        request_model=["gpt-4o", "gpt-4o", None], input_tokens=[1200, -1, 5],
        occurred_at=[at, at, at], tags=[["a", "b"], None, None], story_key=["SHOP-1", None, None],
        gpu_hours=[None, None, 2.5], accelerator=[None, None, "H100"],
    )  # fmt: skip
    (part,) = read(body, "parquet")
    (first, call), (last, job) = part.batch.events
    assert (first, last, part.lines_done) == (0, 2, 3)
    assert (call.occurred_at, call.input_tokens, call.tags) == (at, 1200, ("a", "b"))
    assert (call.story_key, job.gpu_hours, job.accelerator) == ("SHOP-1", 2.5, "H100")
    assert call.event_id.startswith("file-m-")
    assert [(each.index, each.code) for each in part.batch.rejected] == [(1, "out_of_range")]


def test_parquet_goes_on_where_it_was_and_needs_a_time_zone() -> None:
    many = parquet(request_model=["m"] * 12_001, input_tokens=list(range(12_001)))
    assert [part.lines_done for part in read(many, "parquet")] == [5000, 10_000, 12_001]
    (rest,) = read(many, "parquet", skip=12_000)
    assert [event.input_tokens for _, event in rest.batch.events] == [12_000]
    assert rest.batch.events[0][1].event_id == "file-m-12000"
    assert mark("a", many, "parquet") == mark("a", many, "parquet")
    local = datetime.fromisoformat("2026-11-19T10:00:00")
    naive = parquet(request_model=["m"], occurred_at=[local])
    assert [each.code for each in read(naive, "parquet")[0].batch.rejected] == ["no_time_zone"]


def test_what_is_no_parquet_is_refused() -> None:
    for body in (b"", b"PAR1", lines(3), parquet(a=[1])[:-9]):
        with pytest.raises(InvalidInput):
            read(body, "parquet")
