"""What is told beside an estimate: its best alternatives, and what missing inputs might be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from integration.estimation.whatif import Offer  # noqa: TC001 -- Read back from JSON by its types.

if TYPE_CHECKING:
    from integration.estimation.suggestion import Suggestion


@dataclass(frozen=True, slots=True)
class SuggestedInput:
    """A suggestion as people would write it into the table; used by no figure until they do."""

    workload: str
    field: str
    value: str
    story_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """The alternatives that save most money and most CO₂e, suggested inputs, and conflicts."""

    cheapest: Offer | None = None
    greenest: Offer | None = None
    suggestions: tuple[SuggestedInput, ...] = ()
    conflicts: tuple[str, ...] = ()
    """Where table and fields do not agree; sentences."""


def as_written(suggestion: Suggestion) -> SuggestedInput:
    """Return a suggestion with its value in words: shares in percent, counts without exponent."""
    value = suggestion.value
    if isinstance(value, Decimal):
        shown = value * 100 if suggestion.field == "cached_share" else value
        words = f"{shown.normalize():f}" + ("%" if suggestion.field == "cached_share" else "")
    else:
        words = value
    return SuggestedInput(suggestion.workload, suggestion.field, words, suggestion.story_keys)
