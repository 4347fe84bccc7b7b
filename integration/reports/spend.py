"""From the ledger's sums to the totals that reports carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.ledger.queries import Spend
from integration.reports.shapes import Spread, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable


def totals_of(spend: Spend | None) -> Totals:
    """Return the totals of a sum; of None, nothing was consumed."""
    if spend is None:
        return Totals()
    return Totals(
        calls=spend.calls,
        input_tokens=spend.input_tokens,
        cache_read_input_tokens=spend.cache_read_input_tokens,
        output_tokens=spend.output_tokens,
        gpu_hours=spend.accelerator_seconds / 3600,
        list_cost_nanousd=spend.list_cost_nanousd,
        contracted_cost_nanousd=spend.contracted_cost_nanousd,
        energy_uwh=spend.energy_uwh,
        location_based_ugco2e=Spread(
            spend.location_low_ugco2e, spend.location_central_ugco2e, spend.location_high_ugco2e
        ),
        market_based_ugco2e=spend.market_ugco2e or None,
        unpriced_calls=spend.unpriced_calls,
        calls_without_factor=spend.calls_without_factor,
    )


def added_up(spends: Iterable[Spend]) -> Spend:
    """Add sums."""
    total = Spend()
    for spend in spends:
        total = total.plus(spend)
    return total
