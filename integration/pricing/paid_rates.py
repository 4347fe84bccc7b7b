"""What a group of calls really paid per token of each class, as ratios of integers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from integration.pricing.rates import ClassPrices

if TYPE_CHECKING:
    from integration.pricing.product_effects import Ratio

_NANO_PER_TOKEN = 1000  # One US dollar per million tokens.
_NANO_PER_CALL = 1_000_000  # One US dollar per thousand calls.
_ROUNDING_PARTS = 1_000_000


class PaidRates(NamedTuple):
    """Nano-USD per uncached input, cache read, cache write and output token, and per call.

    All over one denominator, `per`.
    """

    uncached: int
    cache_read: int
    cache_write: int
    output: int
    call: int
    per: int

    def times(self, factor: Ratio) -> PaidRates:
        """Return the same rates, all multiplied."""
        up, down = factor
        uncached, read, write, output, call, per = self
        return PaidRates(uncached * up, read * up, write * up, output * up, call * up, per * down)


NOTHING = PaidRates(0, 0, 0, 0, 0, 1)
_ALL_TOKENS_ALIKE = PaidRates(1, 1, 1, 1, 0, 1)
_BY_THE_CALL = PaidRates(0, 0, 0, 0, 1, 1)


@lru_cache(1024)
def booked_rates(prices: ClassPrices | None) -> PaidRates:
    """What the price book asks; nothing where it has no prices."""
    if prices is None:
        return NOTHING
    charged = [(price or 0) for price in prices.charged()]
    exact = [price.as_integer_ratio() for price in charged]
    per = 1
    for _, down in exact:
        per *= down
    tokens = [up * (per // down) * _NANO_PER_TOKEN for up, down in exact]
    calls, down = exact[ClassPrices._fields.index("per_thousand_calls")]
    named = ClassPrices._fields.index
    return PaidRates(
        tokens[named("input")], tokens[named("cache_read")], tokens[named("cache_write")],
        tokens[named("output")], calls * (per // down) * _NANO_PER_CALL, per,
    )  # fmt: skip


def paid_rates(
    counts: tuple[int, int, int, int, int], cost_nanousd: int, prices: ClassPrices | None
) -> tuple[PaidRates, Ratio]:
    """The rates that a group really paid, and their ratio to the book's.

    `counts` are in the order of the rates. A difference that rounding each call can make is no
    change of price and is left alone.
    """
    calls = counts[4]
    for rates in (booked_rates(prices), _ALL_TOKENS_ALIKE, _BY_THE_CALL):
        uncached, read, write, output, call, per = rates
        booked = (
            counts[0] * uncached + counts[1] * read + counts[2] * write + counts[3] * output
            + calls * call
        )  # fmt: skip
        paid = cost_nanousd * per
        beside = abs(paid - booked)
        if prices is not None and (beside <= calls * per or beside * _ROUNDING_PARTS <= booked):
            return rates, (1, 1)
        if booked:
            factor = (paid, booked) if booked > 0 else (-paid, -booked)
            return rates.times(factor), factor
    return NOTHING, (1, 1)
