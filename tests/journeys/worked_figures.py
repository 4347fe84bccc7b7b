"""Prices and factors for sums that a test works itself: from the price list and the tables' rows.

Nothing here goes through the product's books: the two prices are typed in as the provider publishes
them, and the coefficients are read from the shipped CSV files with Python's own reader.
"""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import NamedTuple

from tests.house.house import HOUSE

DATA = HOUSE / "carbon" / "data"


class Tokens(NamedTuple):
    """One call, or the sum of several: `given` includes the cached ones."""

    calls: int
    given: int
    cached: int
    made: int


class Price(NamedTuple):
    """US dollars per million tokens."""

    fresh: Decimal
    cached: Decimal
    made: Decimal

    def nanousd(self, used: Tokens) -> int:
        """$1 per million tokens is 1000 nano-USD per token."""
        dollars_per_mtok = (
            (used.given - used.cached) * self.fresh
            + used.cached * self.cached
            + used.made * self.made
        )
        return whole(dollars_per_mtok * 1000)


PRICES = {
    "gpt-4o-mini": Price(Decimal("0.15"), Decimal("0.075"), Decimal("0.60")),
    "gpt-4o": Price(Decimal("2.50"), Decimal("1.25"), Decimal(10)),
}
"""OpenAI's standard prices as published since October 2024."""


class Carbon(NamedTuple):
    """Coefficients of a model in a zone, low, central or high."""

    wh_per_call: Decimal
    wh_fresh: Decimal
    wh_cached: Decimal
    wh_made: Decimal
    embodied_g_per_call: Decimal
    embodied_g_made: Decimal
    g_per_kwh: Decimal

    def energy_uwh(self, used: Tokens) -> Decimal:
        """Energy = calls·a + fresh·b_in + cached·b_cr + output·b_out."""
        return 1_000_000 * (
            used.calls * self.wh_per_call
            + (used.given - used.cached) * self.wh_fresh
            + used.cached * self.wh_cached
            + used.made * self.wh_made
        )

    def ugco2e(self, used: Tokens) -> Decimal:
        """Emissions = energy/1000 · grid factor + embodied; 1 g is 10⁶ µg."""
        kwh = self.energy_uwh(used) / 1_000_000_000
        embodied = used.calls * self.embodied_g_per_call + used.made * self.embodied_g_made
        return 1_000_000 * (kwh * self.g_per_kwh + embodied)


@lru_cache
def carbon(model: str, zone: str, case: str = "central") -> Carbon:
    """Read a model's and a zone's row; `case` is low, central or high."""
    row = _row("model_energy.csv", provider="openai", model=model)
    grid = _row("grid_factors.csv", zone=zone, convention="life-cycle")
    column = "g_per_kwh" if case == "central" else f"g_per_kwh_{case}"
    return Carbon(
        wh_per_call=Decimal(row[f"a_wh_{case}"]),
        wh_fresh=Decimal(row[f"b_in_wh_{case}"]),
        wh_cached=Decimal(row[f"b_cache_read_wh_{case}"]),
        wh_made=Decimal(row[f"b_out_wh_{case}"]),
        embodied_g_per_call=Decimal(row[f"embodied_a_g_{case}"]),
        embodied_g_made=Decimal(row[f"embodied_b_out_g_{case}"]),
        g_per_kwh=Decimal(grid[column]),
    )


def whole(amount: Decimal) -> int:
    """Round half to even."""
    return int(amount.to_integral_value(rounding=ROUND_HALF_EVEN))


def _row(file: str, **wanted: str) -> dict[str, str]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        found = [
            row
            for row in csv.DictReader(lines)
            if all(row[name] == value for name, value in wanted.items())
        ]
    assert len(found) == 1, f"{file} has {len(found)} rows of {wanted}"
    return found[0]
