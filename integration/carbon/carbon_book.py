"""Energy and emissions of a call, in µWh and µgCO₂e, within about two microseconds.

energy = calls·a + input·b_in + cache_read·b_cache_read + cache_write·b_cache_write + output·b_out;
emissions = energy · grid factor + embodied. Linear, so a roll-up may sum tokens first.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from integration.carbon.accelerator_hours import (
    EMBODIED_G_PER_HOUR,
    find_accelerator,
    gpu_arithmetic,
    gpu_energy_wh,
    why_unknown,
)
from integration.carbon.footprint import Footprint, NoFactor
from integration.carbon.grid_zones import LIFE_CYCLE, GridZones
from integration.carbon.hours_in_zone import gpu_basis, in_zone, measured_basis
from integration.carbon.model_names import ModelIndex
from integration.carbon.open_models import OPEN_WEIGHTS, OpenModels
from integration.carbon.resolution import (
    UG_PER_G,
    UWH_PER_WH,
    Coefficients,
    coefficients_of,
)
from integration.carbon.tables import Spread, Tables, shipped_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.carbon.tables import GridFactor, ModelEnergy

REMEMBERED_NAMES = 8192
STATED = "stated"


class CarbonBook:
    """Factors of every known model, zone and accelerator. Safe to share between threads.

    Own factors and own models (a supplier's statement, a market-based factor) replace shipped rows
    about the same zone or model, and show in `factor_version`.
    """

    def __init__(
        self,
        tables: Tables,
        own_factors: Sequence[GridFactor] = (),
        convention: str = LIFE_CYCLE,
        own_models: Sequence[ModelEnergy] = (),
    ) -> None:
        self.tables = tables
        self.zones = GridZones((*tables.grid, *own_factors), tables.regions, convention)
        self._models = ModelIndex((*tables.models, *own_models), _open_models(tables))
        self._resolved: dict[tuple[str | None, str, str | None], Coefficients | NoFactor] = {}
        self.factor_version = factor_version(tables, (*own_factors, *own_models), convention)

    def footprint(
        self,
        provider_name: str | None,
        model: str,
        region: str | None,
        *,
        input_tokens: int,
        output_tokens: int,
        calls: int = 1,
        cache_read_input_tokens: int = 0,
        cache_write_input_tokens: int = 0,
    ) -> Footprint | NoFactor:
        """Estimate calls to one model; `input_tokens` include the cached ones.

        Without a region the provider's default zone is assumed, and the footprint says so.
        """
        found = self.coefficients(provider_name, model, region)
        if isinstance(found, NoFactor):
            return found
        fresh = input_tokens - cache_read_input_tokens - cache_write_input_tokens
        if (
            fresh < 0
            or output_tokens < 0
            or cache_read_input_tokens < 0
            or cache_write_input_tokens < 0
            or calls < 0
        ):
            return NoFactor("impossible_usage", f"{model}: a part is larger than its whole")
        return found.footprint(
            calls, fresh, cache_read_input_tokens, cache_write_input_tokens, output_tokens
        )

    def coefficients(
        self, provider_name: str | None, model: str, region: str | None
    ) -> Coefficients | NoFactor:
        """Return the coefficients behind a name and a region."""
        found = self._resolved.get((provider_name, model, region))
        return self.resolve(provider_name, model, region) if found is None else found

    def resolve(
        self, provider_name: str | None, model: str, region: str | None
    ) -> Coefficients | NoFactor:
        """Return the coefficients behind a name and a region, remembered after the first time."""
        found = self._look_up(provider_name, model, region)
        if len(self._resolved) >= REMEMBERED_NAMES:
            # Names come from outside; forgetting all bounds the memory and costs one look-up each.
            self._resolved.clear()
        self._resolved[provider_name, model, region] = found
        return found

    def states_itself(self, region: str) -> bool:
        """Whether the region's factor was entered by the workspace and is not a shipped one."""
        match = self.zones.find(region)
        return match is not None and match.factor.kind == STATED

    def model(self, provider_name: str | None, model: str) -> ModelEnergy | None:
        """Return the row of a model under any of its names."""
        return self._models.find(provider_name, model)

    def gpu_footprint(
        self,
        accelerator: str,
        count: int,
        hours: float,
        region: str | None,
        utilisation: float | None = None,
        *,
        pue: float | None = None,
    ) -> Footprint | NoFactor:
        """Estimate hours on accelerators; utilisation is the share of TDP drawn, 0 to 1."""
        device = find_accelerator(self.tables.accelerators, accelerator)
        if device is None:
            return NoFactor("unknown_accelerator", why_unknown(accelerator))
        if not region:
            return NoFactor("no_region", f"no region given for hours on {device.name}")
        zone = self.zones.find(region)
        if zone is None:
            return NoFactor("unknown_region", f"no {self.zones.convention} factor for {region!r}")
        if count < 0 or hours < 0 or not 0 <= (utilisation or 0) <= 1:
            return NoFactor("impossible_usage", f"{device.name}: count, hours or utilisation")
        energy = gpu_energy_wh(device.tdp_w, count, hours, utilisation, pue).times(UWH_PER_WH)
        embodied = count * hours * EMBODIED_G_PER_HOUR * UG_PER_G
        basis = msgspec.structs.replace(
            gpu_basis(device, zone, self.factor_version),
            arithmetic=gpu_arithmetic(device.tdp_w, count, hours, utilisation, pue),
        )
        return in_zone(energy, Spread(embodied, embodied, embodied), basis)

    def measured_footprint(
        self, energy_wh: float, region: str | None, estimated: Footprint | NoFactor
    ) -> Footprint | NoFactor:
        """Replace an estimate's energy by what the source measured; embodied emissions stay.

        A measurement also gives a figure where the model or the device is not known; without a
        region known to us there is none.
        """
        if isinstance(estimated, Footprint):
            wanted: str | None = region or estimated.basis.zone
            missing: tuple[str, ...] = ()
            embodied = Spread(
                estimated.embodied_low_ugco2e,
                estimated.embodied_ugco2e,
                estimated.embodied_high_ugco2e,
            )
        else:
            wanted, missing = region, (f"no embodied emissions: {estimated.reason}",)
            embodied = Spread(0, 0, 0)
        zone = self.zones.find(wanted) if wanted else None
        if zone is None or not 0 <= energy_wh < math.inf:
            return NoFactor("no_region", "energy was measured, but not in a region with a factor")
        energy = Spread(energy_wh, energy_wh, energy_wh).times(UWH_PER_WH)
        basis = measured_basis(zone, self.factor_version, missing, has_region=bool(region))
        return in_zone(energy, embodied, basis)

    def _look_up(
        self, provider_name: str | None, model: str, region: str | None
    ) -> Coefficients | NoFactor:
        row = self._models.find(provider_name, model)
        if row is None:
            return NoFactor(
                "unknown_model", f"no energy factor for {model!r} of {provider_name or 'anyone'}"
            )
        setting = self.tables.providers.get(row.provider)
        wanted = region or (setting.default_zone if setting else "")
        if not wanted:
            return NoFactor("no_region", f"no region given for {row.model} of {row.provider}")
        zone = self.zones.find(wanted)
        if zone is None:
            return NoFactor("unknown_region", f"no {self.zones.convention} factor for {wanted!r}")
        return coefficients_of(
            row, zone, setting, factor_version=self.factor_version, zone_assumed=not region
        )


def factor_version(
    tables: Tables,
    own_rows: Sequence[GridFactor | ModelEnergy] = (),
    convention: str = LIFE_CYCLE,
) -> str:
    """Name the method and the data: changes whenever a table or a factor of one's own does."""
    first = tables.models[0]
    own = ""
    if own_rows:
        own = f" + own {hashlib.sha256(msgspec.json.encode(list(own_rows))).hexdigest()[:8]}"
    return (
        f"{first.method_version} ecologits {first.ecologits_version} {convention} "
        f"tables {tables.digest}{own}"
    )


@lru_cache(maxsize=4)
def default_carbon_book(convention: str = LIFE_CYCLE) -> CarbonBook:
    """Return the book of the shipped tables; read once per process."""
    return CarbonBook(shipped_tables(), convention=convention)


def _open_models(tables: Tables) -> OpenModels:
    """Open weights by any spelling: our table, then those that EcoLogits lists at 16 bits."""
    theirs = (row for row in tables.models if row.provider == OPEN_WEIGHTS)
    pue = tables.providers[OPEN_WEIGHTS].pue
    return OpenModels((*tables.open_models, *theirs), pue)
