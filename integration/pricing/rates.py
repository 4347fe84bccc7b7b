"""From prices per million tokens to whole nano-USD, exactly, with integers."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK = 1000
NANO_PER_CALL_AT_ONE_USD_PER_THOUSAND = 1_000_000


class ClassPrices(NamedTuple):
    """US dollars per million tokens of each class; per_thousand_calls in US dollars.

    None means that the class has no price of its own and is charged as the class around it:
    cached tokens as input, one-hour writes as writes, reasoning as output.
    """

    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None
    reasoning: Decimal | None = None
    per_thousand_calls: Decimal | None = None

    @property
    def prices_tokens(self) -> bool:
        """Whether anything here can be charged for a call counted in tokens."""
        return not (self.input is None and self.output is None and self.per_thousand_calls is None)

    def charged(self) -> ClassPrices:
        """Return the same prices with every None replaced by what is really charged."""
        zero = Decimal(0)
        per_input = zero if self.input is None else self.input
        write = per_input if self.cache_write is None else self.cache_write
        per_output = zero if self.output is None else self.output
        return ClassPrices(
            input=per_input,
            cache_read=per_input if self.cache_read is None else self.cache_read,
            cache_write=write,
            cache_write_1h=write if self.cache_write_1h is None else self.cache_write_1h,
            output=per_output,
            reasoning=per_output if self.reasoning is None else self.reasoning,
            per_thousand_calls=self.per_thousand_calls or zero,
        )

    def times(self, factor: Decimal) -> ClassPrices:
        """Return every price multiplied by a discount or surcharge factor."""
        return ClassPrices(*(None if price is None else price * factor for price in self))


# Input, output, cache read, cache write, of which one-hour writes, reasoning.
TokenCounts = tuple[int, int, int, int, int, int]


class Rates(NamedTuple):
    """Integer coefficients of one price: nano-USD = Σ coefficient · count / divisor.

    Input counts every input token, so the cached classes carry the *difference* to the input
    price; likewise one-hour writes to writes, and reasoning to output.
    """

    input: int
    output: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    reasoning: int
    per_call: int
    divisor: int
    price_id: str
    assumption: str | None


def rates_of(prices: ClassPrices, price_id: str, assumption: str | None = None) -> Rates:
    """Compile prices into integer coefficients over the smallest power of ten that is exact."""
    charged = prices.charged()
    per_input, read, write, write_1h, per_output, reasoning, calls = (
        price or Decimal(0) for price in charged
    )
    in_nano = (
        per_input * NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK,
        per_output * NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK,
        (read - per_input) * NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK,
        (write - per_input) * NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK,
        (write_1h - write) * NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK,
        (reasoning - per_output) * NANO_PER_TOKEN_AT_ONE_USD_PER_MTOK,
        calls * NANO_PER_CALL_AT_ONE_USD_PER_THOUSAND,
    )
    places = max(_decimal_places(number) for number in in_nano)
    fresh, out, more_read, more_write, more_1h, more_thought, call = (
        int(number.scaleb(places)) for number in in_nano
    )
    return Rates(
        input=fresh,
        output=out,
        cache_read=more_read,
        cache_write=more_write,
        cache_write_1h=more_1h,
        reasoning=more_thought,
        per_call=call,
        divisor=10**places,
        price_id=price_id,
        assumption=assumption,
    )


def amount_of(rates: Rates, counts: TokenCounts) -> int | None:
    """Return nano-USD of one call, or None where a part is larger than its whole or negative."""
    input_tokens, output_tokens, cache_read, cache_write, cache_write_1h, reasoning = counts
    fresh, out, read, write, write_1h, thought, call, divisor, _, _ = rates
    amount = input_tokens * fresh + output_tokens * out + call
    if cache_read or cache_write or cache_write_1h or reasoning:
        if (
            cache_read < 0
            or not 0 <= cache_write_1h <= cache_write <= input_tokens - cache_read
            or not 0 <= reasoning <= output_tokens
        ):
            return None
        amount += (
            cache_read * read
            + cache_write * write
            + cache_write_1h * write_1h
            + reasoning * thought
        )
    if input_tokens < 0 or output_tokens < 0:
        return None
    return amount if divisor == 1 else divide_half_even(amount, divisor)


def divide_half_even(amount: int, divisor: int) -> int:
    """Divide integers and round half to even; the divisor is positive."""
    quotient, rest = divmod(amount, divisor)
    twice = rest + rest
    if twice > divisor or (twice == divisor and quotient & 1):
        return quotient + 1
    return quotient


def _decimal_places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent if number else 0
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
