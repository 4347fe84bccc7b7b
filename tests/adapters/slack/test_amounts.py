"""What people type as a cap's new limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.slack.amounts import AmountError, read_amount, suggested_limit, write_amount


@pytest.mark.parametrize(
    ("typed", "unit", "amount"),
    [
        ("250", "usd", 250_000_000_000),
        ("$250", "usd", 250_000_000_000),
        (" 1,250.50 USD ", "usd", 1_250_500_000_000),
        ("US$ 0.000000001", "usd", 1),
        ("2,000,000 tokens", "tokens", 2_000_000),
        ("2 000 000", "tokens", 2_000_000),
        ("6.5 kg CO₂e", "kgco2e", 6_500_000_000),
        ("6.5 kg", "kgco2e", 6_500_000_000),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, unit: str, amount: int) -> None:
    assert read_amount(typed, unit) == amount


@pytest.mark.parametrize(
    ("typed", "unit", "problem"),
    [
        ("", "usd", "amount_not_a_number"),
        ("1,5", "usd", "amount_not_a_number"),
        ("12,34,567", "usd", "amount_not_a_number"),
        ("-1", "usd", "amount_not_a_number"),
        ("NaN", "usd", "amount_not_a_number"),
        ("1e3", "usd", "amount_not_a_number"),
        ("٣", "usd", "amount_not_a_number"),
        ("1.5", "tokens", "amount_too_precise"),
        ("0.0000000001", "usd", "amount_too_precise"),
        ("9" * 30, "usd", "amount_too_large"),
    ],
)
def test_what_is_no_amount_is_refused(typed: str, unit: str, problem: str) -> None:
    with pytest.raises(AmountError) as caught:
        read_amount(typed, unit)
    assert caught.value.problem == problem


@given(st.integers(0, 2**63 - 1), st.sampled_from(["usd", "tokens", "kgco2e"]))
def test_an_amount_that_is_written_is_read_back_exactly(amount: int, unit: str) -> None:
    assert read_amount(write_amount(amount, unit), unit) == amount


@given(st.integers(1, 10**15), st.integers(0, 10**15), st.sampled_from(["usd", "tokens"]))
def test_the_suggested_limit_is_higher_and_lets_calls_through(
    limit: int, wanted: int, unit: str
) -> None:
    assert suggested_limit(limit, wanted, unit) > limit
    assert suggested_limit(limit, wanted, unit) >= wanted
