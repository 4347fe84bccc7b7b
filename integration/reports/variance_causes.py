"""The parts of a variance as a list, largest first, ready to be put into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.reports.shapes import VarianceParts

KINDS = (
    "volume", "input_length", "output_length", "cache_share", "model_mix", "price_change", "gpu",
    "late_usage", "unexplained",
)  # fmt: skip
WORTH_A_WORD_PCT = 5
CENT = 10**7
"""In nano-USD."""


@dataclass(frozen=True, slots=True)
class SignedCause:
    """One cause, and by how much it moved the cost (nano-USD; below 0 it saved)."""

    kind: str
    amount_nanousd: int


def causes_of(parts: VarianceParts | None) -> tuple[SignedCause, ...]:
    """Return the causes that moved the cost at all, largest first."""
    if parts is None:
        return ()
    found = [SignedCause(kind, getattr(parts, f"{kind}_nanousd")) for kind in KINDS]
    moved = [cause for cause in found if cause.amount_nanousd]
    return tuple(sorted(moved, key=lambda cause: -abs(cause.amount_nanousd)))


def main_causes(parts: VarianceParts | None, most: int = 3) -> tuple[SignedCause, ...]:
    """Return the few causes worth a word: a cent at least, and a twentieth of the largest one."""
    found = causes_of(parts)
    if not found:
        return ()
    least = abs(found[0].amount_nanousd) * WORTH_A_WORD_PCT // 100
    return tuple(cause for cause in found[:most] if abs(cause.amount_nanousd) >= max(CENT, least))
