"""Robust Gaussian process regression by one Cholesky factorisation, story after story in time.

Row by row the factorisation predicts each value from those before it; these one-step-ahead
predictions are what variances are chosen by and what ranges are made of. A value that lies more
than HUBER scales from what was predicted for it has its variance raised until it pulls no harder
than one at HUBER scales (Huber 1964), so that a runaway hardly moves later predictions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HUBER = 1.5
SMALLEST_VARIANCE = 1e-9


@dataclass(slots=True)
class Fit:
    """A fit to values in order of time: lower factor, whitened values, what was foreseen."""

    factor: list[list[float]] = field(default_factory=list)
    whitened: list[float] = field(default_factory=list)
    foreseen: list[tuple[float, float]] = field(default_factory=list)
    """Mean and variance foreseen for each value from those known before it."""
    log_likelihood: float = 0.0
    """Sum of the logarithms of Huber's density, one step ahead; constants left out."""

    def add(self, row: Sequence[float], noise: float, value: float, known: int) -> None:
        """Add a value; `row` is its covariance with each value so far and with itself.

        `known` says how many values were there when it was foreseen.
        """
        own = row[-1] + noise
        factors: list[float] = []
        for covariance, other in zip(row, self.factor, strict=False):
            factors.append((covariance - sum(map(mul, factors, other))) / other[-1])
        self.foreseen.append(self._predict(factors[:known], own))
        mean, variance = self._predict(factors, own)
        miss = value - mean
        distance = abs(miss) / math.sqrt(variance)
        far = distance > HUBER
        penalty = HUBER * distance - HUBER**2 / 2 if far else distance**2 / 2
        self.log_likelihood -= penalty + math.log(variance) / 2
        scale = math.sqrt(variance * distance / HUBER if far else variance)
        factors.append(scale)
        self.factor.append(factors)
        self.whitened.append(miss / scale)

    def predict(self, row: Sequence[float], own: float) -> tuple[float, float]:
        """Return mean and variance of a new value with these covariances and its own variance."""
        factors: list[float] = []
        for covariance, other in zip(row, self.factor, strict=True):
            factors.append((covariance - sum(map(mul, factors, other))) / other[-1])
        return self._predict(factors, own)

    def _predict(self, factors: Sequence[float], own: float) -> tuple[float, float]:
        mean = sum(map(mul, factors, self.whitened))
        return mean, max(own - sum(map(mul, factors, factors)), SMALLEST_VARIANCE)
