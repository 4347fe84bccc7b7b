"""Reads the amount that a person types into a cap's unit, and writes one for the form."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

PER_UNIT = {"usd": 10**9, "tokens": 1, "kgco2e": 10**9}
"""Nano-USD in a US dollar, tokens, µgCO₂e in a kilogram."""
LARGEST = 2**63 - 1
"""What a cap's column holds."""


class AmountError(ValueError):
    """What was typed is not an amount; `problem` names the sentence in `problems.json.j2`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_amount(typed: str, unit: str) -> int:
    """Read an amount in dollars, tokens or kilograms into the integer that caps are kept in.

    Commas and spaces may group thousands; a dollar sign or the unit's name may stand around it.

    >>> read_amount("$1,250.50", "usd"), read_amount("2 000 000", "tokens")
    (1250500000000, 2000000)
    >>> read_amount("6 kg", "kgco2e")
    6000000000
    """
    bare = re.sub(r"(?i)^\s*(usd|us\$|\$)|(usd|\$|tokens?|kg(\s*co[2₂]e?)?)\s*$", "", typed).strip()
    grouped = re.sub(r"(?<=\d)[,\s](?=\d{3}(\D|$))", "", bare)
    if not re.fullmatch(r"\d+(\.\d+)?", grouped, re.ASCII):
        raise AmountError("amount_not_a_number")
    try:
        amount = Decimal(grouped) * PER_UNIT[unit]
    except InvalidOperation as error:
        raise AmountError("amount_too_large") from error
    if amount > LARGEST:
        raise AmountError("amount_too_large")
    if amount != amount.to_integral_value():
        raise AmountError("amount_too_precise")
    return int(amount)


def write_amount(amount: int, unit: str) -> str:
    """Write an amount as a person would type it.

    >>> write_amount(93_750_000_000, "usd"), write_amount(2_000_000, "tokens")
    ('93.75', '2000000')
    """
    exact = Decimal(amount) / PER_UNIT[unit]
    return f"{exact:f}".rstrip("0").rstrip(".") if exact % 1 else f"{exact:.0f}"


def suggested_limit(limit: int, wanted: int, unit: str) -> int:
    """Suggest a quarter more, or what is wanted where that is more, in whole units.

    `wanted` is what is spent and held now; raising a cap to less would still deny the next call.
    """
    step = PER_UNIT[unit]
    raised = max(limit * 5 // 4, wanted * 11 // 10, limit + 1)
    return -(-raised // step) * step
