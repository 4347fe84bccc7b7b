"""Which unit suits an amount, and its two figures that count."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDING = ROUND_HALF_UP
Units = tuple[tuple[Decimal, str], ...]
TOKENS: Units = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"))
MASS: Units = (
    (Decimal(10) ** 12, "t"),
    (Decimal(10) ** 9, "kg"),
    (Decimal(10) ** 6, "g"),
    (Decimal(10) ** 3, "mg"),
)
ENERGY: Units = (
    (Decimal(10) ** 12, "MWh"),
    (Decimal(10) ** 9, "kWh"),
    (Decimal(10) ** 6, "Wh"),
    (Decimal(10) ** 3, "mWh"),
)


def scaled(amount: int, units: Sequence[tuple[Decimal, str]]) -> tuple[Decimal, str]:
    """Round first and choose the unit after, so that 999.6 g is 1.0 kg.

    >>> scaled(999_600_000, MASS), scaled(123_000_000, MASS)
    ((Decimal('1'), 'kg'), (Decimal('1.2E+2'), 'g'))
    """
    rounded = significant(Decimal(amount), 2)
    size, name = next((unit for unit in units if rounded >= unit[0]), units[-1])
    return rounded / size, name


def significant(number: Decimal, digits: int) -> Decimal:
    """Round to so many significant digits, half up.

    >>> significant(Decimal("0.0454"), 2), significant(Decimal("-0.0996"), 2)
    (Decimal('0.045'), Decimal('-0.100'))
    """
    return number.quantize(Decimal(1).scaleb(number.adjusted() - digits + 1), ROUNDING)
