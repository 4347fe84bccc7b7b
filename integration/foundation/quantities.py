"""Energy as integer µWh and emissions as integer µgCO₂e; Decimal only at the edges."""

from decimal import Decimal

UWH_PER_WH = 1_000_000
UG_PER_KG = 1_000_000_000


def wh(energy_uwh: int) -> Decimal:
    """Exact watt-hours of an energy in µWh."""
    return Decimal(energy_uwh).scaleb(-6)


def kgco2e(emissions_ugco2e: int) -> Decimal:
    """Exact kilograms CO₂e of emissions in µgCO₂e.

    >>> kgco2e(2_500_000_000)
    Decimal('2.500000000')
    """
    return Decimal(emissions_ugco2e).scaleb(-9)


def ugco2e(emissions_kgco2e: Decimal) -> int:
    """Whole µgCO₂e of emissions in kilograms, rounded half to even."""
    return int((emissions_kgco2e * UG_PER_KG).to_integral_value())
