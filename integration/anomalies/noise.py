"""How much a forecast usually errs, told by errors that outliers do not move."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

MAD_TO_SIGMA = 1.4826  # Of a normal distribution.
MEAN_ABS_TO_SIGMA = 1.2533
TRIM = 0.95
BUCKETS_A_DAY = 24
NEIGHBOURS = 2


def robust_sigma(sorted_sizes: list[float]) -> float:
    """A standard deviation from sorted absolute errors, of which 5 % may be anything.

    The larger of the median's and the trimmed mean's: a series that is mostly zero has a median
    error of 0 and yet is not without noise.
    """
    if not sorted_sizes:
        return 0.0
    kept = sorted_sizes[: max(1, int(len(sorted_sizes) * TRIM))]
    by_median = MAD_TO_SIGMA * sorted_sizes[len(sorted_sizes) // 2]
    return max(by_median, MEAN_ABS_TO_SIGMA * sum(kept) / len(kept))


class RecentErrors:
    """One forecast's absolute errors of the last days: all together, and by time of day."""

    def __init__(self, per_day: int, days: int) -> None:
        self._all: deque[float] = deque()
        self._sorted: list[float] = []
        self._capacity = max(per_day * days, 14)
        self._per_day = per_day
        in_bucket = max(1, per_day // BUCKETS_A_DAY) * days
        self._buckets = [deque[float](maxlen=in_bucket) for _ in range(BUCKETS_A_DAY)]
        self._cached: tuple[int, float] = (-1, 0.0)
        self._overall: float | None = None

    def add(self, index: int, error: float) -> None:
        """Remember an error made at a point of the series."""
        size = abs(error)
        self._all.append(size)
        insort(self._sorted, size)
        if len(self._all) > self._capacity:
            del self._sorted[bisect_left(self._sorted, self._all.popleft())]
        self._buckets[self._bucket(index)].append(size)
        self._overall = None

    def overall(self) -> float:
        """The noise at any time of day."""
        if self._overall is None:
            self._overall = robust_sigma(self._sorted)
        return self._overall

    def around(self, index: int) -> float:
        """The noise at this time of day ± 2 h, never below half of that at any time."""
        if self._per_day < BUCKETS_A_DAY:
            return self.overall()
        bucket = self._bucket(index)
        if self._cached[0] != index // max(1, self._per_day // 96):
            near = [size for step in range(-NEIGHBOURS, NEIGHBOURS + 1)
                    for size in self._buckets[(bucket + step) % BUCKETS_A_DAY]]  # fmt: skip
            local = robust_sigma(sorted(near)) if len(near) >= 20 else 0.0
            self._cached = (index // max(1, self._per_day // 96), local)
        return max(self._cached[1], 0.5 * self.overall()) if self._cached[1] else self.overall()

    def _bucket(self, index: int) -> int:
        return index % self._per_day * BUCKETS_A_DAY // self._per_day
