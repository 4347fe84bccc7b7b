"""How one version of a story's estimate differs from the version before it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from integration.estimation.workload import Estimate, Range

Reason = Literal["inputs", "prices", "factors", "history", "method"]


@dataclass(frozen=True, slots=True)
class EstimateChange:
    """Changes of central figures in percent of the earlier version's.

    None: there is no figure on one of the two sides, or the earlier one is 0.
    """

    since_version: int
    tokens_pct: Decimal | None
    list_cost_pct: Decimal | None
    location_based_pct: Decimal | None
    reasons: tuple[Reason, ...]


def change_between(earlier: Estimate, later: Estimate, since_version: int) -> EstimateChange:
    """Compare two versions of one story's estimate.

    Prices count as a reason when the price data changed in a way that moved a figure, or when a
    dated price moved the cost while inputs and history stayed.
    """
    return EstimateChange(
        since_version=since_version,
        tokens_pct=_change_pct(earlier.tokens, later.tokens),
        list_cost_pct=_change_pct(earlier.list_cost_nanousd, later.list_cost_nanousd),
        location_based_pct=_change_pct(earlier.location_based_ugco2e, later.location_based_ugco2e),
        reasons=_reasons(earlier, later),
    )


def _reasons(earlier: Estimate, later: Estimate) -> tuple[Reason, ...]:
    same_inputs = earlier.workloads == later.workloads
    same_history = _history(earlier) == _history(later)
    same_method = _plain_method(earlier) == _plain_method(later)
    otherwise_same = same_inputs and same_history and same_method
    moved_cost = earlier.list_cost_nanousd != later.list_cost_nanousd
    moved_carbon = earlier.location_based_ugco2e != later.location_based_ugco2e
    found: dict[Reason, bool] = {
        "inputs": not same_inputs,
        "history": not same_history,
        "prices": earlier.price_version != later.price_version or (otherwise_same and moved_cost),
        "factors": earlier.factor_version != later.factor_version
        or (otherwise_same and moved_carbon),
        "method": not same_method,
    }
    named = tuple(reason for reason, holds in found.items() if holds)
    # What is left is how the inputs were understood: a default region, a heading, a missing cell.
    return named or ("inputs",)


def _history(estimate: Estimate) -> tuple[float, int] | None:
    applied = estimate.calibration
    return (applied.log_shift, applied.outcomes) if applied else None


def _plain_method(estimate: Estimate) -> str:
    """The method without what is added once there is history: that is a reason of its own."""
    return estimate.method_version.partition(" + ")[0]


def _change_pct(earlier: Range | None, later: Range | None) -> Decimal | None:
    if earlier is None or later is None or not earlier.central:
        return None
    difference = Decimal(100) * (later.central - earlier.central) / earlier.central
    return difference.quantize(Decimal("0.1")) + Decimal(0)  # No negative zero.
