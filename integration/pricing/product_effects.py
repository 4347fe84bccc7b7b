"""How much each factor of one product contributes when several factors change: Shapley values."""

from __future__ import annotations

from math import factorial, lcm
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

FINE = 10**9
"""Effects come in this fraction of a unit, so that adding up many of them loses nothing visible."""


class Factor(NamedTuple):
    """A cause and its factor before and after."""

    cause: str
    before: Fraction
    after: Fraction


def product_effects(*factors: Factor) -> Iterator[tuple[str, int]]:
    """The Shapley value of each factor that changed, in 1/FINE units; the rest have none.

    For factor j it is (after − before) · Σₘ eₘ · m!(k−1−m)!/k!, where eₘ sums the products of the
    other factors with m of them at their new value: the coefficients of Π (before + after·t).
    """
    if any(not factor.before and not factor.after for factor in factors):
        return
    count = len(factors)
    weights = [factorial(m) * factorial(count - 1 - m) for m in range(count)]
    pairs, denominator = [], factorial(count)
    for factor in factors:
        before, after, common = _over_one_denominator(factor)
        pairs.append((before, after))
        denominator *= common
    for j, factor in enumerate(factors):
        step = pairs[j][1] - pairs[j][0]
        if step:
            sums = _coefficients(pairs[:j] + pairs[j + 1 :])
            total = step * sum(w * e for w, e in zip(weights, sums, strict=True))
            yield factor.cause, total * FINE // denominator


def _over_one_denominator(factor: Factor) -> tuple[int, int, int]:
    before, after = factor.before, factor.after
    common = lcm(before.denominator, after.denominator)
    return (
        before.numerator * (common // before.denominator),
        after.numerator * (common // after.denominator),
        common,
    )


def _coefficients(pairs: list[tuple[int, int]]) -> list[int]:
    """Coefficients of Π (before + after·t), lowest power first."""
    sums = [1]
    for before, after in pairs:
        shifted = zip([*sums, 0], [0, *sums], strict=True)
        sums = [same * before + lower * after for same, lower in shifted]
    return sums
