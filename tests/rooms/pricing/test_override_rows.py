"""Contracts, resellers, service tiers, hours and storage: worked by hand, in nano-USD."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from integration.pricing.explanation import explain
from integration.pricing.hourly_rates import accelerator_cost, storage_cost
from integration.pricing.override_rows import OverrideRow, digest_of, parse_rows
from integration.pricing.price_book import PriceBook, Priced, default_price_book
from integration.pricing.schedule import Unpriced

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
USAGE = {"input_tokens": 1_000, "output_tokens": 1_000}


def row(**given: Any) -> OverrideRow:
    """Build a row about OpenAI's o3 ($2 in, $8 out at list), from 1 November 2026."""
    defaults = {"provider_name": "openai", "model": "o3", "valid_from": date(2026, 11, 1)}
    return OverrideRow(**{**defaults, **given})


def costs(book: PriceBook, at: datetime = NOON, tier: str = "standard") -> tuple[int, int]:
    """Return list and contracted cost of 1,000 tokens in and out of o3."""
    answer = book.list_cost(
        "openai", "o3", at, input_tokens=1_000, output_tokens=1_000, service_tier=tier
    )
    assert isinstance(answer, Priced), answer
    return answer.list_cost_nanousd, answer.contracted_cost_nanousd


def test_a_contracted_price_stands_beside_the_list_price() -> None:
    # List 1,000 · 2 + 1,000 · 8 = 10,000 millionths; contract 1.50 in, output inherited.
    book = default_price_book([row(input_usd_per_mtok=Decimal("1.50"))])

    assert costs(book) == (10_000_000, 9_500_000)


def test_a_contract_holds_from_its_first_day_until_before_its_last() -> None:
    book = default_price_book([row(input_usd_per_mtok=Decimal(1), valid_to=date(2026, 11, 20))])

    assert costs(book, datetime(2026, 10, 31, 23, 59, tzinfo=UTC))[1] == 10_000_000
    assert costs(book, datetime(2026, 11, 1, tzinfo=UTC))[1] == 9_000_000
    assert costs(book, datetime(2026, 11, 19, 23, 59, tzinfo=UTC))[1] == 9_000_000
    assert costs(book, datetime(2026, 11, 20, tzinfo=UTC))[1] == 10_000_000


def test_a_discount_on_a_whole_seller_gives_way_to_a_row_about_the_model() -> None:
    discount = row(model="*", multipliers={"standard": Decimal("0.9")})

    assert costs(default_price_book([discount])) == (10_000_000, 9_000_000)
    agreed = [row(output_usd_per_mtok=Decimal(4)), discount]
    assert costs(default_price_book(agreed)) == (10_000_000, 6_000_000)


def test_of_two_rows_the_later_one_wins() -> None:
    rows = [
        row(input_usd_per_mtok=Decimal(1), valid_from=date(2026, 11, 10)),
        row(input_usd_per_mtok=Decimal("0.5"), valid_from=date(2026, 11, 5)),
    ]

    assert costs(default_price_book(rows))[1] == 9_000_000


def test_a_multiplier_prices_a_tier_that_nobody_publishes() -> None:
    # mistral-like case on o3: an agreed batch factor of one half on list.
    book = default_price_book([row(sets="list", multipliers={"batch": Decimal("0.4")})])

    assert costs(book, tier="batch") == (4_000_000, 4_000_000)
    assert costs(book) == (10_000_000, 10_000_000)


def test_a_contract_on_the_standard_price_leaves_a_published_batch_price_alone() -> None:
    # o3's published batch price is 1 in and 4 out.
    book = default_price_book([row(input_usd_per_mtok=Decimal("1.50"))])

    assert costs(book, tier="batch") == (5_000_000, 5_000_000)


def test_a_reseller_row_gives_a_list_price_to_a_model_nobody_lists() -> None:
    own = row(
        provider_name="acme-cloud",
        model="acme-large",
        sets="list",
        input_usd_per_mtok=Decimal(1),
        output_usd_per_mtok=Decimal(2),
    )
    book = default_price_book([own])

    answer = book.list_cost(
        "acme-cloud", "Acme-Large", NOON, input_tokens=1_000, output_tokens=1_000
    )
    early = book.list_cost(
        "acme-cloud",
        "acme-large",
        datetime(2026, 1, 1, tzinfo=UTC),
        input_tokens=1,
        output_tokens=1,
    )

    assert isinstance(answer, Priced)
    assert answer.list_cost_nanousd == 3_000_000
    assert isinstance(early, Unpriced)


def test_a_row_for_the_maker_does_not_touch_its_resellers() -> None:
    book = default_price_book([row(model="gpt-4o-mini", input_usd_per_mtok=Decimal(0))])

    answer = book.list_cost("azure", "gpt-4o-mini", NOON, input_tokens=1_000, output_tokens=0)

    assert isinstance(answer, Priced)
    assert answer.contracted_cost_nanousd == 150_000


def test_the_price_version_names_the_base_and_changes_with_any_row() -> None:
    one, other = row(note="a"), row(note="b")

    assert default_price_book().price_version == "genai-prices 0.2.3"
    assert default_price_book([one]).price_version == (
        f"genai-prices 0.2.3 + overrides {digest_of([one])}"
    )
    assert digest_of([one]) != digest_of([other])
    assert digest_of([one, other]) != digest_of([other, one])


def test_rows_survive_their_json_and_a_wrong_one_is_named() -> None:
    rows = (row(input_usd_per_mtok=Decimal("0.123456"), multipliers={"flex": Decimal("0.5")}),)

    assert parse_rows(msgspec.json.encode(rows)) == rows
    with pytest.raises(msgspec.ValidationError, match="valid_from"):
        parse_rows(b'[{"provider_name": "openai", "model": "o3", "valid_from": "soon"}]')


def test_accelerator_hours_and_storage_cost_what_their_rows_say() -> None:
    rows = [
        row(
            model="H100",
            provider_name="acme-cloud",
            kind="accelerator_hours",
            sets=side,
            usd_per_accelerator_hour=Decimal(rate),
        )
        for side, rate in (("list", "3.00"), ("contracted", "2.25"))
    ]
    rows.append(
        row(
            model="ssd", provider_name="acme-cloud", kind="storage", usd_per_gb_month=Decimal("0.1")
        )
    )

    hours = accelerator_cost(rows, "acme-cloud", "h100", NOON, Decimal(16))
    storage = storage_cost(rows, "acme-cloud", "ssd", NOON, Decimal(20))

    assert hours == (48_000_000_000, 36_000_000_000)
    assert storage == (2_000_000_000, 2_000_000_000)


def test_accelerator_hours_without_a_row_have_no_price() -> None:
    answer = accelerator_cost([], "acme-cloud", "H100", NOON, Decimal(16))

    assert isinstance(answer, Unpriced)
    assert answer.code == "unknown_accelerator"


def test_the_lines_of_an_explanation_add_up_to_both_costs() -> None:
    book = default_price_book([row(input_usd_per_mtok=Decimal("1.50"))])
    counts = (1_200, 340, 800, 0, 0, 40)

    explained = explain(book, "openai", "o3", NOON, counts=counts)

    assert not isinstance(explained, Unpriced)
    listed, agreed = explained
    assert agreed is not None
    # 400 · 2 + 800 · 0.5 + 300 · 8 + 40 · 8 = 800 + 400 + 2,400 + 320 = 3,920 millionths.
    assert [(line.token_class, line.count) for line in listed.lines] == [
        ("input", 400),
        ("cache_read", 800),
        ("output", 300),
        ("reasoning", 40),
    ]
    assert sum(line.amount_usd for line in listed.lines) == Decimal("0.00392")
    assert listed.cost_nanousd == 3_920_000
    assert agreed.cost_nanousd == 3_720_000


@pytest.mark.parametrize("name", ["H100", "NVIDIA H100 80GB HBM3", "h100-sxm", "H100 SXM5"])
def test_an_hourly_rate_is_found_by_the_name_a_driver_gives(name: str) -> None:
    rows = [
        row(provider_name="aws", model="H100", kind="accelerator_hours",
            usd_per_accelerator_hour=Decimal("2.5")),
        row(provider_name="aws", model="H100 PCIe", kind="accelerator_hours",
            usd_per_accelerator_hour=Decimal(1)),
    ]  # fmt: skip

    assert accelerator_cost(rows, "aws", name, NOON, Decimal(4)) == (10 * 10**9, 10 * 10**9)
    assert accelerator_cost(rows, "aws", "NVIDIA H100 PCIe", NOON, Decimal(4)) == (
        4 * 10**9, 4 * 10**9,
    )  # fmt: skip


def test_a_spot_rate_is_not_the_devices_own() -> None:
    rows = [row(provider_name="aws", model="H100 spot", kind="accelerator_hours",
                usd_per_accelerator_hour=Decimal(1))]  # fmt: skip

    assert isinstance(accelerator_cost(rows, "aws", "H100", NOON, Decimal(4)), Unpriced)
