"""Energy that is not a sum over tokens, hours on accelerators or a measurement, in a grid zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.carbon.footprint import Basis, Footprint
from integration.carbon.resolution import UG_PER_UWH_AT_1_G_PER_KWH

if TYPE_CHECKING:
    from integration.carbon.grid_zones import ZoneMatch
    from integration.carbon.tables import Accelerator, Spread

MEASURED = "measured by the source"
MEASURED_BOUNDARY = (
    "energy as the source measured it; what it left out (cooling, network) is not added"
)


def gpu_basis(device: Accelerator, zone: ZoneMatch, version: str) -> Basis:
    """What hours on a device in a zone rest on."""
    factor = zone.factor
    trusted = device.certainty == "third-party"
    assumptions = [f"embodied: EcoLogits' eight-device server for every {device.name}"]
    if not trusted:
        assumptions.append(f"power of {device.name} is {device.certainty}")
    about_grid = (zone.assumption,) if zone.assumption else ()
    assumptions += about_grid
    return Basis(
        factor_version=version,
        method="n · TDP · utilisation · hours · host factor · PUE",
        zone=factor.zone,
        convention=factor.convention,
        tier=max(factor.tier, "C" if trusted else "D"),
        g_per_kwh=factor.g_per_kwh,
        market_g_per_kwh=factor.market_g_per_kwh,
        water_l_per_kwh=None,
        assumptions=tuple(assumptions),
        sources=(device.source, f"{factor.source} ({factor.vintage}, {factor.licence})"),
        subject_tier="C" if trusted else "D",
        grid_assumptions=about_grid,
    )


def measured_basis(
    zone: ZoneMatch, version: str, missing: tuple[str, ...], *, has_region: bool
) -> Basis:
    """What energy that its source measured rests on, in a zone; `missing` is said of the rest."""
    factor = zone.factor
    about_grid = [zone.assumption] if zone.assumption else []
    if not has_region:
        about_grid.append(f"no region given: the provider's default zone {factor.zone}")
    assumptions = [MEASURED_BOUNDARY, *missing, *about_grid]
    return Basis(
        factor_version=version,
        method=MEASURED,
        zone=factor.zone,
        convention=factor.convention,
        tier=factor.tier if has_region else "D",
        g_per_kwh=factor.g_per_kwh,
        market_g_per_kwh=factor.market_g_per_kwh,
        water_l_per_kwh=None,
        assumptions=tuple(assumptions),
        sources=(f"{factor.source} ({factor.vintage}, {factor.licence})",),
        grid_assumptions=tuple(about_grid),
    )


def in_zone(energy_uwh: Spread, embodied_ug: Spread, basis: Basis) -> Footprint:
    """Turn energy in µWh and embodied emissions in µg into a footprint."""
    grid = basis.g_per_kwh.times(UG_PER_UWH_AT_1_G_PER_KWH)
    market = basis.market_g_per_kwh
    low, central, high = (
        round(energy_uwh[case] * grid[case] + embodied_ug[case]) for case in range(3)
    )
    return Footprint(
        energy_low_uwh=round(energy_uwh.low),
        energy_uwh=round(energy_uwh.central),
        energy_high_uwh=round(energy_uwh.high),
        location_based_low_ugco2e=low,
        location_based_ugco2e=central,
        location_based_high_ugco2e=high,
        embodied_low_ugco2e=round(embodied_ug.low),
        embodied_ugco2e=round(embodied_ug.central),
        embodied_high_ugco2e=round(embodied_ug.high),
        market_based_ugco2e=None
        if market is None
        else round(energy_uwh.central * market * UG_PER_UWH_AT_1_G_PER_KWH + embodied_ug.central),
        basis=basis,
    )
