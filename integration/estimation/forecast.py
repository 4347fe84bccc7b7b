"""From planned workloads to an estimate: P10, P50 and P90 of tokens, dollars, energy and CO₂e.

Method `workload-lognormal/2`, closed form, the same answer every time:

1. Central figures. Each workload is worked out as stated: calls × tokens × price, tokens × energy
   coefficients × grid factor, accelerator-hours × rate. The central figure of the story is their
   plain sum, so that anybody can work it out by hand. (Where several workloads err independently
   the median of the sum lies a little above the sum of the medians; calibration takes that up.)
2. Spread of use. Actual over planned use is lognormal around 1. Each workload's log sd comes from
   its kind and from the shares of input and output in the quantity (`spread.py`); those of several
   workloads are combined with half of the variance common to all.
3. Spread of factors. Energy and CO₂e also carry the low and high of their factors, summed over the
   workloads (they err together) and combined with the spread of use as independent factors.
4. History. With a calibration the central figures are multiplied by what the team's closed stories
   show, and the spread of use is the calibrated one instead of the prior.

What is missing, unpriced or without a factor leaves its quantity without a figure for the whole
story: a sum of some of the workloads is never shown as the total, and nothing is taken as 0.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from integration.estimation.emissions import add_emissions
from integration.estimation.figures import Figures, add_cost, add_tokens, completed
from integration.estimation.spread import (
    Spread,
    calls_log_sd,
    prior_spread,
    sum_log_sd,
    usage_log_sd,
    with_factor,
)
from integration.estimation.subject import planned_tokens, subject_of
from integration.estimation.workload import AppliedCalibration, Estimate, Missing, Range, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from integration.carbon.carbon_book import CarbonBook
    from integration.estimation.calibration import Calibration
    from integration.estimation.similarity import StoryTraits
    from integration.estimation.subject import Subject
    from integration.pricing.price_book import PriceBook

METHOD_VERSION = "workload-lognormal/2"
CALIBRATED_METHOD_VERSION = f"{METHOD_VERSION} + calibration/2"

MOST_TOKENS = Decimal(10) ** 12
MOST_GPU_HOURS = Decimal(10) ** 6
"""Beyond what a Sprint can use; the high end in nano-USD and µgCO₂e would not fit 64 bits."""
BEYOND_COUNTING = (
    "More than 10¹² tokens or 10⁶ GPU-hours are planned for one Sprint: check the numbers."
)


def estimate(
    workloads: Sequence[Workload],
    problems: Sequence[Missing] = (),
    *,
    at: datetime,
    price_book: PriceBook,
    carbon_book: CarbonBook,
    default_provider: str = "",
    default_region: str = "",
    assumptions: Sequence[str] = (),
    traits: StoryTraits | None = None,
    team: str = "",
    calibration: Calibration | None = None,
) -> Estimate:
    """Estimate one story at the prices and factors of an instant.

    `problems` and `assumptions` are those of reading the table; a problem leaves the quantities
    that need the input without a figure. A row without a region takes the default one, else the
    carbon book decides and says what it assumed.
    """
    named = tuple(problems)
    if not workloads and not named:
        named = (Missing("", "table", "No workload is stated."),)
    if any(_is_beyond_counting(workload) for workload in workloads):
        named = (*named, Missing("", "table", BEYOND_COUNTING))
    figures = [completed(workload, default_provider, default_region) for workload in workloads]
    for each in figures:
        _work_out(each, named, price_book, at, carbon_book)
    spread, applied = _calibrated(calibration, subject_of(workloads, traits, team))
    shift = applied.log_shift if applied else 0.0
    gathered = _Sums(figures, named, spread, shift)
    return Estimate(
        tokens=gathered.tokens(),
        list_cost_nanousd=gathered.cost(),
        energy_uwh=gathered.energy(),
        location_based_ugco2e=gathered.location_based(),
        market_based_ugco2e=gathered.market_based(),
        workloads=tuple(workloads),
        assumptions=(*assumptions, *(a for each in figures for a in each.assumptions)),
        missing=_all_missing(named, figures),
        coverage_pct=_coverage_pct(figures, named),
        method_version=CALIBRATED_METHOD_VERSION if applied else METHOD_VERSION,
        price_version=price_book.price_version,
        factor_version=carbon_book.factor_version,
        factor_tier=max((e.emissions.tier for e in figures if e.emissions), default=""),
        factor_sources=_sources(figures),
        calibration=applied,
    )


def _is_beyond_counting(workload: Workload) -> bool:
    hours = (workload.gpu_count or Decimal(1)) * (workload.gpu_hours or Decimal(0))
    return planned_tokens(workload) > MOST_TOKENS or hours > MOST_GPU_HOURS


def _work_out(
    figures: Figures,
    problems: tuple[Missing, ...],
    price_book: PriceBook,
    at: datetime,
    carbon_book: CarbonBook,
) -> None:
    if not figures.blocked("tokens", problems):
        add_tokens(figures)
    if not figures.blocked("cost", problems):
        add_cost(figures, price_book, at)
    if not figures.blocked("carbon", problems):
        add_emissions(figures, carbon_book)


def _calibrated(
    calibration: Calibration | None, subject: Subject
) -> tuple[Spread | None, AppliedCalibration | None]:
    if calibration is None or not calibration.outcomes or not subject.kinds:
        return None, None
    correction = calibration.correction(subject)
    return correction.spread, AppliedCalibration(
        correction.log_shift, correction.outcomes, correction.coverage_pct
    )


def _all_missing(problems: tuple[Missing, ...], figures: list[Figures]) -> tuple[Missing, ...]:
    """Problems first; an input that could not be read is not named a second time as missing."""
    named = {(problem.workload, problem.field) for problem in problems}
    later = [missing for each in figures for missing in each.missing]
    return (*problems, *(each for each in later if (each.workload, each.field) not in named))


def _sources(figures: list[Figures]) -> tuple[str, ...]:
    """Where the factors come from, each source once, in the order of the workloads."""
    named = (source for each in figures if each.emissions for source in each.emissions.sources)
    return tuple(dict.fromkeys(named))


def _coverage_pct(figures: list[Figures], problems: tuple[Missing, ...]) -> Decimal:
    """Share of workloads with a factor and all it is multiplied by, in percent; 0 for none."""
    if not figures:
        return Decimal(0)
    covered = sum(not each.blocked("carbon", problems) for each in figures)
    return (Decimal(100) * covered / len(figures)).quantize(Decimal("0.1"))


class _Sums:
    """Adds up the workloads of a story, one quantity at a time, or gives no figure."""

    def __init__(
        self,
        figures: list[Figures],
        problems: tuple[Missing, ...],
        spread: Spread | None,
        log_shift: float,
    ) -> None:
        self._figures = figures
        self._whole_table_lacks = not figures or any(not p.workload for p in problems)
        self._spread = spread
        self._factor = math.exp(log_shift)

    def tokens(self) -> Range | None:
        return self._usage([e.tokens for e in self._figures], lambda e: e.token_input_share)

    def cost(self) -> Range | None:
        return self._usage([e.cost_nanousd for e in self._figures], lambda e: e.cost_input_share)

    def energy(self) -> Range | None:
        return self._emitted(
            [e.emissions.energy_uwh if e.emissions else None for e in self._figures]
        )

    def location_based(self) -> Range | None:
        return self._emitted(
            [e.emissions.location_based_ugco2e if e.emissions else None for e in self._figures]
        )

    def market_based(self) -> Range | None:
        return self._emitted(
            [e.emissions.market_based_ugco2e if e.emissions else None for e in self._figures]
        )

    def _usage(
        self, centrals: list[int | None], input_share: Callable[[Figures], float]
    ) -> Range | None:
        known = [central for central in centrals if central is not None]
        if self._whole_table_lacks or len(known) < len(centrals):
            return None
        spread = self._spread_of(known, input_share)
        return spread.around(round(sum(known) * self._factor))

    def _emitted(self, ranges: list[Range | None]) -> Range | None:
        known = [each for each in ranges if each is not None]
        if self._whole_table_lacks or len(known) < len(ranges):
            return None
        total = sum(known, start=Range(0, 0, 0))
        usage = self._spread_of([each.central for each in known], _energy_input_share)
        return with_factor(usage, total).around(round(total.central * self._factor))

    def _spread_of(self, centrals: list[int], input_share: Callable[[Figures], float]) -> Spread:
        if self._spread is not None:
            return self._spread
        parts = [
            (central, _log_sd(figures, input_share(figures)))
            for central, figures in zip(centrals, self._figures, strict=True)
        ]
        return prior_spread(sum_log_sd(parts))


def _energy_input_share(figures: Figures) -> float:
    return figures.emissions.input_share if figures.emissions else 0.0


def _log_sd(figures: Figures, input_share: float) -> float:
    workload = figures.workload
    if workload.runs_on_accelerators and not workload.calls_a_model:
        return calls_log_sd(workload.kind)
    return usage_log_sd(workload.kind, input_share)
