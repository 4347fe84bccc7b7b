"""Sums worked by hand. Amounts are nano-USD: tokens × dollars per million tokens × 1,000."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integration.pricing.override_rows import OverrideRow
from integration.pricing.price_book import Priced, default_price_book
from integration.pricing.schedule import Unpriced

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def list_cost(provider_name: str | None, model: str, at: datetime = NOON, **usage: Any) -> int:
    """Price a call that must have a price."""
    answer = default_price_book().list_cost(provider_name, model, at, **usage)
    assert isinstance(answer, Priced), answer
    return answer.list_cost_nanousd


def test_cached_input_is_charged_at_its_own_price() -> None:
    # 400 · 0.15 + 800 · 0.075 + 340 · 0.60 = 60 + 60 + 204 = 324 millionths of a dollar.
    cost = list_cost(
        "openai", "gpt-4o-mini", input_tokens=1200, cache_read_input_tokens=800, output_tokens=340
    )

    assert cost == 324_000


def test_cache_reads_and_both_kinds_of_write_are_charged_apart() -> None:
    # Fresh 2,000 · 3 + read 6,000 · 0.30 + 5-minute writes 1,500 · 3.75 + 1-hour writes 500 · 6
    # + output 1,000 · 15 = 6,000 + 1,800 + 5,625 + 3,000 + 15,000 = 31,425 millionths.
    cost = list_cost(
        "anthropic",
        "claude-sonnet-4-5",
        input_tokens=10_000,
        cache_read_input_tokens=6_000,
        cache_write_input_tokens=2_000,
        cache_write_1h_input_tokens=500,
        output_tokens=1_000,
    )

    assert cost == 31_425_000


def test_a_context_above_200k_moves_every_token_to_the_dearer_rate() -> None:
    # At 200,000: 200,000 · 1.25 + 10,000 · 10 = 350,000 millionths. One token more:
    # 200,001 · 2.50 + 10,000 · 15 = 650,002.5 millionths.
    at_limit = list_cost("google", "gemini-2.5-pro", input_tokens=200_000, output_tokens=10_000)
    above = list_cost("google", "gemini-2.5-pro", input_tokens=200_001, output_tokens=10_000)

    assert at_limit == 350_000_000
    assert above == 650_002_500


def test_cached_tokens_count_towards_the_200k_and_have_their_own_dear_rate() -> None:
    # 150,000 · 2.50 + 100,000 · 0.25 + 10,000 · 15 = 375,000 + 25,000 + 150,000 = 550,000.
    cost = list_cost(
        "google",
        "gemini-2.5-pro",
        input_tokens=250_000,
        cache_read_input_tokens=100_000,
        output_tokens=10_000,
    )

    assert cost == 550_000_000


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # 1,000 · 10 + 1,000 · 40 = 50,000 millionths before 10 June 2025, then 2 and 8.
        (datetime(2025, 6, 9, 23, 59, 59, 999_999, tzinfo=UTC), 50_000_000),
        (datetime(2025, 6, 10, tzinfo=UTC), 10_000_000),
    ],
)
def test_a_price_change_takes_effect_at_midnight_utc(at: datetime, expected: int) -> None:
    assert list_cost("openai", "o3", at, input_tokens=1_000, output_tokens=1_000) == expected


def test_a_naive_instant_is_read_as_utc() -> None:
    naive = datetime(2025, 6, 10)

    cost = list_cost("openai", "o3", naive, input_tokens=1_000, output_tokens=1_000)

    assert cost == 10_000_000


def test_off_peak_hours_are_half_price() -> None:
    # deepseek-reasoner, 1,000 in and 1,000 out: 0.55 + 2.19 by day, 0.135 + 0.55 at night.
    day = datetime(2026, 11, 20, 16, 29, 59, tzinfo=UTC)
    night = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    usage: Any = {"input_tokens": 1_000, "output_tokens": 1_000}

    assert list_cost("deepseek", "deepseek-reasoner", day, **usage) == 2_740_000
    assert list_cost("deepseek", "deepseek-reasoner", night, **usage) == 685_000


def test_a_retired_model_keeps_its_price() -> None:
    # claude-3-opus: 1,000 · 15 + 100 · 75 = 22,500 millionths.
    cost = list_cost("anthropic", "claude-3-opus-20240229", input_tokens=1_000, output_tokens=100)

    assert cost == 22_500_000


def test_a_batch_costs_the_published_batch_rate() -> None:
    # 1,000 · 0.075 + 1,000 · 0.30 = 375 millionths, half of 150 + 600.
    cost = list_cost(
        "openai", "gpt-4o-mini", input_tokens=1_000, output_tokens=1_000, service_tier="batch"
    )

    assert cost == 375_000


def test_a_tier_without_a_published_price_says_that_the_standard_rate_stands_in() -> None:
    answer = default_price_book().list_cost(
        "mistral",
        "mistral-large-latest",
        NOON,
        input_tokens=1_000,
        output_tokens=1_000,
        service_tier="priority",
    )

    assert isinstance(answer, Priced)
    assert answer.assumption == "no priority price known: standard rate"


def test_a_price_per_call_is_charged_once_per_call() -> None:
    # sonar: $12 per 1,000 calls = 12,000 millionths, plus 1,000 · 1 + 500 · 1 = 1,500.
    cost = list_cost("perplexity", "sonar", input_tokens=1_000, output_tokens=500)

    assert cost == 13_500_000


def test_reasoning_tokens_are_output_tokens_unless_priced_apart() -> None:
    # o3 has one output price: 100 · 2 + 900 · 8. sonar-deep-research prices reasoning at 3:
    # 100 · 2 + 300 · 8 + 600 · 3 = 200 + 2,400 + 1,800 = 4,400 millionths.
    usage: Any = {"input_tokens": 100, "output_tokens": 900, "reasoning_output_tokens": 600}

    assert list_cost("openai", "o3", **usage) == 7_400_000
    assert list_cost("perplexity", "sonar-deep-research", **usage) == 4_400_000


def test_half_a_nano_dollar_rounds_to_even() -> None:
    # deepseek-v4-pro cached tokens at 0.003625 $/M before 17 August 2026: 3.625 nano-USD each.
    # 4 of them are 14.5 and 12 are 43.5 nano-USD.
    may = datetime(2026, 5, 1, 12, tzinfo=UTC)
    costs = [
        list_cost(
            "deepseek",
            "deepseek-v4-pro",
            may,
            input_tokens=count,
            cache_read_input_tokens=count,
            output_tokens=0,
        )
        for count in (4, 12)
    ]

    assert costs == [14, 44]


def test_an_unknown_model_has_no_price_and_is_named() -> None:
    answer = default_price_book().list_cost(
        "openai", "gpt-imaginary", NOON, input_tokens=1_000, output_tokens=100
    )

    assert isinstance(answer, Unpriced)
    assert answer.code == "unknown_model"
    assert "gpt-imaginary" in answer.reason


def test_a_model_sold_by_the_hour_of_audio_has_no_price_per_token() -> None:
    answer = default_price_book().list_cost(
        "groq", "whisper-large-v3", NOON, input_tokens=1_000, output_tokens=100
    )

    assert isinstance(answer, Unpriced)
    assert answer.code == "no_token_price"


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 11},
        {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": -1},
        {"input_tokens": -1, "output_tokens": 1},
        {"input_tokens": 10, "output_tokens": -1},
        {"input_tokens": 10, "output_tokens": 1, "reasoning_output_tokens": 2},
        {"input_tokens": 10, "output_tokens": 1, "cache_write_1h_input_tokens": 5},
    ],
)
def test_parts_larger_than_their_whole_have_no_price(usage: dict[str, int]) -> None:
    answer = default_price_book().list_cost("openai", "o3", NOON, **usage)  # type: ignore[arg-type]  # Only counts are given.

    assert isinstance(answer, Unpriced)
    assert answer.code == "impossible_usage"


def test_a_price_borrowed_from_another_seller_says_whose_it_is() -> None:
    # Azure sells DeepSeek-R1 and the base data has no list of Azure's for it.
    book = default_price_book()
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)

    borrowed = book.list_cost("azure", "DeepSeek-R1", at, input_tokens=1000, output_tokens=100)
    own = book.list_cost("deepseek", "deepseek-reasoner", at, input_tokens=1000, output_tokens=100)

    assert isinstance(borrowed, Priced)
    assert isinstance(own, Priced)
    assert borrowed.assumption == "no list price of azure's own known: deepseek's"
    assert own.assumption is None
    assert borrowed.list_cost_nanousd == own.list_cost_nanousd


def test_an_own_row_of_the_seller_ends_the_borrowing() -> None:
    row = OverrideRow(
        provider_name="azure", model="DeepSeek-R1", valid_from=date(2026, 1, 1), sets="list",
        input_usd_per_mtok=Decimal(1), output_usd_per_mtok=Decimal(4), source="Azure's page",
    )  # fmt: skip
    found = default_price_book([row]).list_cost(
        "azure", "DeepSeek-R1", datetime(2026, 11, 20, 12, tzinfo=UTC),
        input_tokens=1_000_000, output_tokens=100_000,
    )  # fmt: skip

    assert isinstance(found, Priced)
    assert (found.list_cost_nanousd, found.assumption) == (1_400_000_000, None)
