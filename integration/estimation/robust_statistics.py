"""Means, medians and scales that single runaways do not move, with weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HUBER = 1.345  # Keeps 95 % of the efficiency of the mean on normal errors (Huber 1964).
SMALLEST_SCALE = 0.05


def effective_count(weights: Sequence[float]) -> float:
    """How many equally weighted values the weighted ones are worth (Kish)."""
    return sum(weights) ** 2 / sum(weight**2 for weight in weights)


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


def robust_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Huber's mean: values far from the median are pulled in before they are averaged."""
    centre = weighted_median(values, weights)
    reach = HUBER * robust_scale([value - centre for value in values], weights)
    pulled = (max(-reach, min(reach, value - centre)) for value in values)
    total = sum(weight * value for value, weight in zip(pulled, weights, strict=True))
    return centre + total / sum(weights)
