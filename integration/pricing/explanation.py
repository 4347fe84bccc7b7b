"""The arithmetic behind a price, line by line, for people to check."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from integration.pricing.base_prices import STANDARD
from integration.pricing.contract_schedules import said_of
from integration.pricing.rates import amount_of
from integration.pricing.schedule import Unpriced

if TYPE_CHECKING:
    from datetime import datetime

    from integration.pricing.contract_schedules import Resolution
    from integration.pricing.price_book import PriceBook
    from integration.pricing.rates import ClassPrices, TokenCounts
    from integration.pricing.schedule import Schedule

PER_MTOK = Decimal(1_000_000)
PER_THOUSAND_CALLS = Decimal(1000)


class PriceLine(msgspec.Struct, frozen=True):
    """Count × price / per = amount. Classes do not overlap here: cached tokens are not in input."""

    token_class: str
    count: int
    usd_per: Decimal
    per: int
    amount_usd: Decimal


class PriceExplanation(msgspec.Struct, frozen=True):
    """One side of a price: its lines add up to the cost before the one rounding to nano-USD."""

    price_id: str
    source: str
    price_version: str
    above_input_tokens: int
    assumption: str | None
    lines: tuple[PriceLine, ...]
    cost_nanousd: int


def explain(
    book: PriceBook,
    provider_name: str | None,
    model: str,
    at: datetime,
    *,
    counts: TokenCounts,
    service_tier: str | None = STANDARD,
) -> tuple[PriceExplanation, PriceExplanation | None] | Unpriced:
    """Show the arithmetic of `PriceBook.list_cost` for the same call.

    Return the list side and, where a contract differs from it, the contracted side."""
    resolved = book.resolve(provider_name, model, service_tier)
    if isinstance(resolved, Unpriced):
        return resolved
    listed = _side(book, resolved, resolved.schedule, at, counts, model)
    if isinstance(listed, Unpriced) or resolved.contract is None:
        return listed if isinstance(listed, Unpriced) else (listed, None)
    agreed = _side(book, resolved, resolved.contract, at, counts, model)
    return agreed if isinstance(agreed, Unpriced) else (listed, agreed)


def _side(
    book: PriceBook,
    resolved: Resolution,
    schedule: Schedule,
    at: datetime,
    counts: TokenCounts,
    model: str,
) -> PriceExplanation | Unpriced:
    band = schedule.band_at(at, counts[0])
    if isinstance(band.rates, Unpriced):
        return band.rates
    cost = amount_of(band.rates, counts)
    if cost is None:
        return Unpriced("impossible_usage", f"{model}: a part is larger than its whole")
    return PriceExplanation(
        price_id=band.rates.price_id,
        source=schedule.source,
        price_version=book.price_version,
        above_input_tokens=band.above_input_tokens,
        assumption=said_of(band.rates.assumption, resolved.borrowed),
        lines=_lines(band.prices, counts),
        cost_nanousd=cost,
    )


def _lines(prices: ClassPrices, counts: TokenCounts) -> tuple[PriceLine, ...]:
    input_tokens, output_tokens, read, write, write_1h, reasoning = counts
    charged = prices.charged()
    apart = (
        ("input", input_tokens - read - write, charged.input),
        ("cache_read", read, charged.cache_read),
        ("cache_write", write - write_1h, charged.cache_write),
        ("cache_write_1h", write_1h, charged.cache_write_1h),
        ("output", output_tokens - reasoning, charged.output),
        ("reasoning", reasoning, charged.reasoning),
    )
    lines = [
        PriceLine(name, count, price, int(PER_MTOK), price * count / PER_MTOK)
        for name, count, price in apart
        if count and price is not None
    ]
    if charged.per_thousand_calls:
        price = charged.per_thousand_calls
        lines.append(PriceLine("call", 1, price, 1000, price / PER_THOUSAND_CALLS))
    return tuple(lines)
