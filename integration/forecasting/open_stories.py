"""What open stories will still spend, from their estimates and what they have spent so far.

A story's total is taken as log-normal through its estimate's P10, P50 and P90. Of a story that has
spent s the total is known to lie above s, so that the rest is E[X | X > s] − s: the whole estimate
before it begins, and never nothing, even once it has spent more than was planned.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integration.foundation.worded_figures import Spread

Z_P90 = 1.2815515594600038
COMMON_SHARE = 0.5
"""Half of the variance is common to a Sprint's stories, as among a story's workloads."""
LEAST_LOG_SD = 0.05
FARTHEST = 6.0
"""So many deviations above its middle a story's tail is taken to go on in the same shape."""


def left_of_plan(planned: Iterable[tuple[Spread, int]]) -> tuple[float, float]:
    """Return mean and variance of what stories have left together.

    `planned` are the estimates of the stories that are not done, each with what it has spent.
    """
    rests = [_left_of(estimate, spent) for estimate, spent in planned if estimate.central > 0]
    apart = sum(variance for _, variance in rests)
    together = sum(math.sqrt(variance) for _, variance in rests) ** 2
    return sum(mean for mean, _ in rests), COMMON_SHARE * together + (1 - COMMON_SHARE) * apart


def _left_of(estimate: Spread, spent: int) -> tuple[float, float]:
    """Mean and variance of the rest of one story."""
    log_sd = math.log(max(estimate.high, 1) / max(estimate.low, 1)) / (2 * Z_P90)
    log_sd = max(log_sd, LEAST_LOG_SD)
    if spent <= 0:
        mean = estimate.central * math.exp(log_sd**2 / 2)
        return mean, mean**2 * math.expm1(log_sd**2)
    distance = min((math.log(spent) - math.log(estimate.central)) / log_sd, FARTHEST)
    beyond = _tail(distance)
    mean = math.exp(log_sd**2 / 2 - distance * log_sd) * _tail(distance - log_sd) / beyond
    square = math.exp(2 * log_sd * (log_sd - distance)) * _tail(distance - 2 * log_sd) / beyond
    return max(mean - 1, 0.0) * spent, max(square - mean**2, 0.0) * float(spent) ** 2


def _tail(x: float) -> float:
    """Probability that a standard normal lies above x."""
    return math.erfc(x / math.sqrt(2)) / 2
