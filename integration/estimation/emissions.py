"""One workload's energy and CO₂e, with the factors' own range, as the carbon book answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from integration.carbon.footprint import Footprint, NoFactor
from integration.estimation.figures import CallPlan, Emissions, Figures
from integration.estimation.workload import Range, Workload

if TYPE_CHECKING:
    from integration.carbon.carbon_book import CarbonBook

REGION_CODES = frozenset({"no_region", "unknown_region"})


def add_emissions(figures: Figures, carbon_book: CarbonBook) -> None:
    """Work out energy and emissions of the Sprint, or name why there are none."""
    workload = figures.workload
    input_share = 0.0
    if workload.runs_on_accelerators:
        hours = (workload.gpu_count or 0) * (workload.gpu_hours or Decimal(0))
        found = carbon_book.gpu_footprint(
            workload.accelerator, 1, float(hours), workload.region or None
        )
    else:
        plan = CallPlan.per_sprint(workload)
        found = _footprint(carbon_book, workload, plan)
        without_output = _footprint(carbon_book, workload, replace(plan, output_tokens=0))
        input_share = _share(without_output, found)
    if isinstance(found, NoFactor):
        name = "region" if found.code in REGION_CODES else "factor"
        figures.lacks(name, f"No energy or CO₂e: {found.reason}.")
        return
    for assumption in found.basis.assumptions:
        figures.assume(assumption)
    figures.emissions = Emissions(
        energy_uwh=Range(found.energy_low_uwh, found.energy_uwh, found.energy_high_uwh),
        location_based_ugco2e=Range(
            found.location_based_low_ugco2e,
            found.location_based_ugco2e,
            found.location_based_high_ugco2e,
        ),
        market_based_ugco2e=_market_based(found),
        input_share=input_share,
        tier=found.tier,
        sources=found.sources,
    )


def _market_based(found: Footprint) -> Range | None:
    """The market-based figure with the relative range of the energy: its factor states none."""
    central = found.market_based_ugco2e
    if central is None or not found.energy_uwh:
        return None
    return Range(
        round(central * found.energy_low_uwh / found.energy_uwh),
        central,
        round(central * found.energy_high_uwh / found.energy_uwh),
    )


def _footprint(carbon_book: CarbonBook, workload: Workload, plan: CallPlan) -> Footprint | NoFactor:
    return carbon_book.footprint(
        workload.provider_name,
        workload.model,
        workload.region or None,
        calls=plan.calls,
        input_tokens=plan.input_tokens,
        output_tokens=plan.output_tokens,
        cache_read_input_tokens=plan.cache_read_input_tokens,
    )


def _share(part: Footprint | NoFactor, whole: Footprint | NoFactor) -> float:
    """Share of the whole's energy that is in the part; 0 where there is none."""
    if isinstance(part, NoFactor) or isinstance(whole, NoFactor) or not whole.energy_uwh:
        return 0.0
    return min(1.0, part.energy_uwh / whole.energy_uwh)
