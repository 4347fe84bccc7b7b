"""Files of usage, read in parts, and resumed after an interruption."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from integration.foundation.errors import InvalidInput
from integration.metering.identity import identities
from integration.sources.usage_files import LONGEST_LINE, Part, mark_of, parts

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


def test_a_file_that_grew_is_the_same_file_and_another_name_is_another() -> None:
    assert mark_of("a", b"x") == mark_of("a", b"x") != mark_of("b", b"x")
