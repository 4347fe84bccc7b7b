"""An open-weight model as somebody serves it: with a batch, an accelerator and weights of its own.

EcoLogits' figure stands unless the serving is stated; then the two-coefficient model, which knows
batch and memory, gives the figure, and EcoLogits' is the second opinion. Never a mix of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.carbon.accelerator_hours import find_accelerator
from integration.carbon.carbon_book import CarbonBook
from integration.carbon.footprint import NoFactor
from integration.carbon.open_weight import open_weight_energy, served_as
from integration.carbon.tables import ModelEnergy, Spread
from integration.journeys.books import Books

if TYPE_CHECKING:
    from integration.carbon.tables import Tables

OPEN_WEIGHTS = "huggingface_hub"
DEFAULT_ACCELERATOR = "H100 SXM"
BITS_BY_NAME = {"fp8": 8, "int8": 8, "w8a8": 8, "awq": 4, "gptq": 4, "int4": 4, "w4a16": 4}


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
        """Whether anything is stated that EcoLogits does not take."""
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
    sizes = _sizes(row, serving)
    if sizes is None:
        return ServedBooks(books)
    served = _served_row(row, model, sizes, serving, tables)
    if isinstance(served, NoFactor):
        return ServedBooks(books, note=served.reason)
    other = Books(books.prices, CarbonBook(tables, own_models=[served]))
    if row is None:
        return ServedBooks(other)
    return ServedBooks(other, books) if serving.is_stated else ServedBooks(books, other)


def _sizes(row: ModelEnergy | None, serving: Serving) -> tuple[float, float] | None:
    """Active and total parameters in billions; those stated come first."""
    total = serving.total_b or (row.total_b.central if row else None)
    active = serving.active_b or (row.active_b.central if row else total)
    return (active, total) if active and total else None


def _served_row(
    row: ModelEnergy | None, model: str, sizes: tuple[float, float], serving: Serving,
    tables: Tables,
) -> ModelEnergy | NoFactor:  # fmt: skip
    wanted = serving.accelerator or DEFAULT_ACCELERATOR
    device = find_accelerator(tables.accelerators, wanted)
    if device is None:
        return NoFactor("unknown_accelerator", f"no figure for the accelerator {wanted!r}")
    energy = open_weight_energy(
        *sizes, batch_size=serving.batch_size, weight_bits=serving.weight_bits or _bits_of(model),
        accelerator=device.name, memory_gb=device.memory_gb,
    )  # fmt: skip
    if isinstance(energy, NoFactor):
        return energy
    return served_as(row or _unlisted(model, sizes, tables), energy)


def _bits_of(model: str) -> int:
    """Bits per weight as the model's own name says, else 16."""
    name = model.lower()
    return next((bits for mark, bits in BITS_BY_NAME.items() if mark in name), 16)


def _unlisted(model: str, sizes: tuple[float, float], tables: Tables) -> ModelEnergy:
    """A model that no table lists, of stated size; its embodied emissions are not known."""
    nothing = Spread(0.0, 0.0, 0.0)
    active, total = (Spread(size, size, size) for size in sizes)
    return ModelEnergy(
        provider=OPEN_WEIGHTS, model=model, method_version="", ecologits_version="",
        models_digest=tables.digest, sizes_published=True, active_b=active, total_b=total,
        a_wh=nothing, b_in_wh=nothing, b_cache_read_wh=nothing, b_cache_write_wh=nothing,
        b_out_wh=nothing, embodied_a_g=nothing, embodied_b_out_g=nothing, warnings=(), sources=(),
        vintage="",
    )  # fmt: skip
