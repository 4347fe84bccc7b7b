"""Grid intensity of the very hour, where it is read live, and what stands in where it is not.

The ladder, each step saying which it is: the hour's value as measured (tier A), the hour's value as
estimated by the source (B), the hour before (C), and then the book's own factor as if nothing were
read live. A factor that the workspace states itself outranks them all.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from integration.carbon.grid_zones import plain_region
from integration.carbon.tables import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integration.carbon.explanation import CarbonExplanation
    from integration.carbon.footprint import Footprint

HOUR = timedelta(hours=1)
MEASURED_TIER, ESTIMATED_TIER, HOUR_BEFORE_TIER = "A", "B", "C"
UG_PER_UWH_AT_1_G_PER_KWH = 1e-3


class GridHour(msgspec.Struct, frozen=True, kw_only=True):
    """One zone's grams CO₂e per kWh, life-cycle, average of one hour that begins at `hour`."""

    zone: str
    hour: datetime
    g_per_kwh: float
    is_estimated: bool
    estimation: str = ""
    """How the source estimated it; empty where it measured or does not say."""
    source: str


class LiveFactor(msgspec.Struct, frozen=True):
    """The value that counts for one call. Kept with the entry, so that it can be worked out again.

    `said` names the hour, the source and the step of the ladder.
    """

    zone: str
    g_per_kwh: float
    tier: str
    said: str


class LiveGrid:
    """The hours known so far. Immutable: who reads more makes a new one.

    `zones` maps our regions, as events name them, to the source's zones; `hours` come oldest
    reading first, a later one about the same hour replaces it.
    """

    def __init__(self, zones: Mapping[str, str], hours: Iterable[GridHour]) -> None:
        self._zones = {plain_region(region): zone for region, zone in zones.items()}
        self._hours = {(each.zone, each.hour.astimezone(UTC)): each for each in hours}

    def find(self, region: str, at: datetime) -> LiveFactor | None:
        """Return the value for a call in a region at an instant; None: the book's factor stands."""
        zone = self._zones.get(plain_region(region)) if region else None
        if zone is None:
            return None
        hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        found = self._hours.get((zone, hour))
        if found is not None:
            return _of_the_hour(found)
        before = self._hours.get((zone, hour - HOUR))
        return None if before is None else _of_the_hour_before(before)


class KeptFactor:
    """Stands for a `LiveGrid` where a stored entry is worked out again: its own value, always."""

    def __init__(self, factor: LiveFactor) -> None:
        self._factor = factor

    def find(self, region: str, at: datetime) -> LiveFactor:  # noqa: ARG002 -- As `LiveGrid` has it.
        """Return the value that was kept."""
        return self._factor


def at_hour(found: Footprint, live: LiveFactor) -> Footprint:
    """Return a footprint with the hour's factor in place of the book's; energy stays.

    The market-based figure stays too: it is about contracts, not hours. The range is the energy's,
    since the source states none for the intensity.
    """
    basis = found.basis
    grid = live.g_per_kwh * UG_PER_UWH_AT_1_G_PER_KWH
    kept = tuple(each for each in basis.assumptions if each not in basis.grid_assumptions)
    return msgspec.structs.replace(
        found,
        location_based_low_ugco2e=round(found.energy_low_uwh * grid + found.embodied_low_ugco2e),
        location_based_ugco2e=round(found.energy_uwh * grid + found.embodied_ugco2e),
        location_based_high_ugco2e=round(found.energy_high_uwh * grid + found.embodied_high_ugco2e),
        basis=msgspec.structs.replace(
            basis,
            zone=live.zone,
            tier=max(live.tier, basis.subject_tier),
            g_per_kwh=Spread(live.g_per_kwh, live.g_per_kwh, live.g_per_kwh),
            assumptions=(*kept, live.said),
            grid_assumptions=(live.said,),
            sources=(*basis.sources[:-1], live.said),
        ),
    )


def explained_at_hour(explained: CarbonExplanation, basis_of: Footprint) -> CarbonExplanation:
    """Return an explanation with the grid part of a footprint that `at_hour` gave."""
    basis = basis_of.basis
    g_per_kwh = basis.g_per_kwh.central
    return msgspec.structs.replace(
        explained,
        zone=basis.zone,
        tier=basis.tier,
        sources=basis.sources,
        assumptions=basis.assumptions,
        g_per_kwh=g_per_kwh,
        location_based_ugco2e=explained.energy_uwh * g_per_kwh * UG_PER_UWH_AT_1_G_PER_KWH
        + explained.embodied_ugco2e,
    )


def _of_the_hour(found: GridHour) -> LiveFactor:
    if not found.is_estimated:
        return LiveFactor(found.zone, found.g_per_kwh, MEASURED_TIER, f"{_named(found)}, measured")
    how = f" ({found.estimation})" if found.estimation else ""
    said = f"{_named(found)}, estimated by the source{how}"
    return LiveFactor(found.zone, found.g_per_kwh, ESTIMATED_TIER, said)


def _of_the_hour_before(found: GridHour) -> LiveFactor:
    said = f"{_named(found)}, which is the hour before: the call's own was not known yet"
    return LiveFactor(found.zone, found.g_per_kwh, HOUR_BEFORE_TIER, said)


def _named(found: GridHour) -> str:
    return f"live grid intensity: {found.source}, {found.zone}, {found.hour:%Y-%m-%dT%H}:00Z"
