"""Reading a series from whatever wrote the CSV."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from integration.anomalies.series import read_series
from integration.foundation.errors import InvalidInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02 12:00:00", "2026-03-02T12:00:00Z", "2026-03-02T13:00:00+01:00", "1772452800",
        "1772452800000", "2026-03-02T12:00:00.000000", "1772452800.0", "1772452800000000000",
        "2026-03-02 12:00:00 UTC", "2026-03-02 12:00", "20260302T120000Z", "2026/03/02 12:00",
        "03/02/2026 12:00 PM", "02.03.2026 12:00", "2 Mar 2026 12:00", '"Mar 2, 2026 12:00"',
        '"Mon, 02 Mar 2026 12:00:00 GMT"',
    ],
)  # fmt: skip
def test_every_common_way_to_write_an_instant(written: str) -> None:
    assert read_series([f"{written},1.5"]) == [(NOON, 1.5)]


def test_header_bom_blank_lines_gaps_and_further_columns_are_left_alone() -> None:
    lines = ["\ufefftimestamp,value,label", "", "2026-03-02T12:00:00Z, 3 ,x", "2026-03-03,NaN,",
             "2026-03-04,,0", '"2026-03-01","2e0"']  # fmt: skip
    assert read_series(lines) == [(datetime(2026, 3, 1, tzinfo=UTC), 2.0), (NOON, 3.0)]


def test_eight_digits_are_a_day() -> None:
    assert read_series(["day,cost", "20260302,1.5"]) == [(datetime(2026, 3, 2, tzinfo=UTC), 1.5)]


def test_times_without_values_are_refused() -> None:
    with pytest.raises(InvalidInput, match="another one of values"):
        read_series(["value", "1", "2", "3"])


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


def test_the_column_says_whether_the_day_or_the_month_comes_first() -> None:
    lines = ["date,value", "01/03/2026,1", "02/03/2026,1", "13/03/2026,2"]
    assert [at.day for at, _ in read_series(lines)] == [1, 2, 13]
    assert [at.day for at, _ in read_series(["03/01/2026,1", "03/13/2026,2"])] == [1, 13]


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["t;cost", "2026-03-02;1234,5"], 1234.5),
        (["t\tcost", "2026-03-02\t1234.5"], 1234.5),
        (["t,cost", '2026-03-02,"$1,234.50"'], 1234.5),
        (["t,cost", '2026-03-02,"12,345"'], 12345.0),
        (["value,timestamp", "7.5,2026-03-02"], 7.5),
        (["id,timestamp,value", "9,2026-03-02,7.5"], 7.5),
        (["# exported", "timestamp,is_anomaly,value", "2026-03-02,0,7.5"], 7.5),
    ],
)
def test_delimiters_columns_and_numbers_as_programs_write_them(
    lines: list[str], value: float
) -> None:
    assert read_series(lines) == [(datetime(2026, 3, 2, tzinfo=UTC), value)]


def test_holes_in_a_grid_stay_holes() -> None:
    hours = [hour for hour in range(100) if hour % 7]
    lines = [f"{(NOON + timedelta(hours=hour)).isoformat()},1" for hour in hours]
    assert len(read_series(lines)) == len(hours)


def test_single_events_are_added_up() -> None:
    draw, at, lines = random.Random(2), NOON, []
    for _ in range(2000):
        at += timedelta(seconds=draw.expovariate(1 / 60))
        lines.append(f"{at.isoformat()},0.5")
    series = read_series(lines)
    gaps = {later - earlier for (earlier, _), (later, _) in pairwise(series)}
    assert gaps == {timedelta(minutes=5)}
    assert sum(value for _, value in series) == pytest.approx(1000)


def test_seconds_become_minutes() -> None:
    lines = [f"{(NOON + timedelta(seconds=n)).isoformat()},1" for n in range(600)]
    assert [value for _, value in read_series(lines)] == [60.0] * 10
