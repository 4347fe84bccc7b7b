"""What a story says it will run: one workload per row of its "AI Cost & Carbon" table."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 -- The store builds these from JSON by their types.
from typing import Literal

Kind = Literal["chat", "summary", "embedding", "agent", "batch", "training", "other"]


@dataclass(frozen=True, slots=True)
class Workload:
    """One use of a model or of accelerators, as planned for one Sprint.

    Token counts are per call. `calls` is per Sprint once read: a rate per day has been multiplied
    by the days of the Sprint. None means that nobody said; it is never taken as 0.
    """

    name: str = ""
    kind: Kind = "other"
    provider_name: str = ""
    model: str = ""
    calls: Decimal | None = None
    input_tokens: Decimal | None = None
    """Includes the tokens read from cache."""
    output_tokens: Decimal | None = None
    cached_share: Decimal | None = None
    """Share of the input tokens read from cache, 0 to 1."""
    region: str = ""
    service_tier: str = "standard"
    accelerator: str = ""
    gpu_count: Decimal | None = None
    gpu_hours: Decimal | None = None
    """Hours each accelerator runs; accelerator-hours are `gpu_count × gpu_hours`."""

    @property
    def runs_on_accelerators(self) -> bool:
        """Whether accelerator-hours, and not a price per token, decide its cost and energy."""
        return bool(self.accelerator or self.gpu_count is not None or self.gpu_hours is not None)

    @property
    def calls_a_model(self) -> bool:
        """Whether the row plans calls: any of their counts is stated, or no accelerator is."""
        stated = (self.calls, self.input_tokens, self.output_tokens)
        return any(count is not None for count in stated) or not self.runs_on_accelerators


@dataclass(frozen=True, slots=True)
class Missing:
    """An input without which there is no figure: which workload, which input, and why it matters.

    An empty `workload` means the whole table.
    """

    workload: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Range:
    """A quantity's P10, P50 and P90 in one integer unit."""

    low: int
    central: int
    high: int

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.central + other.central, self.high + other.high)


@dataclass(frozen=True, slots=True)
class AppliedCalibration:
    """How the team's own history moved an estimate. Natural logarithms of actual / planned."""

    log_shift: float
    """What was added to the logarithm of every central figure."""
    outcomes: int
    """How many closed stories it rests on."""
    coverage_pct: Decimal | None
    """Share of those stories whose actual lay inside the range stated for them, in percent."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a story will consume. A quantity is None when an input, price or factor is missing."""

    tokens: Range | None
    list_cost_nanousd: Range | None
    energy_uwh: Range | None
    location_based_ugco2e: Range | None
    market_based_ugco2e: Range | None
    workloads: tuple[Workload, ...]
    assumptions: tuple[str, ...]
    missing: tuple[Missing, ...]
    coverage_pct: Decimal
    """Share of the workloads that have a factor and the inputs it needs, in percent."""
    method_version: str
    price_version: str
    factor_version: str
    factor_tier: str = ""
    """Worst data quality among the factors, A (best) to D; empty without any factor."""
    factor_sources: tuple[str, ...] = ()
    calibration: AppliedCalibration | None = None
    """None: no closed story of the team was used, the ranges are the priors."""

    @property
    def is_complete(self) -> bool:
        """Whether there is a figure for tokens, dollars and CO₂e."""
        return None not in (self.tokens, self.list_cost_nanousd, self.location_based_ugco2e)
