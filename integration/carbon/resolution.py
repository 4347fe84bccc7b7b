"""The numbers of one model in one zone, ready to multiply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.carbon.footprint import Basis, Footprint
from integration.carbon.tables import Spread

if TYPE_CHECKING:
    from integration.carbon.grid_zones import ZoneMatch
    from integration.carbon.tables import ModelEnergy, ProviderSetting

METHOD = "EcoLogits output energy; input and cache energy: extension, not EcoLogits"
UWH_PER_WH = 1e6
UG_PER_G = 1e6
# 1 µWh at 1 g/kWh is 1e-9 g.
UG_PER_UWH_AT_1_G_PER_KWH = 1e-3


Amounts = tuple[int, int, int, int, int | None]
"""Energy in µWh; location-based low, central, high and market-based emissions in µgCO₂e."""


class Coefficients:
    """Energy in µWh and embodied emissions in µg per call and token, low, central and high."""

    __slots__ = ("basis", "cases", "market", "model")

    def __init__(self, model: ModelEnergy, basis: Basis) -> None:
        self.model = model
        self.basis = basis
        market = basis.market_g_per_kwh
        self.market = None if market is None else market * UG_PER_UWH_AT_1_G_PER_KWH
        self.cases = (
            _case(model, basis, 0),
            _case(model, basis, 1),
            _case(model, basis, 2),
        )

    def amounts(self, calls: float, fresh: float, read: float, write: float, out: float) -> Amounts:
        """What the ledger keeps of `footprint`, at half its price."""
        low_case, central_case, high_case = self.cases
        market = self.market
        # Once, and not with each factor: a fifth of the time.
        calls, fresh, read, write, out = map(float, (calls, fresh, read, write, out))
        a, b_in, b_read, b_write, b_out, e_call, e_out, grid = low_case
        energy = calls * a + fresh * b_in + read * b_read + write * b_write + out * b_out
        low = energy * grid + (calls * e_call + out * e_out)
        a, b_in, b_read, b_write, b_out, e_call, e_out, grid = high_case
        energy = calls * a + fresh * b_in + read * b_read + write * b_write + out * b_out
        high = energy * grid + (calls * e_call + out * e_out)
        a, b_in, b_read, b_write, b_out, e_call, e_out, grid = central_case
        energy = calls * a + fresh * b_in + read * b_read + write * b_write + out * b_out
        embodied = calls * e_call + out * e_out
        return (
            round(energy),
            round(low),
            round(energy * grid + embodied),
            round(high),
            None if market is None else round(energy * market + embodied),
        )

    def footprint(self, calls: int, fresh: int, read: int, write: int, out: int) -> Footprint:
        """Sum up tokens of each class; `fresh` is input neither read from nor written to cache."""
        energy, low, central, high, market = self.amounts(calls, fresh, read, write, out)
        own = [
            calls * a + fresh * b_in + read * b_read + write * b_write + out * b_out
            for a, b_in, b_read, b_write, b_out, _, _, _ in self.cases
        ]
        embodied = [calls * case[5] + out * case[6] for case in self.cases]
        return Footprint(
            round(own[0]), energy, round(own[2]), low, central, high,
            round(embodied[0]), round(embodied[1]), round(embodied[2]), market, self.basis,
        )  # fmt: skip


def coefficients_of(
    model: ModelEnergy,
    zone: ZoneMatch,
    setting: ProviderSetting | None,
    *,
    factor_version: str,
    zone_assumed: bool,
) -> Coefficients:
    """Join a model's row with a zone's."""
    factor = zone.factor
    assumptions = [zone.assumption] if zone.assumption else []
    if zone_assumed:
        assumptions.append(f"no region given: {model.provider}'s default zone {factor.zone}")
    about_grid = tuple(assumptions)
    if not (model.sizes_published or model.stated_by):
        assumptions.append("model size is guessed, not published")
    if model.method:
        assumptions += model.warnings
    origin = model.stated_by or model.method or f"ecologits {model.ecologits_version}"
    basis = Basis(
        factor_version=factor_version,
        method=_method(model),
        zone=factor.zone,
        convention=factor.convention,
        tier=max("D" if zone_assumed else factor.tier, _model_tier(model)),
        g_per_kwh=factor.g_per_kwh,
        market_g_per_kwh=factor.market_g_per_kwh,
        water_l_per_kwh=_water(setting, factor.water_l_per_kwh),
        assumptions=tuple(assumptions),
        sources=(
            f"{origin} ({model.provider}/{model.model})",
            *model.sources,
            f"{factor.source} ({factor.vintage}, {factor.licence})",
        ),
        subject_tier=_model_tier(model),
        grid_assumptions=about_grid,
    )
    return Coefficients(model, basis)


def _case(model: ModelEnergy, basis: Basis, case: int) -> tuple[float, ...]:
    energy = (
        model.a_wh,
        model.b_in_wh,
        model.b_cache_read_wh,
        model.b_cache_write_wh,
        model.b_out_wh,
    )
    return (
        *(spread[case] * UWH_PER_WH for spread in energy),
        model.embodied_a_g[case] * UG_PER_G,
        model.embodied_b_out_g[case] * UG_PER_G,
        basis.g_per_kwh[case] * UG_PER_UWH_AT_1_G_PER_KWH,
    )


def _method(model: ModelEnergy) -> str:
    return f"stated by {model.stated_by}" if model.stated_by else model.method or METHOD


def _model_tier(model: ModelEnergy) -> str:
    if model.tier:
        return model.tier
    if model.stated_by:
        return "A"
    return "B" if model.sizes_published else "C"


def _water(setting: ProviderSetting | None, grid_l_per_kwh: float | None) -> Spread | None:
    """Litres per kWh of the whole facility: on site per IT energy, and for the electricity."""
    if setting is None or grid_l_per_kwh is None:
        return None
    on_site = setting.wue_l_per_kwh
    pue = setting.pue
    return Spread(*(on_site[case] / pue[case] + grid_l_per_kwh for case in range(3)))
