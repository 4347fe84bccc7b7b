"""What an estimate of energy and emissions consists of, and what its absence looks like."""

from __future__ import annotations

import msgspec

from integration.carbon.tables import Spread  # msgspec resolves field types.


class NoFactor(msgspec.Struct, frozen=True, gc=False):
    """There is no figure, and why. Never treat it as 0: it counts against coverage.

    Codes: unknown_model, unknown_region, no_region, unknown_accelerator, impossible_usage,
    outside_formula.
    """

    code: str
    reason: str


class Basis(msgspec.Struct, frozen=True):
    """What all footprints of one model (or accelerator) in one zone have in common.

    `tier` is the worse of the model's and the zone's: A supplier-stated or live, B published sizes
    or a regional factor, C guessed sizes or a country's average, D an assumed zone or hardware.
    """

    factor_version: str
    method: str
    zone: str
    convention: str
    tier: str
    g_per_kwh: Spread
    market_g_per_kwh: float | None
    water_l_per_kwh: Spread | None
    assumptions: tuple[str, ...]
    sources: tuple[str, ...]
    """The grid factor's comes last."""
    subject_tier: str = ""
    """The part of `tier` that is the model's or the device's, without the zone's."""
    grid_assumptions: tuple[str, ...] = ()
    """Those of `assumptions` that are about the grid factor."""
    arithmetic: str = ""
    """The central energy as a product, where it is not a sum over tokens."""


class Footprint(msgspec.Struct, frozen=True, gc=False):
    """Energy in µWh and emissions in µgCO₂e, low, central and high.

    Location-based figures are operational plus embodied emissions; the embodied part is repeated
    for those who report it apart. `market_based_ugco2e` is central, plus embodied, and None where
    no market-based factor is known. The range covers batch size, guessed model sizes, PUE and grid
    source; it is not a statistical interval.
    """

    energy_low_uwh: int
    energy_uwh: int
    energy_high_uwh: int
    location_based_low_ugco2e: int
    location_based_ugco2e: int
    location_based_high_ugco2e: int
    embodied_low_ugco2e: int
    embodied_ugco2e: int
    embodied_high_ugco2e: int
    market_based_ugco2e: int | None
    basis: Basis

    @property
    def factor_version(self) -> str:
        """The method and tables behind the figures."""
        return self.basis.factor_version

    @property
    def tier(self) -> str:
        """Data quality from A (best) to D."""
        return self.basis.tier

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the factors come from."""
        return self.basis.sources

    @property
    def water_ml(self) -> Spread | None:
        """Millilitres of water, on site and for the electricity; None where a factor is missing."""
        per_kwh = self.basis.water_l_per_kwh
        if per_kwh is None:
            return None
        # 1 l/kWh is 1e-6 ml per µWh.
        return Spread(
            self.energy_low_uwh * per_kwh.low * 1e-6,
            self.energy_uwh * per_kwh.central * 1e-6,
            self.energy_high_uwh * per_kwh.high * 1e-6,
        )
