"""Reading a series from whatever wrote the CSV."""

from datetime import UTC, datetime

import pytest

from integration.anomalies.series import read_series
from integration.foundation.errors import InvalidInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02 12:00:00", "2026-03-02T12:00:00Z", "2026-03-02T13:00:00+01:00", "1772452800",
        "1772452800000", "2026-03-02T12:00:00.000000",
    ],
)  # fmt: skip
def test_every_common_way_to_write_an_instant(written: str) -> None:
    assert read_series([f"{written},1.5"]) == [(NOON, 1.5)]


def test_header_bom_blank_lines_gaps_and_further_columns_are_left_alone() -> None:
    lines = ["\ufefftimestamp,value,label", "", "2026-03-02T12:00:00Z, 3 ,x", "2026-03-03,NaN,",
             "2026-03-04,,0", '"2026-03-01","2e0"']  # fmt: skip
    assert read_series(lines) == [(datetime(2026, 3, 1, tzinfo=UTC), 2.0), (NOON, 3.0)]


def test_a_time_that_comes_twice_keeps_the_larger_value() -> None:
    assert read_series(["2026-03-02 12:00,1", "2026-03-02 12:00,4"]) == [(NOON, 4.0)]


def test_errors_name_each_line_that_cannot_be_read() -> None:
    lines = ["timestamp,value", "2026-03-02,1", "yesterday,2", "2026-03-04,lots", "2026-03-05",
             "2026-03-06,inf"]  # fmt: skip
    with pytest.raises(InvalidInput, match="line 3: 'yesterday' is not an ISO 8601") as caught:
        read_series(lines)
    assert [error.message.split(":")[0] for error in caught.value.errors] == [
        "line 3", "line 4", "line 5", "line 6",
    ]  # fmt: skip


def test_a_bad_value_in_the_first_row_is_no_header() -> None:
    with pytest.raises(InvalidInput, match="line 1"):
        read_series(["2026-03-02,lots"])


def test_nothing_reads_as_nothing() -> None:
    assert read_series([]) == []
    assert read_series(["timestamp,value"]) == []
