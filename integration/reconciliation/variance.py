"""Why a story's or Sprint's list cost differs from its estimate, in parts that add up exactly.

Late usage is the cost that came in after the Sprint had closed; it is set aside first, so that a
later revision differs from the one before in that part only. What has a workload on both sides is
split by `integration.pricing.cost_change`: Shapley values, independent of any order of causes.
Cost without a workload behind it (an estimate that is only a figure) cannot be split by anyone: it
is `unexplained`.
"""

from __future__ import annotations

from dataclasses import dataclass

from integration.pricing.cost_change import CostBasis, cost_change

UNKNOWN_BASIS = CostBasis()
"""An estimate of which only the figure is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceParts:
    """Actual minus estimated list cost, by cause. The parts add up to `total_nanousd`."""

    total_nanousd: int
    volume_nanousd: int = 0
    input_length_nanousd: int = 0
    output_length_nanousd: int = 0
    cache_share_nanousd: int = 0
    model_mix_nanousd: int = 0
    price_change_nanousd: int = 0
    gpu_nanousd: int = 0
    late_usage_nanousd: int = 0
    unexplained_nanousd: int = 0

    @property
    def sum_of_parts_nanousd(self) -> int:
        """What the parts add up to; always `total_nanousd`."""
        return (
            self.volume_nanousd
            + self.input_length_nanousd
            + self.output_length_nanousd
            + self.cache_share_nanousd
            + self.model_mix_nanousd
            + self.price_change_nanousd
            + self.gpu_nanousd
            + self.late_usage_nanousd
            + self.unexplained_nanousd
        )


def variance(
    *,
    estimated_nanousd: int,
    estimate: CostBasis,
    actual: CostBasis,
    late_usage_nanousd: int = 0,
) -> VarianceParts:
    """Split `actual + late usage − estimated` into its causes.

    `estimate` is the workloads behind the central figure `estimated_nanousd`; `actual` is what was
    used in time, without the late usage. Accelerators are compared by cost alone. Where an
    estimate names no model workload at all, the cost of model calls is unexplained.
    """
    total = actual.total_nanousd + late_usage_nanousd - estimated_nanousd
    if estimate.groups or not actual.groups:
        explained = cost_change(estimate, actual)
    else:
        explained = cost_change(
            CostBasis(gpu_nanousd=estimate.gpu_nanousd), CostBasis(gpu_nanousd=actual.gpu_nanousd)
        )
    return VarianceParts(
        total_nanousd=total,
        volume_nanousd=explained.volume,
        input_length_nanousd=explained.input_length,
        output_length_nanousd=explained.output_length,
        cache_share_nanousd=explained.cache_share,
        model_mix_nanousd=explained.model_mix,
        price_change_nanousd=explained.price_change,
        gpu_nanousd=explained.gpu,
        late_usage_nanousd=late_usage_nanousd,
        unexplained_nanousd=total - explained.total_nanousd - late_usage_nanousd,
    )


def added_up(parts: list[VarianceParts]) -> VarianceParts:
    """The variance of several stories together, part by part."""
    return VarianceParts(
        total_nanousd=sum(each.total_nanousd for each in parts),
        volume_nanousd=sum(each.volume_nanousd for each in parts),
        input_length_nanousd=sum(each.input_length_nanousd for each in parts),
        output_length_nanousd=sum(each.output_length_nanousd for each in parts),
        cache_share_nanousd=sum(each.cache_share_nanousd for each in parts),
        model_mix_nanousd=sum(each.model_mix_nanousd for each in parts),
        price_change_nanousd=sum(each.price_change_nanousd for each in parts),
        gpu_nanousd=sum(each.gpu_nanousd for each in parts),
        late_usage_nanousd=sum(each.late_usage_nanousd for each in parts),
        unexplained_nanousd=sum(each.unexplained_nanousd for each in parts),
    )
