"""How much each factor of one product contributes when several factors change: Shapley values.

Factors are ratios of integers, reduced or not: a Sprint of two thousand stories has some hundred
thousand of them, and reducing each takes longer than all the rest.
"""

from __future__ import annotations

from functools import cache
from math import factorial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FINE = 10**9
"""Effects come in this fraction of a unit, so that adding up many of them loses nothing visible."""

Ratio = tuple[int, int]
"""A numerator and a denominator above 0."""


class Factor(NamedTuple):
    """A cause and its factor before and after."""

    cause: str
    before: Ratio
    after: Ratio


def product_effects(*factors: Factor) -> Iterator[tuple[str, int]]:
    """The Shapley value of each factor that changed, in 1/FINE units; the rest have none.

    For factor j it is (after − before) · Σₘ eₘ · m!(k−1−m)!/k!, where eₘ sums the products of the
    other factors with m of them at their new value: the coefficients of Π (before + after·t). A
    factor that did not change multiplies everyone's value and is no player.
    """
    scale, denominator = FINE, 1
    changed: list[tuple[str, int, int]] = []
    for cause, before, after in factors:
        if not before[0] and not after[0]:
            return
        old, new, common = before[0], after[0], before[1]
        if common != after[1]:
            old, new, common = old * after[1], new * common, common * after[1]
        denominator *= common
        if old == new:
            scale *= old
        else:
            changed.append((cause, old, new))
    weights, orders = _weights(len(changed))
    denominator *= orders
    for j, (cause, old, new) in enumerate(changed):
        sums = _coefficients(changed[:j] + changed[j + 1 :])
        total = (new - old) * sum(w * e for w, e in zip(weights, sums, strict=True))
        yield cause, total * scale // denominator


@cache
def _weights(count: int) -> tuple[tuple[int, ...], int]:
    """In how many of all orders of `count` players m given ones come before a given one."""
    weights = tuple(factorial(m) * factorial(count - 1 - m) for m in range(count))
    return weights, factorial(count)


def _coefficients(pairs: list[tuple[str, int, int]]) -> list[int]:
    """Coefficients of Π (before + after·t), lowest power first."""
    sums = [1]
    for _, before, after in pairs:
        carried = 0
        for power, known in enumerate(sums):
            sums[power] = known * before + carried
            carried = known * after
        sums.append(carried)
    return sums
