"""What an estimate expected to be used, as a basis that metered usage can be compared with."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from integration.pricing.cost_change import CostBasis, GroupUsage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integration.estimation.workload import Workload
    from integration.pricing.rates import ClassPrices

EMBEDDINGS, CHAT = "embeddings", "chat"
_PER_MTOK = Fraction(1000)


def operation_of(kind: str) -> str:
    """The OpenTelemetry operation name under which a kind of workload is metered."""
    return EMBEDDINGS if kind == "embedding" else CHAT


def basis_of(
    workloads: Sequence[Workload],
    prices: Mapping[str, ClassPrices],
    *,
    central_nanousd: int,
    runs_on_accelerators: bool = False,
) -> CostBasis:
    """Turn an estimate's model workloads into groups that cost its central figure.

    A central figure that was calibrated against history differs from workloads × prices; it is
    read as that many more or fewer of the same calls. A workload without a model, calls or a price
    gives no group; where none has them all, the basis has no groups and the variance will be
    unexplained. `prices` are those of the day of the estimate, by model.

    Where accelerators run too, what the model workloads do not account for is theirs.
    """
    usable = [w for w in workloads if w.model in prices and w.calls is not None and w.calls > 0]
    stated = [_cost(workload, prices[workload.model]) for workload in usable]
    whole = sum(stated, Fraction(0))
    gpu_nanousd = max(0, central_nanousd - round(whole)) if runs_on_accelerators else 0
    if not whole:
        return CostBasis(gpu_nanousd=gpu_nanousd, prices=prices)
    factor = (central_nanousd - gpu_nanousd) / whole
    costs = _whole_parts([cost * factor for cost in stated], central_nanousd - gpu_nanousd)
    groups = tuple(
        _group(workload, factor, cost) for workload, cost in zip(usable, costs, strict=True)
    )
    return CostBasis(groups=groups, gpu_nanousd=gpu_nanousd, prices=prices)


def _cost(workload: Workload, prices: ClassPrices) -> Fraction:
    charged = prices.charged()
    cached = Fraction(workload.cached_share or 0)
    per_input = (1 - cached) * Fraction(charged.input or 0) + cached * Fraction(
        charged.cache_read or 0
    )
    per_call = (
        Fraction(workload.input_tokens or 0) * per_input
        + Fraction(workload.output_tokens or 0) * Fraction(charged.output or 0)
        + Fraction(charged.per_thousand_calls or 0) * 1000
    )
    return Fraction(workload.calls or 0) * per_call * _PER_MTOK


def _group(workload: Workload, factor: Fraction, cost: int) -> GroupUsage:
    calls = Fraction(workload.calls or 0) * factor
    tokens = calls * Fraction(workload.input_tokens or 0)
    return GroupUsage(
        model=workload.model,
        operation_name=operation_of(workload.kind),
        calls=max(1, round(calls)),
        input_tokens=round(tokens),
        cache_read_input_tokens=round(tokens * Fraction(workload.cached_share or 0)),
        output_tokens=round(calls * Fraction(workload.output_tokens or 0)),
        list_cost_nanousd=cost,
    )


def _whole_parts(exact: list[Fraction], total: int) -> list[int]:
    """Round to integers that add up to the total; the last takes what rounding leaves."""
    rounded = [round(part) for part in exact[:-1]]
    return [*rounded, total - sum(rounded)]
