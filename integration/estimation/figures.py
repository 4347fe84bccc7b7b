"""One workload's central figures: what its plan costs and emits when everything goes as stated.

A figure that cannot be had leaves a named reason instead. Prices are asked for one call and
multiplied, because a price may depend on the length of a call; energy is linear, so its tokens are
summed first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from integration.estimation.workload import Missing, Range, Workload
from integration.pricing.hourly_rates import accelerator_cost
from integration.pricing.schedule import Unpriced

if TYPE_CHECKING:
    from datetime import datetime

    from integration.pricing.price_book import PriceBook, Priced

USAGE = frozenset({"tokens", "cost", "carbon"})
BLOCKS = {
    "table": USAGE, "calls": USAGE, "input_tokens": USAGE, "output_tokens": USAGE,
    "gpu_count": frozenset({"cost", "carbon"}), "gpu_hours": frozenset({"cost", "carbon"}),
    "accelerator": frozenset({"cost", "carbon"}), "model": frozenset({"cost", "carbon"}),
    "cached_share": frozenset({"cost", "carbon"}), "service_tier": frozenset({"cost"}),
    "region": frozenset({"carbon"}), "price": frozenset({"cost"}), "factor": frozenset({"carbon"}),
}  # fmt: skip
"""Which quantities have no figure when an input is missing or cannot be read."""


@dataclass(frozen=True, slots=True)
class CallPlan:
    """The tokens of a workload's calls, as whole numbers."""

    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int

    @classmethod
    def per_call(cls, workload: Workload) -> CallPlan:
        """The mean call; call it for workloads whose counts are all known."""
        given, generated = workload.input_tokens or 0, workload.output_tokens or 0
        cached = (workload.cached_share or 0) * given
        return cls(1, _whole(given), _whole(generated), min(_whole(cached), _whole(given)))

    @classmethod
    def per_sprint(cls, workload: Workload) -> CallPlan:
        """All calls of the Sprint together; call it for workloads whose counts are all known."""
        calls = workload.calls or Decimal(0)
        given = _whole(calls * (workload.input_tokens or 0))
        cached = _whole(calls * (workload.cached_share or 0) * (workload.input_tokens or 0))
        generated = _whole(calls * (workload.output_tokens or 0))
        return cls(_whole(calls), given, generated, min(cached, given))


@dataclass(frozen=True, slots=True)
class Emissions:
    """Energy and CO₂e of a workload with the factors' own range. None: no factor of that kind."""

    energy_uwh: Range
    location_based_ugco2e: Range
    market_based_ugco2e: Range | None
    input_share: float
    """Share of the energy that is not from output tokens."""
    tier: str
    sources: tuple[str, ...]


@dataclass(slots=True)
class Figures:
    """A workload's central figures; None where there is none, and `missing` says why."""

    workload: Workload
    tokens: int | None = None
    token_input_share: float = 0.0
    cost_nanousd: int | None = None
    cost_input_share: float = 0.0
    emissions: Emissions | None = None
    missing: list[Missing] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)

    def lacks(self, name: str, reason: str) -> None:
        """Name an input without which there is no figure."""
        self.missing.append(Missing(self.workload.name, name, reason))

    def assume(self, sentence: str) -> None:
        """Note something that nobody said and the figures rest on."""
        name = self.workload.name
        self.assumptions.append(f"{name}: {sentence}." if name else f"{sentence}.")

    def blocked(self, quantity: str, problems: tuple[Missing, ...]) -> bool:
        """Whether a missing input or an earlier problem leaves the quantity without a figure."""
        named = (
            missing.field
            for missing in (*problems, *self.missing)
            if missing.workload in {"", self.workload.name}
        )
        return any(quantity in BLOCKS.get(name, USAGE) for name in named)


def completed(workload: Workload, default_provider: str, default_region: str) -> Figures:
    """Fill in what may be assumed, saying so, and name what may not."""
    figures = Figures(workload)
    changes: dict[str, str | Decimal] = {}
    if not workload.provider_name and default_provider:
        changes["provider_name"] = default_provider
    if not workload.region and default_region:
        changes["region"] = default_region
        figures.assume(f"region {default_region}, the workspace's default")
    if workload.calls_a_model:
        if workload.cached_share is None:
            changes["cached_share"] = Decimal(0)
            figures.assume("0 % of the input tokens come from cache")
        if workload.output_tokens is None and workload.kind == "embedding":
            changes["output_tokens"] = Decimal(0)
            figures.assume("an embedding returns no tokens")
    if workload.runs_on_accelerators and workload.gpu_count is None:
        changes["gpu_count"] = Decimal(1)
        figures.assume("one accelerator")
    figures.workload = replace(workload, **changes)  # type: ignore[arg-type]  # Keyed by name.
    _name_missing(figures)
    return figures


def _name_missing(figures: Figures) -> None:
    workload = figures.workload
    if workload.calls_a_model:
        if workload.calls is None:
            figures.lacks("calls", "How many calls per Sprint? For example 1200 or 500/day.")
        if workload.input_tokens is None:
            figures.lacks("input_tokens", "How many input tokens per call? For example 1.2k.")
        if workload.output_tokens is None:
            figures.lacks("output_tokens", "How many output tokens per call? For example 300.")
    if workload.runs_on_accelerators:
        if not workload.accelerator:
            figures.lacks("accelerator", "Which GPU type? For example H100.")
        if workload.gpu_hours is None:
            figures.lacks("gpu_hours", "How many hours does each GPU run? For example 6.")
    elif not workload.model:
        figures.lacks("model", "Which model? For example gpt-4o-mini.")


def add_tokens(figures: Figures) -> None:
    """Work out the tokens of the Sprint. Accelerators without calls use none: that is a known 0."""
    if not figures.workload.calls_a_model:
        figures.tokens = 0
        return
    plan = CallPlan.per_sprint(figures.workload)
    figures.tokens = plan.input_tokens + plan.output_tokens
    figures.token_input_share = plan.input_tokens / figures.tokens if figures.tokens else 0.0


def add_cost(figures: Figures, price_book: PriceBook, at: datetime) -> None:
    """Work out the list cost at the prices of an instant, or name why there is none."""
    workload = figures.workload
    if workload.runs_on_accelerators:
        _add_accelerator_cost(figures, price_book, at)
        return
    plan = CallPlan.per_call(workload)
    whole = _priced(price_book, workload, at, plan)
    if isinstance(whole, Unpriced):
        figures.lacks("price", f"There is no price for {workload.model}: {whole.reason}.")
        return
    without_output = _priced(price_book, workload, at, replace(plan, output_tokens=0))
    figures.cost_nanousd = _whole((workload.calls or 0) * Decimal(whole.list_cost_nanousd))
    if whole.assumption:
        figures.assume(whole.assumption)
    if whole.list_cost_nanousd and not isinstance(without_output, Unpriced):
        share = without_output.list_cost_nanousd / whole.list_cost_nanousd
        figures.cost_input_share = min(1.0, share)


def _priced(
    price_book: PriceBook, workload: Workload, at: datetime, plan: CallPlan
) -> Priced | Unpriced:
    return price_book.list_cost(
        workload.provider_name,
        workload.model,
        at,
        input_tokens=plan.input_tokens,
        output_tokens=plan.output_tokens,
        cache_read_input_tokens=plan.cache_read_input_tokens,
        service_tier=workload.service_tier,
    )


def _add_accelerator_cost(figures: Figures, price_book: PriceBook, at: datetime) -> None:
    """Use the hourly rate of the accelerator; a spot rate is the row called `H100 spot`."""
    workload = figures.workload
    if workload.model or workload.calls_a_model:
        named = f" of {workload.model}" if workload.model else ""
        figures.assume(
            "self-hosted: hours on accelerators give cost and energy, the price and the energy per"
            f" token{named} are not used"
        )
    hours = (workload.gpu_count or 0) * (workload.gpu_hours or Decimal(0))
    spot = " spot" if workload.service_tier == "spot" else ""
    rate_of = f"{workload.accelerator}{spot}"
    found = accelerator_cost(price_book.overrides, workload.provider_name, rate_of, at, hours)
    if isinstance(found, Unpriced):
        reason = f"There is no hourly rate for {rate_of}: {found.reason}."
        figures.lacks("price", reason)
        return
    figures.cost_nanousd = found[0]


def _whole(number: Decimal | int) -> int:
    return int(Decimal(number).to_integral_value(rounding=ROUND_HALF_EVEN))
