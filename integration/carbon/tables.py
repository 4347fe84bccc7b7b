"""The shipped tables, read once: coefficients per model, factors per zone, regions, hardware."""

from __future__ import annotations

import csv
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

DATA = Path(__file__).parent / "data"
FACTOR_FILES = (
    "model_energy.csv", "open_model_energy.csv", "provider_settings.csv", "grid_factors.csv",
)  # fmt: skip
MORE_FILES = ("cloud_regions.csv", "accelerators.csv")


class Spread(NamedTuple):
    """The low, central and high value of one quantity."""

    low: float
    central: float
    high: float

    def times(self, factor: float) -> Spread:
        """Return all three multiplied."""
        return Spread(self.low * factor, self.central * factor, self.high * factor)


class ModelEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """Coefficients of one model: Wh per call (a) and per token (b), embodied g likewise.

    `b_out_wh` and `a_wh` are EcoLogits'; the input and cache coefficients are our extension. Where
    `stated_by` names a supplier, all of them are that supplier's own figures.
    """

    provider: str
    model: str
    method_version: str
    ecologits_version: str
    models_digest: str
    sizes_published: bool
    active_b: Spread
    total_b: Spread
    a_wh: Spread
    b_in_wh: Spread
    b_cache_read_wh: Spread
    b_cache_write_wh: Spread
    b_out_wh: Spread
    embodied_a_g: Spread
    embodied_b_out_g: Spread
    warnings: tuple[str, ...]
    sources: tuple[str, ...]
    vintage: str
    stated_by: str = ""
    method: str = ""
    """Where the coefficients are neither EcoLogits' nor a supplier's: how they were found."""
    weight_bits: int = 16
    aliases: tuple[str, ...] = ()
    """What hosts call an open-weight model besides its name on Hugging Face."""
    tier: str = ""
    """Data quality of the model's part where it is not what the fields above imply."""


class ProviderSetting(msgspec.Struct, frozen=True):
    """Where EcoLogits assumes a provider's machines stand, and their PUE and WUE (l/kWh)."""

    provider: str
    default_zone: str
    pue: Spread
    wue_l_per_kwh: Spread
    source: str


class GridFactor(msgspec.Struct, frozen=True, kw_only=True):
    """Grams CO₂e per kWh of a zone under one convention. `market_g_per_kwh` None: unknown."""

    zone: str
    kind: str
    name: str
    convention: str
    g_per_kwh: Spread
    market_g_per_kwh: float | None = None
    water_l_per_kwh: float | None = None
    tier: str
    source: str
    vintage: str
    licence: str
    note: str = ""


class CloudRegion(msgspec.Struct, frozen=True):
    """Where a cloud region stands: country by ISO 3166-1 alpha-3, state for the USA."""

    cloud: str
    region: str
    city: str
    country: str
    us_state: str


class Accelerator(msgspec.Struct, frozen=True):
    """Thermal design power of a device; `certainty` says how far to trust the figure.

    Bandwidth of its memory in GB/s and dense 16-bit rate in TFLOP/s are the data sheets'; None:
    not known to us.
    """

    name: str
    tdp_w: float
    memory_gb: float | None
    bandwidth_gb_s: float | None
    bf16_tflops: float | None
    certainty: str
    source: str


class Tables(msgspec.Struct, frozen=True):
    """Everything shipped. `digest` changes when any byte of the tables does."""

    models: tuple[ModelEnergy, ...]
    open_models: tuple[ModelEnergy, ...]
    providers: dict[str, ProviderSetting]
    grid: tuple[GridFactor, ...]
    regions: dict[str, CloudRegion]
    accelerators: tuple[Accelerator, ...]
    digest: str


@lru_cache(maxsize=1)
def shipped_tables() -> Tables:
    """Read the tables in `data/`; some 20 ms, once per process."""
    return Tables(
        models=tuple(_model(row) for row in _rows("model_energy.csv")),
        open_models=tuple(_open_model(row) for row in _rows("open_model_energy.csv")),
        providers={row["provider"]: _provider(row) for row in _rows("provider_settings.csv")},
        grid=tuple(_grid(row) for row in _rows("grid_factors.csv")),
        regions={row["region"]: CloudRegion(**row) for row in _rows("cloud_regions.csv")},
        accelerators=tuple(_accelerator(row) for row in _rows("accelerators.csv")),
        digest=_digest(),
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _digest() -> str:
    content = b"".join((DATA / name).read_bytes() for name in (*FACTOR_FILES, *MORE_FILES))
    return hashlib.sha256(content).hexdigest()[:8]


def _spread(row: dict[str, str], name: str) -> Spread:
    return Spread(*(float(row[f"{name}_{case}"]) for case in ("low", "central", "high")))


def _optional(text: str) -> float | None:
    return float(text) if text else None


def _model(row: dict[str, str]) -> ModelEnergy:
    return ModelEnergy(
        provider=row["provider"],
        model=row["model"],
        method_version=row["method_version"],
        ecologits_version=row["ecologits_version"],
        models_digest=row["models_digest"],
        sizes_published=row["sizes"] == "published",
        active_b=_spread(row, "active_b"),
        total_b=_spread(row, "total_b"),
        a_wh=_spread(row, "a_wh"),
        b_in_wh=_spread(row, "b_in_wh"),
        b_cache_read_wh=_spread(row, "b_cache_read_wh"),
        b_cache_write_wh=_spread(row, "b_cache_write_wh"),
        b_out_wh=_spread(row, "b_out_wh"),
        embodied_a_g=_spread(row, "embodied_a_g"),
        embodied_b_out_g=_spread(row, "embodied_b_out_g"),
        warnings=tuple(row["warnings"].split()),
        sources=tuple(row["sources"].split()),
        vintage=row["vintage"],
    )


def _open_model(row: dict[str, str]) -> ModelEnergy:
    return msgspec.structs.replace(
        _model(row),
        method=row["method"],
        sources=(row["sources"], f"size read in {row['read_in']}"),
        weight_bits=int(row["weight_bits"]),
        aliases=tuple(row["aliases"].split()),
    )


def _provider(row: dict[str, str]) -> ProviderSetting:
    return ProviderSetting(
        provider=row["provider"],
        default_zone=row["default_zone"],
        pue=_spread(row, "pue"),
        wue_l_per_kwh=_spread(row, "wue_l_per_kwh"),
        source=row["source"],
    )


def _grid(row: dict[str, str]) -> GridFactor:
    g = Spread(float(row["g_per_kwh_low"]), float(row["g_per_kwh"]), float(row["g_per_kwh_high"]))
    return GridFactor(
        g_per_kwh=g,
        market_g_per_kwh=_optional(row["market_g_per_kwh"]),
        water_l_per_kwh=_optional(row["water_l_per_kwh"]),
        **{
            name: row[name]
            for name in ("zone", "kind", "name", "convention", "tier", "source", "vintage")
        },
        licence=row["licence"],
        note=row["note"],
    )


def _accelerator(row: dict[str, str]) -> Accelerator:
    return Accelerator(
        name=row["name"],
        tdp_w=float(row["tdp_w"]),
        memory_gb=_optional(row["memory_gb"]),
        bandwidth_gb_s=_optional(row["bandwidth_gb_s"]),
        bf16_tflops=_optional(row["bf16_tflops"]),
        certainty=row["certainty"],
        source=f"{row['source']} ({row['vintage']})",
    )
