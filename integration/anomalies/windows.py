"""Whether the last points together are too high: over several lengths of time at once.

A tall rise shows in its first point, a low one only in the sum of many: so the excess over the
usual is added up over windows of one point, two, three, six and so on up to six hours, and each is
held against what sums of that length have done by themselves (a multi-scale scan statistic).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from integration.anomalies.habits import Habit
from integration.anomalies.noise import ByHour, RecentSizes

if TYPE_CHECKING:
    from datetime import timedelta

FEWEST_SUMS = 12
PER_SUM = 3
"""Sums that share most of their points say the same: so many are kept within a sum's length."""
LEAST_NOISE = 0.01
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sum has to exceed; see `detection.Settings`."""

    sensitivity: float
    rise: float
    return_days: float
    with_hindsight: bool = False


class Point(NamedTuple):
    """One point beside what is usual there, in the series' unit."""

    over: float
    """Value over the highest forecast that is nearly as good as the best."""
    high: float
    """That forecast."""
    scale: float
    """What noise is proportional to."""
    job: float = 0.0
    """What recurring jobs reach over `high` at this time of day; 0 without any."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The shortest window that is too high, or the highest: `ratio` is its sum over its limit."""

    length: int
    ratio: float
    line: float
    """What its points may reach over the highest forecast, on average."""
    score: float
    """Its height in robust standard deviations."""


def lengths_for(step: timedelta, span: timedelta) -> tuple[int, ...]:
    """Lengths in points: 1, 2, 3 and then doubled, no longer than the span."""
    most = max(1, int(span / step))
    lengths = [1, 2, 3]
    while lengths[-1] * 2 <= most:
        lengths.append(lengths[-1] * 2)
    return tuple(length for length in lengths if length <= most)


class Windows:
    """The sums of one series' last points, and what such sums usually are."""

    def __init__(
        self, lengths: tuple[int, ...], remembered: int, blocks_a_day: float, limits: Limits
    ) -> None:
        self._lengths, self._limits = lengths, limits
        self._sums: list[_Sums] = [NOTHING]
        self._strides = {length: max(1, length // PER_SUM) for length in lengths}
        self._sizes = {
            length: RecentSizes(max(FEWEST_SUMS, remembered // stride))
            for length, stride in self._strides.items()
        }
        self._by_hour = ByHour(max(1, remembered // 24))
        self._habits = {
            length: Habit(blocks_a_day, limits.return_days, with_hindsight=limits.with_hindsight)
            for length in lengths
        }
        self._tallest = dict.fromkeys(lengths, 0.0)
        self._bounds: list[tuple[int, float, float, float]] = []
        self._hour = self._block = self._count = 0

    def open_slot(self, block: int, hour: int, days_known: float) -> None:
        """Work out once for the points of a slot what sums of each length may reach.

        Blocks are counted from anywhere; of each the greatest heights are remembered.
        """
        self._hour, self._block = hour, block
        factor = self._by_hour.factor(hour, self._sizes[1].sigma())
        spread = self._limits.sensitivity * (1 + 1 / max(days_known, 0.5)) * factor
        self._bounds = []
        for length in self._lengths:
            if len(self._sizes[length]) >= FEWEST_SUMS:
                sigma = max(self._sizes[length].sigma(), LEAST_NOISE)
                self._bounds.append(
                    (length, sigma * factor, spread * sigma, self._habits[length].bound(block))
                )

    def noise_of_one(self, high: float, scale: float) -> float:
        """What one point alone may reach by noise: jobs and bursts left aside."""
        spread = self._bounds[0][2] if self._bounds else 0.0
        return max(spread * scale, self._limits.rise * high)

    def look(self, point: Point) -> Verdict | None:
        """Judge the sums that end with a point; None while nothing is known to judge by.

        The shortest sum that is too high speaks: it knows best when the rise began.
        """
        now, found, ratio = _plus(self._sums[-1], point), None, -1.0
        for length, sigma, spread, habit in self._bounds:
            if length > len(self._sums):
                break
            over, high, scale, job = _between(self._sums[-length], now)
            line = max(spread * scale, self._limits.rise * high, habit * length, job, TINY)
            if over / line > ratio:
                ratio = over / line
                found = Verdict(length, ratio, line / length, over / (sigma * scale + TINY))
            if ratio > 1:
                break
        return found

    def learn(self, point: Point, *, calm: bool) -> None:
        """Remember a point. Outside calm times only the heights that a rise reaches are kept."""
        now = _plus(self._sums[-1], point)
        self._sums.append(now)
        self._count += 1
        for length in self._lengths:
            if length >= len(self._sums):
                break
            over, _, scale, job = _between(self._sums[-1 - length], now)
            height = (over - job) / length
            if not calm:
                self._tallest[length] = max(self._tallest[length], height)
                continue
            if self._count % self._strides[length] == 0:
                self._sizes[length].add(over / (scale + TINY))
            self._habits[length].note(self._block, height)
        if calm:
            self._by_hour.add(self._hour, point.over / (point.scale + TINY))
        if len(self._sums) > 4 * self._lengths[-1]:
            del self._sums[: -self._lengths[-1] - 1]

    def end_rise(self) -> None:
        """A rise is over: it counts as one event, and sums begin anew without it."""
        for length, height in self._tallest.items():
            self._habits[length].note_spike(self._block, height)
        self._tallest = dict.fromkeys(self._lengths, 0.0)
        self._sums = [NOTHING]


_Sums = tuple[float, float, float, float]
NOTHING: _Sums = (0.0, 0.0, 0.0, 0.0)


def _plus(sums: _Sums, point: Point) -> _Sums:
    over, high, scale, job = sums
    return over + point.over, high + point.high, scale + point.scale, job + point.job


def _between(before: _Sums, now: _Sums) -> _Sums:
    return now[0] - before[0], now[1] - before[1], now[2] - before[2], now[3] - before[3]
