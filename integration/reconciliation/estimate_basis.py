"""What an estimate expected to be used, as a basis that metered usage can be compared with."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from integration.pricing.cost_change import CostBasis, GroupUsage
from integration.pricing.paid_rates import booked_rates
from integration.pricing.rates import divide_half_even

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from integration.estimation.workload import Workload
    from integration.pricing.product_effects import Ratio
    from integration.pricing.rates import ClassPrices

EMBEDDINGS, CHAT = "embeddings", "chat"


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
    calls_nanousd = central_nanousd - gpu_nanousd
    factor = calls_nanousd / whole
    costs = _whole_parts([cost * factor for cost in stated[:-1]], calls_nanousd)
    groups = tuple(
        _group(workload, factor, cost) for workload, cost in zip(usable, costs, strict=True)
    )
    return CostBasis(groups=groups, gpu_nanousd=gpu_nanousd, prices=prices)


def _cost(workload: Workload, prices: ClassPrices) -> Fraction:
    """Calls × (tokens in, cached or not, and out, and the call itself) at list price."""
    uncached, read, _, output, call, per = booked_rates(prices)
    calls, of_calls = _ratio(workload.calls)
    cached, of_cached = _ratio(workload.cached_share)
    tokens_in, of_in = _ratio(workload.input_tokens)
    tokens_out, of_out = _ratio(workload.output_tokens)
    per_input = (of_cached - cached) * uncached + cached * read
    per_call = (
        tokens_in * per_input * of_out
        + (tokens_out * output + call * of_out) * of_in * of_cached
    )  # fmt: skip
    return Fraction(calls * per_call, of_calls * of_in * of_cached * of_out * per)


def _group(workload: Workload, factor: Fraction, cost: int) -> GroupUsage:
    stated, of_stated = _ratio(workload.calls)
    calls, of_calls = stated * factor.numerator, of_stated * factor.denominator
    tokens_in, of_in = _ratio(workload.input_tokens)
    cached, of_cached = _ratio(workload.cached_share)
    tokens_out, of_out = _ratio(workload.output_tokens)
    return GroupUsage(
        model=workload.model,
        operation_name=operation_of(workload.kind),
        calls=max(1, divide_half_even(calls, of_calls)),
        input_tokens=divide_half_even(calls * tokens_in, of_calls * of_in),
        cache_read_input_tokens=divide_half_even(
            calls * tokens_in * cached, of_calls * of_in * of_cached
        ),
        output_tokens=divide_half_even(calls * tokens_out, of_calls * of_out),
        list_cost_nanousd=cost,
    )


def _ratio(stated: Decimal | None) -> Ratio:
    return (0, 1) if stated is None else stated.as_integer_ratio()


def _whole_parts(exact: list[Fraction], total: int) -> list[int]:
    """Round to integers that add up to the total with one more, which takes what is left."""
    rounded = [round(part) for part in exact]
    return [*rounded, total - sum(rounded)]
