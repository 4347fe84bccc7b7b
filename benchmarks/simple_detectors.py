"""Simple detectors of spend that is too high: what `spikes.py` holds the product's own against."""

from __future__ import annotations

import math
import statistics
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from benchmarks.labelled_spend import MIN_AMOUNT_USD, SLICES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class LastHour(ABC):
    """Holds the sum of the last hour's slices against a bound learnt from whole hours."""

    def __init__(self) -> None:
        self._slices = deque[float](maxlen=SLICES)
        self._count = 0

    def see(self, _at: datetime, value: float) -> bool:
        """Whether the last hour is over the bound that the hours before it set."""
        self._slices.append(value)
        total = sum(self._slices)
        is_over = total > self.bound()
        self._count += 1
        if self._count % SLICES == 0:
            self.learn(total)
        return is_over

    @abstractmethod
    def bound(self) -> float:
        """What an hour may reach; infinite while too little is known."""

    @abstractmethod
    def learn(self, hour: float) -> None:
        """Take in a whole hour."""


class ZScore(LastHour):
    """Above the mean of the last week by so many standard deviations, and the smallest amount."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._past = threshold, deque[float](maxlen=168)
        self._bound = math.inf

    def bound(self) -> float:
        return self._bound

    def learn(self, hour: float) -> None:
        self._past.append(hour)
        if len(self._past) >= 24:
            mean = sum(self._past) / len(self._past)
            variance = sum((known - mean) ** 2 for known in self._past) / len(self._past)
            self._bound = mean + max(self._threshold * math.sqrt(variance), MIN_AMOUNT_USD)


class Fixed(LastHour):
    """Above so many times the highest of the first three days, and the smallest amount."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._first = threshold, list[float]()

    def bound(self) -> float:
        if len(self._first) < 72:
            return math.inf
        return max(self._threshold * max(self._first), MIN_AMOUNT_USD)

    def learn(self, hour: float) -> None:
        if len(self._first) < 72:
            self._first.append(hour)


class Ewma(LastHour):
    """Above an exponentially weighted mean by so many exponentially weighted deviations."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._mean, self._variance, self._hours = threshold, 0.0, 0.0, 0

    def bound(self) -> float:
        if self._hours < 24:
            return math.inf
        return self._mean + max(self._threshold * math.sqrt(self._variance), MIN_AMOUNT_USD)

    def learn(self, hour: float) -> None:
        gap = hour - self._mean
        self._mean += 0.1 * gap if self._hours else gap
        self._variance = 0.9 * (self._variance + 0.1 * gap * gap) if self._hours else 0.0
        self._hours += 1


class SeasonalMad(LastHour):
    """Above the median of the same hour of the last 14 days by so many deviations (MAD)."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._past = threshold, deque[float](maxlen=14 * 24)
        self._bound = math.inf

    def bound(self) -> float:
        return self._bound

    def learn(self, hour: float) -> None:
        self._past.append(hour)
        alike = [*self._past][-24::-24]
        if len(alike) >= 3:
            usual = statistics.median(alike)
            strays = 1.4826 * statistics.median(abs(known - usual) for known in alike)
            self._bound = usual + max(self._threshold * strays, MIN_AMOUNT_USD)


SIMPLE: dict[str, tuple[Callable[[float], LastHour], tuple[float, ...]]] = {
    "z_score": (ZScore, (2.5, 3, 4, 5, 6, 8, 10)),
    "fixed_threshold": (Fixed, (1, 1.2, 1.5, 1.75, 2, 2.5, 3)),
    "ewma": (Ewma, (2.5, 3, 4, 5, 6, 8, 10, 14)),
    "seasonal_mad": (SeasonalMad, (4, 6, 8, 10, 14, 20, 30, 45)),
}
