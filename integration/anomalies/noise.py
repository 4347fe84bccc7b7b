"""How much something usually strays, told by sizes that outliers do not move."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

MAD_TO_SIGMA = 1.4826  # Of a normal distribution.
MEAN_ABS_TO_SIGMA = 1.2533
TRIM = 0.95
WINSOR = 4.0
FEWEST_SIZES = 12
BUCKETS_A_DAY = 24
NEIGHBOURS = 2
FEWEST_NEAR = 20
STALE_SHARE = 50


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


class RecentSizes:
    """The last absolute errors of one kind.

    An error beyond `WINSOR` deviations is remembered as one of that size: an outage or a spike then
    moves the noise little, and a series that has really become noisier still moves it.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._all: deque[float] = deque()
        self._sorted: list[float] = []
        self._sigma, self._new = 0.0, 0

    def __len__(self) -> int:
        return len(self._all)

    def add(self, error: float) -> None:
        """Remember an error."""
        size = abs(error)
        if len(self._all) >= FEWEST_SIZES and (known := self.sigma()):
            size = min(size, WINSOR * known)
        self._all.append(size)
        insort(self._sorted, size)
        if len(self._all) > self._capacity:
            del self._sorted[bisect_left(self._sorted, self._all.popleft())]
        self._new += 1

    def sigma(self) -> float:
        """One robust standard deviation; up to a fiftieth of the errors may not be in it yet."""
        if self._new and self._new * STALE_SHARE >= len(self._all):
            self._sigma, self._new = robust_sigma(self._sorted), 0
        return self._sigma


class ByHour:
    """How the noise of single points differs by time of day, as a factor on the noise of all."""

    def __init__(self, in_hour: int) -> None:
        self._buckets = [deque[float](maxlen=in_hour) for _ in range(BUCKETS_A_DAY)]

    def add(self, hour: int, error: float) -> None:
        """Remember an error of an hour of the day (0 to 23)."""
        self._buckets[hour].append(abs(error))

    def factor(self, hour: int, overall: float) -> float:
        """Noise at this hour ± 2 h over the noise at any time; at least 0.5."""
        near = [size for step in range(-NEIGHBOURS, NEIGHBOURS + 1)
                for size in self._buckets[(hour + step) % BUCKETS_A_DAY]]  # fmt: skip
        if len(near) < FEWEST_NEAR or not overall:
            return 1.0
        return max(0.5, robust_sigma(sorted(near)) / overall)
