"""Medians and scales that single runaways do not move, with weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST_SCALE = 0.05


def weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    """The value at which half of the weight is reached."""
    half = sum(weights) / 2
    reached = 0.0
    for value, weight in sorted(zip(values, weights, strict=True)):
        reached += weight
        if reached >= half:
            return value
    raise ValueError("a median needs at least one value")


def robust_scale(values: Sequence[float], weights: Sequence[float]) -> float:
    """1.4826 × median absolute value: the standard deviation, were the values normal around 0."""
    return max(SMALLEST_SCALE, 1.4826 * weighted_median([abs(v) for v in values], weights))
