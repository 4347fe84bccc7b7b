"""Why a spike costs more than usual, in parts that add up to the nano-dollar.

The usage during the spike is compared with the usual usage of the same length of time, factor by
factor, as in `integration.pricing.cost_change`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from integration.pricing.cost_change import CostBasis, GroupUsage, cost_change

CauseKind = Literal[
    "more_calls", "longer_input", "longer_output", "less_cache", "dearer_model", "new_price",
    "gpu_hours",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """One part of a spike's cost over the usual; below 0 where it made the spike cheaper."""

    kind: CauseKind
    amount_nanousd: int
    detail: str = ""


def causes_of(usual: CostBasis, during: CostBasis) -> tuple[Cause, ...]:
    """Split `during − usual` into its causes, largest first; parts of 0 are left out.

    Both sides cover the same length of time: see `scaled`. A subject that was never used before
    has one cause, more calls.
    """
    change = cost_change(usual, during)
    parts: tuple[tuple[CauseKind, int], ...] = (
        ("more_calls", change.volume),
        ("longer_input", change.input_length),
        ("longer_output", change.output_length),
        ("less_cache", change.cache_share),
        ("dearer_model", change.model_mix),
        ("new_price", change.price_change),
        ("gpu_hours", change.gpu),
    )
    found = [Cause(kind, amount) for kind, amount in parts if amount]
    return tuple(sorted(found, key=lambda cause: -abs(cause.amount_nanousd)))


def with_details(
    causes: tuple[Cause, ...], calm: CostBasis, usual_nanousd: int, during: CostBasis
) -> tuple[Cause, ...]:
    """Say of each cause by how much: `calm` is any longer usual time, `usual_nanousd` the cost of
    as much of it as the spike lasted. What cannot be compared stays without a detail."""
    before, now = _totals(calm), _totals(during)
    share = usual_nanousd / calm.total_nanousd if calm.total_nanousd else 0.0
    if not (before.calls and now.calls and share):
        return causes
    times = now.calls / (before.calls * share)
    details: dict[CauseKind, str] = {
        "more_calls": f"{times:.{0 if times >= 10 else 1}f}×" if times > 1 else "",
        "longer_input": _rise(before.input_tokens / before.calls, now.input_tokens / now.calls),
        "longer_output": _rise(before.output_tokens / before.calls, now.output_tokens / now.calls),
        "less_cache": f"{_cached_pct(before)} % → {_cached_pct(now)} %",
        "dearer_model": _newcomer(calm, during),
    }
    return tuple(replace(cause, detail=details.get(cause.kind, "")) for cause in causes)


def _totals(usage: CostBasis) -> GroupUsage:
    return GroupUsage(
        model="",
        calls=sum(group.calls for group in usage.groups),
        input_tokens=sum(group.input_tokens for group in usage.groups),
        cache_read_input_tokens=sum(group.cache_read_input_tokens for group in usage.groups),
        output_tokens=sum(group.output_tokens for group in usage.groups),
        list_cost_nanousd=0,
    )


def _rise(before: float, now: float) -> str:
    return f"{100 * (now / before - 1):+.0f} %" if before else ""


def _cached_pct(usage: GroupUsage) -> int:
    return round(100 * usage.cache_read_input_tokens / max(1, usage.input_tokens))


def _newcomer(before: CostBasis, now: CostBasis) -> str:
    """The model whose share of the calls grew most."""

    def shares(usage: CostBasis) -> dict[str, float]:
        calls = sum(group.calls for group in usage.groups)
        return {group.model: group.calls / calls for group in usage.groups}

    earlier, later = shares(before), shares(now)
    return max(later, key=lambda model: later[model] - earlier.get(model, 0.0))


def scaled(usage: CostBasis, usual_nanousd: int) -> CostBasis:
    """Bring the usage of any longer calm time to what it would be for a usual cost.

    Everything is multiplied by the same ratio and rounded half to even; what rounding leaves of
    the cost goes to the dearest group, so that the whole is `usual_nanousd`.
    """
    if not usage.total_nanousd:
        return CostBasis(prices=usage.prices)
    ratio = Fraction(usual_nanousd, usage.total_nanousd)
    groups = [
        replace(
            group,
            calls=round(group.calls * ratio),
            input_tokens=round(group.input_tokens * ratio),
            cache_read_input_tokens=round(group.cache_read_input_tokens * ratio),
            cache_write_input_tokens=round(group.cache_write_input_tokens * ratio),
            output_tokens=round(group.output_tokens * ratio),
            list_cost_nanousd=round(group.list_cost_nanousd * ratio),
        )
        for group in usage.groups
    ]
    gpu = round(usage.gpu_nanousd * ratio)
    left = usual_nanousd - gpu - sum(group.list_cost_nanousd for group in groups)
    if not groups:
        return CostBasis(gpu_nanousd=gpu + left, prices=usage.prices)
    dearest = max(range(len(groups)), key=lambda place: groups[place].list_cost_nanousd)
    groups[dearest] = replace(
        groups[dearest], list_cost_nanousd=groups[dearest].list_cost_nanousd + left
    )
    return CostBasis(groups=tuple(groups), gpu_nanousd=gpu, prices=usage.prices)
