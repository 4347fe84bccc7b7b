"""Numbers as people write them in a story."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.written_numbers import read_count, read_hours, read_share


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1200", "1200"),
        ("4k", "4000"),
        ("1.2M", "1200000"),
        ("1,5k", "1500"),
        ("2 million", "2000000"),
        ("1,200", "1200"),
        ("1 200", "1200"),
        ("1\u202f200", "1200"),
        ("1'200", "1200"),
        ("1.200", "1200"),
        ("1.234.567", "1234567"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1.200M", "1200000"),
        ("1.2", "1.2"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("~500", "500"),
        ("approx. 500", "500"),
        ("10-20", "15"),
        ("4-6k", "5000"),
        ("4k – 6k", "5000"),
        ("500 tokens per call", "500"),
    ],
)
def test_a_count_is_read_as_it_was_meant(written: str, value: str) -> None:
    read = read_count(written)
    assert read is not None
    assert read.value == Decimal(value)
    assert read.per == ""


@pytest.mark.parametrize(
    "written", ["", "lots", "<500", "500+", "20-10", "-5", "1,20,3", "4 apples", "1e99", "²"]
)
def test_what_is_no_count_is_not_guessed(written: str) -> None:
    assert read_count(written) is None


@pytest.mark.parametrize(
    ("written", "per"),
    [
        ("500/day", "day"),
        ("500 a day", "day"),
        ("500 calls daily", "day"),
        ("500 per week", "week"),
        ("500 per Sprint", ""),
        ("500/sprint", ""),
    ],
)
def test_a_rate_keeps_its_period(written: str, per: str) -> None:
    read = read_count(written)
    assert read is not None
    assert (read.value, read.per) == (Decimal(500), per)


def test_only_a_decision_in_reading_is_noted() -> None:
    plain, grouped, middle = read_count("1200"), read_count("1.200"), read_count("10-20")
    assert plain is not None
    assert plain.notes == ()
    assert grouped is not None
    assert grouped.notes == ("“1.200” is read as 1200.",)
    assert middle is not None
    assert middle.notes == ("“10-20” is taken at its middle, 15.",)


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("80%", "0.8"),
        ("0.8", "0.8"),
        ("0,8", "0.8"),
        ("80", "0.8"),
        ("1%", "0.01"),
        ("100 %", "1"),
        ("none", "0"),
        ("0", "0"),
        ("70-80%", "0.75"),
        ("0,800", "0.8"),
    ],
)
def test_a_share_is_read_in_percent_or_as_a_fraction(written: str, share: str) -> None:
    read = read_share(written)
    assert read is not None
    assert read.value == Decimal(share)


@pytest.mark.parametrize("written", ["1", "101", "120%", "most", "-10%"])
def test_a_share_that_could_mean_two_things_or_none_is_not_guessed(written: str) -> None:
    assert read_share(written) is None


@pytest.mark.parametrize(
    ("written", "hours"),
    [("6", "6"), ("6h", "6"), ("1.5 hours", "1.5"), ("2 days", "48"), ("1.200", "1.2")],
)
def test_hours_are_a_measure_so_a_dot_is_their_decimal_mark(written: str, hours: str) -> None:
    read = read_hours(written)
    assert read is not None
    assert read.value == Decimal(hours)


def test_ninety_minutes_are_an_hour_and_a_half() -> None:
    read = read_hours("90 min")
    assert read is not None
    assert round(read.value, 9) == Decimal("1.5")


WAYS = [
    lambda n: f"{n}",
    lambda n: f"{n:,}",
    lambda n: f"{n:,}".replace(",", " "),
    lambda n: f"{n:,}".replace(",", "."),
    lambda n: f"{n:,}".replace(",", "'"),
    lambda n: f"~{n}",
    lambda n: f"{Decimal(n) / 1000}k",
    lambda n: f"{Decimal(n) / 1_000_000:f} M",
    lambda n: f"{n} calls",
    lambda n: f"{n}-{n}",
]


@given(st.integers(0, 10**9), st.sampled_from(WAYS))
def test_a_whole_number_survives_every_usual_way_to_write_it(number: int, way: object) -> None:
    assert callable(way)
    read = read_count(way(number))
    assert read is not None
    assert read.value == number


@given(st.text())
def test_no_text_whatever_breaks_the_reading(written: str) -> None:
    for read in (read_count(written), read_hours(written), read_share(written)):
        assert read is None or read.value >= 0
