"""Open-weight models that EcoLogits does not list, and what stands in where nobody lists one.

First the table: sizes that the makers publish, put through EcoLogits' formula offline. A name that
states other bits per weight than the table gets the formula for those. Last the size that the name
itself states; that lowers the tier to D and the method says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.carbon.ecologits_formula import EXTENSION, FORMULA, Size, bare_row, formula_row
from integration.carbon.open_names import bits_in_name, size_in_name, spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.carbon.open_names import Words
    from integration.carbon.tables import ModelEnergy, Spread

OPEN_WEIGHTS = "huggingface_hub"
PUBLISHED_METHOD = f"{FORMULA} on the size its maker publishes; {EXTENSION}"
NAME_METHOD = f"{FORMULA} on a size read out of the model's name; {EXTENSION}"
NAME_TIER = "D"
ALL_WORDS, TELLING_WORDS = 0, 1
"""Places in `spellings`. A listed name keeps its date: without it, another size may be meant."""


class OpenModels:
    """Finds an open-weight model under any spelling of its name. Immutable once filled.

    `listed` are rows in the order in which they count; `pue` is that of EcoLogits' hosts of open
    weights.
    """

    def __init__(self, listed: Sequence[ModelEnergy], pue: Spread) -> None:
        self._listed = listed
        self._pue = pue
        self._by_words: dict[Words, ModelEnergy] | None = None

    def find(self, model: str) -> ModelEnergy | None:
        """Return the row of a model, made for the bits its name states; None: nothing is known."""
        row = self._listed_row(model)
        if row is None:
            return self._sized_by_name(model)
        bits = bits_in_name(model)
        if bits is None or bits == row.weight_bits:
            return row
        said = f"weights of {bits} bits, as the name says"
        changed = msgspec.structs.replace(
            row, method=row.method or PUBLISHED_METHOD, warnings=(said,)
        )
        size = Size(row.active_b.central, row.total_b.central, bits)
        return formula_row(changed, size, self._pue)

    def _listed_row(self, model: str) -> ModelEnergy | None:
        index = self._by_words
        if index is None:
            # Most processes only meet names that EcoLogits lists and never need this.
            index = self._by_words = _index(self._listed)
        return next((index[words] for words in spellings(model) if words in index), None)

    def _sized_by_name(self, model: str) -> ModelEnergy | None:
        named = size_in_name(model)
        if named is None:
            return None
        bits = bits_in_name(model)
        warnings = [f"size read out of the name: {named.reading}"]
        if bits is not None:
            warnings.append(f"weights of {bits} bits, as the name says")
        row = bare_row(OPEN_WEIGHTS, model, NAME_METHOD, warnings=tuple(warnings), tier=NAME_TIER)
        return formula_row(row, Size(named.active_b, named.total_b, bits or 16), self._pue)


def _index(listed: Sequence[ModelEnergy]) -> dict[Words, ModelEnergy]:
    """Every row by all its words first, so that a shorter spelling never hides a whole name."""
    found: dict[Words, ModelEnergy] = {}
    spelled = [(list(spellings(name)), row) for row in listed for name in (row.model, *row.aliases)]
    for depth in range(ALL_WORDS, TELLING_WORDS + 1):
        for words, row in spelled:
            if len(words) > depth and words[depth]:
                found.setdefault(words[depth], row)
    return found
