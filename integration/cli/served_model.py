"""An open-weight model as somebody serves it: with a batch, an accelerator and weights of its own.

EcoLogits' figure stands unless the serving is stated; then the two-coefficient model, which knows
batch and hardware, gives the figure, and EcoLogits' formula for the same batch and bits is the
second opinion. Never a mix of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from integration.carbon.accelerator_hours import find_accelerator, why_unknown
from integration.carbon.carbon_book import CarbonBook
from integration.carbon.ecologits_formula import (
    EXTENSION,
    FORMULA,
    GPU_MEMORY_GB,
    Size,
    bare_row,
    formula_row,
)
from integration.carbon.footprint import NoFactor
from integration.carbon.open_models import OPEN_WEIGHTS
from integration.carbon.open_names import bits_in_name
from integration.carbon.open_weight import open_weight_energy, served_as
from integration.journeys.books import Books

if TYPE_CHECKING:
    from integration.carbon.tables import ModelEnergy, Tables

DEFAULT_ACCELERATOR = "H100 SXM"
HOPPER = "H"
"""EcoLogits' energies are an H100's; of other memory it knows how many GPUs hold the weights."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What is stated about how a model is served; None and "" are not stated."""

    batch_size: int | None = None
    accelerator: str = ""
    weight_bits: int | None = None
    active_b: float | None = None
    total_b: float | None = None

    @property
    def is_stated(self) -> bool:
        """Whether anything is stated that EcoLogits' table does not take."""
        return any((self.batch_size, self.accelerator, self.weight_bits, self.total_b))


@dataclass(frozen=True, slots=True)
class ServedBooks:
    """The books to estimate with, those of the second opinion, and why there is none."""

    books: Books
    second: Books | None = None
    note: str = ""


def books_for(books: Books, provider_name: str, model: str, serving: Serving) -> ServedBooks:
    """Choose a model's coefficients; one that is not open-weight keeps the shipped ones."""
    tables = books.carbon.tables
    row = books.carbon.model(provider_name or None, model)
    if row is not None and row.provider != OPEN_WEIGHTS:
        note = "batch size and accelerator are taken for open-weight models only"
        return ServedBooks(books, note=note if serving.is_stated else "")
    size = _size(row, model, serving)
    if size is None:
        return ServedBooks(books)
    # Found again by the name that was given, whatever spelling that is.
    row = msgspec.structs.replace(row or bare_row(OPEN_WEIGHTS, model, ""), model=model)
    by_ecologits = _by_ecologits(row, size, serving, tables) if serving.is_stated else row
    served = _served_row(by_ecologits, size, serving, tables)
    if isinstance(served, NoFactor):
        return ServedBooks(_with(books, by_ecologits), note=served.reason)
    first, second = (served, by_ecologits) if serving.is_stated else (by_ecologits, served)
    return ServedBooks(_with(books, first), _with(books, second))


def _with(books: Books, row: ModelEnergy) -> Books:
    return Books(books.prices, CarbonBook(books.carbon.tables, own_models=[row]))


def _size(row: ModelEnergy | None, model: str, serving: Serving) -> Size | None:
    """Size and bits per weight; those stated come first."""
    total = serving.total_b or (row.total_b.central if row else None)
    active = serving.active_b or (row.active_b.central if row else total)
    bits = serving.weight_bits or (row.weight_bits if row else bits_in_name(model)) or 16
    return Size(active, total, bits) if active and total else None


def _by_ecologits(row: ModelEnergy, size: Size, serving: Serving, tables: Tables) -> ModelEnergy:
    """EcoLogits' formula with what it takes of the serving: batch, bits, memory of a Hopper GPU."""
    device = find_accelerator(tables.accelerators, serving.accelerator or DEFAULT_ACCELERATOR)
    is_hopper = device is not None and device.name.startswith(HOPPER)
    memory_gb = (device.memory_gb if device and is_hopper else None) or GPU_MEMORY_GB
    batch = "batch unknown: 256, 64, 16"
    if serving.batch_size:
        batch = f"batch of {serving.batch_size}"
    gpu = device.name if device and is_hopper else "EcoLogits' H100, whatever the accelerator"
    said = f"weights of {size.weight_bits} bits, {batch}, on {gpu}"
    named = msgspec.structs.replace(
        row,
        method=row.method or f"{FORMULA} as served; {EXTENSION}",
        warnings=(*(row.warnings if row.method else ()), said),
    )
    pue = tables.providers[OPEN_WEIGHTS].pue
    return formula_row(named, size, pue, batch_size=serving.batch_size, memory_gb=memory_gb)


def _served_row(
    row: ModelEnergy, size: Size, serving: Serving, tables: Tables
) -> ModelEnergy | NoFactor:
    wanted = serving.accelerator or DEFAULT_ACCELERATOR
    device = find_accelerator(tables.accelerators, wanted)
    if device is None:
        return NoFactor("unknown_accelerator", why_unknown(wanted))
    energy = open_weight_energy(size, batch_size=serving.batch_size, accelerator=device)
    return energy if isinstance(energy, NoFactor) else served_as(row, energy)
