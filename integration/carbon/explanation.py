"""The arithmetic behind a footprint, line by line, for people to check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from integration.carbon.footprint import Footprint
    from integration.carbon.resolution import Coefficients

CENTRAL = 1


class EnergyLine(msgspec.Struct, frozen=True):
    """Count × µWh each = µWh. Classes do not overlap: cached tokens are not in `input`."""

    token_class: str
    count: int
    uwh_each: float
    energy_uwh: float


class CarbonExplanation(msgspec.Struct, frozen=True):
    """Central figures: lines add up to the energy; energy × grid + embodied is the emissions."""

    method: str
    zone: str
    convention: str
    tier: str
    sources: tuple[str, ...]
    assumptions: tuple[str, ...]
    lines: tuple[EnergyLine, ...]
    energy_uwh: float
    g_per_kwh: float
    market_g_per_kwh: float | None
    embodied_ugco2e: float
    location_based_ugco2e: float
    market_based_ugco2e: float | None
    arithmetic: str = ""
    """The energy as a product, where there are no lines."""


def explain_tokens(
    found: Coefficients, *, calls: int, fresh: int, read: int, write: int, out: int
) -> CarbonExplanation:
    """Show the central arithmetic of `CarbonBook.footprint`; `fresh` is neither read nor written.

    1 µWh at 1 g/kWh is 10⁻³ µg.
    """
    a, b_in, b_read, b_write, b_out, embodied_call, embodied_out, _ = found.cases[CENTRAL]
    counted = (
        ("call", calls, a),
        ("input", fresh, b_in),
        ("cache_read", read, b_read),
        ("cache_write", write, b_write),
        ("output", out, b_out),
    )
    lines = tuple(EnergyLine(name, count, each, count * each) for name, count, each in counted)
    energy = sum(line.energy_uwh for line in lines)
    embodied = calls * embodied_call + out * embodied_out
    basis = found.basis
    market = basis.market_g_per_kwh
    return CarbonExplanation(
        method=basis.method,
        zone=basis.zone,
        convention=basis.convention,
        tier=basis.tier,
        sources=basis.sources,
        assumptions=basis.assumptions,
        lines=tuple(line for line in lines if line.count and line.uwh_each),
        energy_uwh=energy,
        g_per_kwh=basis.g_per_kwh.central,
        market_g_per_kwh=market,
        embodied_ugco2e=embodied,
        location_based_ugco2e=energy * basis.g_per_kwh.central / 1000 + embodied,
        market_based_ugco2e=None if market is None else energy * market / 1000 + embodied,
    )


def explain_hours(found: Footprint) -> CarbonExplanation:
    """Show the central arithmetic of a job whose energy was measured, or estimated as a whole."""
    basis = found.basis
    return CarbonExplanation(
        method=basis.method,
        zone=basis.zone,
        convention=basis.convention,
        tier=basis.tier,
        sources=basis.sources,
        assumptions=basis.assumptions,
        lines=(),
        energy_uwh=found.energy_uwh,
        g_per_kwh=basis.g_per_kwh.central,
        market_g_per_kwh=basis.market_g_per_kwh,
        embodied_ugco2e=found.embodied_ugco2e,
        location_based_ugco2e=found.location_based_ugco2e,
        market_based_ugco2e=found.market_based_ugco2e,
        arithmetic=basis.arithmetic,
    )
