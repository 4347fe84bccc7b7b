"""Amounts at the edge: Decimal strings out, Decimal strings in, integers behind."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from integration.foundation.errors import FieldError, InvalidInput
from integration.foundation.money import nanousd, usd
from integration.foundation.quantities import kgco2e, ugco2e

if TYPE_CHECKING:
    from integration.caps.policy import Unit


def amount_text(unit: Unit, amount: int | None) -> str | None:
    """A stored amount as a plain decimal in its unit; None stays None.

    >>> amount_text("usd", 1_500_000_000), amount_text("kgco2e", 2_500_000_000)
    ('1.5', '2.5')
    """
    if amount is None:
        return None
    exact = usd(amount) if unit == "usd" else Decimal(amount)
    text = f"{kgco2e(amount) if unit == 'kgco2e' else exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_of_text(unit: Unit, text: str, pointer: str) -> int:
    """A decimal as people and clients write it, in the unit it is stored in.

    Raises:
        InvalidInput: it is not a finite decimal number.
    """
    try:
        number = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > 10**12:
        message = f"{text!r} is not an amount"
        raise InvalidInput(message, errors=(FieldError(pointer, "invalid", message),))
    if unit == "usd":
        return nanousd(number)
    return ugco2e(number) if unit == "kgco2e" else int(number)
