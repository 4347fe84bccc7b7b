"""Our integer arithmetic against genai-prices' Decimals, for every model it knows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import StartDateConstraint, TimeOfDateConstraint
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.pricing.base_prices import TIER_CONTEXTS, ModelName
from integration.pricing.price_book import base_prices, default_price_book
from integration.pricing.rates import amount_of
from integration.pricing.schedule import Unpriced

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

MODELS = [(provider, model) for provider in providers for model in provider.models]
# Input, output, cache read, cache write, of which 1 h, reasoning.
USAGES = [
    (0, 0, 0, 0, 0, 0),
    (1, 1, 0, 0, 0, 0),
    (1200, 340, 800, 0, 0, 0),
    (50_001, 7_777, 20_003, 9_001, 4_003, 1_001),
    (127_999, 3, 1, 1, 1, 2),
    (200_000, 64_000, 199_990, 10, 0, 0),
    (200_001, 64_000, 100_000, 50_000, 25_000, 32_000),
    (272_001, 1, 0, 0, 0, 1),
    (999_999_937, 999_999_929, 333_333_331, 111_111_109, 11_111_117, 7),
]
DATES = [
    datetime(2024, 2, 29, 12, tzinfo=UTC),
    datetime(2025, 5, 1, 0, 0, tzinfo=UTC),
    datetime(2025, 7, 1, 3, 30, tzinfo=UTC),
    datetime(2026, 11, 20, 12, 0, 0, 500, tzinfo=UTC),
    datetime(2026, 11, 20, 1, 30, tzinfo=timezone(timedelta(hours=9))),
]

Counts = tuple[int, int, int, int, int, int]


def usage_of(counts: Counts) -> Usage:
    """Say the same in genai-prices' words."""
    input_tokens, output, read, write, write_1h, reasoning = counts
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=write_1h,
        output_reasoning_tokens=reasoning,
    )


def theirs(
    provider: Provider, model: ModelInfo, at: datetime, counts: Counts, tier: str
) -> tuple[int, bool]:
    """Return genai-prices' total in nano-USD, and whether anything in it prices tokens."""
    known = [variant.when for variant in model.price_variants or ()]
    context = next((c for c in TIER_CONTEXTS.get(tier, ()) if c in known), None)
    answer = model.calc_price(
        usage_of(counts), provider, genai_request_timestamp=at, price_context=context
    )
    nano = (answer.total_price * 10**9).to_integral_value(rounding=ROUND_HALF_EVEN)
    price = answer.model_price
    chargeable = (price.input_mtok, price.output_mtok, price.requests_kcount)
    return int(nano), any(value is not None for value in chargeable)


def ours(
    provider: Provider, model: ModelInfo, at: datetime, counts: Counts, tier: str
) -> int | Unpriced:
    """Price by name where the id leads to its own row, else by the row itself."""
    book = default_price_book()
    if book.canonical(provider.id, model.id) != (provider.id, model.id):
        schedules = base_prices().schedules(ModelName(provider.id, model.id))
        rates = schedules.get(tier, schedules["standard"]).band_at(at, counts[0]).rates
        amount = rates if isinstance(rates, Unpriced) else amount_of(rates, counts)
        assert amount is not None
        return amount
    input_tokens, output, read, write, write_1h, reasoning = counts
    answer = book.list_cost(
        provider.id,
        model.id,
        at,
        input_tokens=input_tokens,
        output_tokens=output,
        cache_read_input_tokens=read,
        cache_write_input_tokens=write,
        cache_write_1h_input_tokens=write_1h,
        reasoning_output_tokens=reasoning,
        service_tier=tier,
    )
    if isinstance(answer, Unpriced):
        return answer
    assert answer.contracted_cost_nanousd == answer.list_cost_nanousd
    return answer.list_cost_nanousd


def check(provider: Provider, model: ModelInfo, at: datetime, counts: Counts, tier: str) -> bool:
    """Compare one call; answers whether it carries a price at all."""
    expected, priced = theirs(provider, model, at, counts, tier)
    answer = ours(provider, model, at, counts, tier)
    if not priced:
        assert isinstance(answer, Unpriced), (provider.id, model.id, answer)
        assert expected == 0
        return False
    assert answer == expected, (provider.id, model.id, at, counts, tier)
    return True


@pytest.mark.parametrize("at", DATES)
def test_every_model_costs_what_genai_prices_says_to_the_nano_dollar(at: datetime) -> None:
    priced = sum(
        check(provider, model, at, counts, "standard")
        for provider, model in MODELS
        for counts in USAGES
    )

    assert priced > 2_000 * len(USAGES)


def test_every_price_change_takes_effect_at_the_same_microsecond() -> None:
    edge = timedelta(microseconds=1)
    checked = 0
    for provider, model in MODELS:
        for at in change_instants(model):
            for instant in (at - edge, at, at + edge):
                checked += check(provider, model, instant, USAGES[3], "standard")

    assert checked > 800


@pytest.mark.parametrize("tier", ["batch", "flex", "priority", "fast"])
def test_every_published_service_tier_costs_the_same(tier: str) -> None:
    checked = 0
    for provider, model in MODELS:
        if model.price_variants:
            for at in (*DATES, *change_instants(model)):
                checked += check(provider, model, at, USAGES[6], tier)

    assert checked > 100


@st.composite
def any_counts(draw: st.DrawFn) -> Counts:
    """Draw counts whose parts never exceed their whole."""
    read, write_5m, write_1h = (draw(st.integers(0, 400_000)) for _ in range(3))
    reasoning = draw(st.integers(0, 200_000))
    input_tokens = draw(st.integers(0, 2_000_000)) + read + write_5m + write_1h
    output = draw(st.integers(0, 200_000)) + reasoning
    return input_tokens, output, read, write_5m + write_1h, write_1h, reasoning


@settings(max_examples=300, deadline=None)
@given(
    which=st.integers(0, len(MODELS) - 1),
    at=st.datetimes(datetime(2023, 1, 1), datetime(2027, 12, 31)),
    counts=any_counts(),
    tier=st.sampled_from(["standard", *TIER_CONTEXTS]),
)
def test_any_usage_at_any_time_costs_the_same(
    which: int, at: datetime, counts: Counts, tier: str
) -> None:
    provider, model = MODELS[which]

    check(provider, model, at.replace(tzinfo=UTC), counts, tier)


def change_instants(model: ModelInfo) -> list[datetime]:
    """Return an instant for each start date and each time of day at which a price starts."""
    conditional = model.prices if isinstance(model.prices, list) else []
    constraints = [price.constraint for price in conditional]
    constraints += [variant.constraint for variant in model.price_variants or ()]
    starts = [c.start_date for c in constraints if isinstance(c, StartDateConstraint)]
    windows = [c for c in constraints if isinstance(c, TimeOfDateConstraint)]
    edges = [edge for window in windows for edge in (window.start_time, window.end_time)]
    return [datetime.combine(start, time(), UTC) for start in starts] + [
        datetime.combine(date(2026, 11, 20), edge) for edge in edges
    ]


def test_the_comparison_notices_a_price_that_is_off_by_a_thousandth_of_a_cent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = next(provider for provider in providers if provider.id == "openai")
    model = next(model for model in provider.models if model.id == "o3")
    price = model.get_prices(DATES[3])
    monkeypatch.setattr(price, "input_mtok", Decimal("2.00001"))

    with pytest.raises(AssertionError):
        check(provider, model, DATES[3], USAGES[6], "standard")
