"""Money as integer nano-USD (10⁻⁹ US dollar); Decimal only at the edges.

Token prices are quoted in dollars per million tokens with up to six decimals, so one token costs
a whole number of pico- to nano-dollars; a nano-dollar per event is exact enough to add up millions.
"""

from decimal import ROUND_HALF_EVEN, Decimal

NANO_PER_USD = 1_000_000_000


def nanousd(usd: Decimal) -> int:
    """Round US dollars to whole nano-USD, half to even.

    >>> nanousd(Decimal("0.0000000025"))
    2
    """
    return int((usd * NANO_PER_USD).to_integral_value(rounding=ROUND_HALF_EVEN))


def usd(amount_nanousd: int) -> Decimal:
    """Exact US dollars of an amount in nano-USD.

    >>> usd(1_500_000_000)
    Decimal('1.5')
    """
    return Decimal(amount_nanousd).scaleb(-9).normalize() + Decimal(0)
