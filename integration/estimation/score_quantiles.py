"""Quantiles of conformal scores, smoothed by a prior distribution while scores are few.

The prior is Student's t with 4 degrees of freedom and not the normal, because while scores are few
the scale that they are divided by is an estimate from few stories as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FARTHEST = 12.0
"""No quantile is looked for beyond so many scales; weights and tails are long used up there."""
STEPS = 48  # Halvings; 24 / 2⁴⁸ is far below any printed digit.


def quantile(scores: Sequence[tuple[float, float]], level: float, prior_weight: float) -> float:
    """Return the level-quantile of (score, weight) pairs mixed with the prior.

    The next story counts as one more score that may lie anywhere (the n + 1 of split conformal
    prediction), so that levels away from a half move outwards by 1 / weight of their distance.
    """
    weight = sum(weight for _, weight in scores) + prior_weight
    outwards = (level - 0.5) / weight
    wanted = min(max(level + outwards, 0.001), 0.999) * weight
    low, high = -FARTHEST, FARTHEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _mass_up_to(scores, middle, prior_weight) < wanted:
            low = middle
        else:
            high = middle
    return high


def student_t4(x: float) -> float:
    """Distribution function of Student's t with 4 degrees of freedom, in closed form."""
    spread = 1 + x * x / 4
    return 0.5 + 0.375 * x / math.sqrt(spread) * (1 - x * x / (12 * spread))


def _mass_up_to(scores: Sequence[tuple[float, float]], x: float, prior_weight: float) -> float:
    counted = sum(weight for score, weight in scores if score <= x)
    return counted + prior_weight * student_t4(x)
