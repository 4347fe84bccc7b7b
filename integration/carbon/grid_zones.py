"""Which grid factor a region has, and how good it is.

A book holds one convention only, so that no total mixes life-cycle with direct emissions. Fallback
is by geography and names itself: cloud region, then US state, then country. There is no world
average unless somebody asks for the zone "WOR" by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integration.carbon.tables import CloudRegion, GridFactor

LIFE_CYCLE = "life-cycle"
DIRECT = "direct"
CLOUD_PREFIXES = ("aws:", "aws/", "azure:", "azure/", "gcp:", "gcp/")


class ZoneMatch(NamedTuple):
    """A grid factor, and in words how the region came to it where that was not direct."""

    factor: GridFactor
    assumption: str | None


class GridZones:
    """The grid factors of one convention by region, US state and country."""

    def __init__(
        self,
        factors: Iterable[GridFactor],
        regions: dict[str, CloudRegion],
        convention: str = LIFE_CYCLE,
    ) -> None:
        self.convention = convention
        self._regions = regions
        # A later row about the same zone replaces an earlier one: own factors come last.
        self._factors = {f.zone.lower(): f for f in factors if f.convention == convention}

    def find(self, region: str) -> ZoneMatch | None:
        """Return the factor for a cloud region, "US-VA" or an ISO 3166-1 alpha-3 country."""
        name = plain_region(region)
        own = self._factors.get(name)
        if own is not None:
            return ZoneMatch(own, None)
        cloud_region = self._regions.get(name)
        if cloud_region is None:
            return None
        for zone in _wider_zones(cloud_region):
            factor = self._factors.get(zone.lower())
            if factor is not None:
                said = f"{cloud_region.cloud} {cloud_region.region} ({cloud_region.city})"
                return ZoneMatch(factor, f"{said}: factor of {factor.name}")
        return None


def plain_region(region: str) -> str:
    """Return a region's name in lower case, without its cloud before it."""
    name = region.strip().lower()
    for prefix in CLOUD_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _wider_zones(region: CloudRegion) -> Iterator[str]:
    if region.us_state:
        yield f"US-{region.us_state}"
    yield region.country
