"""What a series is expected to show next, learnt from its past alone, and how far it may stray.

Several simple forecasts run beside each other: the recent level, the same time of day over the last
week, and the same time of the week over the last four. All are medians, so that a past spike does
not teach a new normal. Each is judged by its own errors of the last week; the best one tells what
is usual, and those nearly as good must agree before anything is called unusual. Growth is followed
by the median ratio of the last day to what was expected, upwards only: after an outage the return
to normal is no news.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from integration.anomalies.noise import RecentErrors

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN_DAYS, SEEN_WEEKS = 7, 4
COMPARABLE = 1.5  # A forecast whose errors are within this ratio of the best one's has a say.
MOST_GROWTH = 3.0
PEAK_DAYS = 14
FREE_SPIKES = 2  # So many spikes in those days are rare enough not to be the series' habit.
FEWEST_POINTS = 12
FEWEST_DAYS = 5


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is usual at one point and the bound above it, in the series' unit."""

    usual: float
    bound: float
    ceiling: float
    """What a usual point may reach by noise, jobs and bursts; nothing is added for materiality."""
    noise: float
    """One robust standard deviation of the chosen forecast's errors at this time of day."""
    is_cold: bool = False
    """Less than a day is known, or no day of this kind (workday, day off) yet: a crude bound."""


class Baseline:
    """The past of one series, on a grid of equal steps; gaps are allowed and teach nothing."""

    def __init__(
        self,
        per_day: int,
        *,
        sensitivity: float,
        rise: float,
        burst_margin: float,
        has_seasons: bool = True,
    ) -> None:
        self.per_day, self._has_seasons = per_day, has_seasons
        self._sensitivity, self._rise = sensitivity, rise
        self._burst_margin = burst_margin
        self._values: dict[int, float] = {}
        self._seen: dict[int, float] = {}
        self._level: deque[float] = deque(maxlen=max(7, min(36, per_day)))
        self._long: deque[float] = deque(maxlen=max(14, per_day * SEEN_DAYS))
        self._long_median: tuple[int, float] = (-1, 0.0)
        days = SEEN_DAYS if per_day > 1 else PEAK_DAYS
        self._errors = {name: RecentErrors(per_day, days) for name in ("level", "day", "week")}
        self._ratios: deque[float] = deque(maxlen=max(3, per_day))
        self._growth = 1.0
        self._peaks: dict[int, float] = {}
        self._spikes: list[int] = []
        self._was_calm = True
        self._known_kinds: set[bool] = set()
        self._last: dict[str, float] = {}
        self._reach = 0 if per_day <= 48 else 2
        self._first = 0
        self._expected: tuple[int, Expectation | None] | None = None

    def expect(self, index: int, is_workday: bool) -> Expectation | None:
        """What is usual at a grid index; None while there is too little past to say anything."""
        if self._expected is not None and self._expected[0] == index:
            return self._expected[1]
        self._expected = (index, self._expect(index, is_workday))
        return self._expected[1]

    def _expect(self, index: int, is_workday: bool) -> Expectation | None:
        count = len(self._long)
        if count < (FEWEST_POINTS if self.per_day > 1 else FEWEST_DAYS):
            return None
        self._last = dict(self._forecasts(index))
        sigmas = {name: self._errors[name].overall() for name in self._last}
        best = min(sigmas, key=lambda name: sigmas[name])
        floor = 0.01 * sum(map(abs, self._level)) / len(self._level) + 1e-12
        noise = max(self._errors[best].around(index), floor)
        usual = self._last[best]
        days = count / self.per_day
        if (self.per_day > 1 and days < 1) or is_workday not in self._known_kinds:
            top = max(*self._long, usual)
            bound = top + 3 * (top - min(self._long)) + self._rise * abs(top)
            return Expectation(usual, bound, bound, noise, is_cold=True)
        spread = self._sensitivity * (1 + min(self.per_day, 24) / count)
        bounds = [
            self._last[name] + max(spread * max(self._errors[name].around(index), floor),
                                   self._rise * abs(self._last[name]))
            for name, sigma in sigmas.items() if sigma <= COMPARABLE * sigmas[best]
        ]  # fmt: skip
        if best == "level":
            bounds.append(self._median_of_long() + max(spread * noise, self._rise * abs(usual)))
        job = self._seen_at_this_time(index) * (1 + self._rise)
        burst = self._usual_peak(index)
        bounds += [job, usual + self._burst_margin * burst]
        ceiling = max(usual + self._sensitivity * noise, job, usual + burst)
        return Expectation(usual, max(bounds), ceiling, noise)

    def learn(self, index: int, value: float, kept: float, is_workday: bool, calm: bool) -> None:
        """Take in a point: its value for judging the forecasts, `kept` for making new ones.

        Outside calm times growth stands still, so that a spike does not raise its own bound.
        """
        for name, forecast in self._last.items():
            self._errors[name].add(index, value - forecast)
        if self._last:
            best = min(self._last, key=lambda name: self._errors[name].overall())
            day = index // self.per_day
            over = value - max(self._last[best], self._seen_at_this_time(index))
            self._peaks[day] = max(self._peaks.get(day, 0.0), over)
            if calm and self._last[best] > 0 and best != "level":
                self._ratios.append(value / self._last[best] * self._growth)
        self._last, self._expected = {}, None
        self._first = self._first if self._values else index
        self._values[index] = kept
        self._seen[index] = value
        self._level.append(kept)
        self._long.append(kept)
        self._known_kinds.add(is_workday)
        if self._was_calm and not calm:
            self._spikes.append(index // self.per_day)
        self._was_calm = calm

    def shift(self, factor: float) -> None:
        """A new level has become normal: what is remembered is brought to it, its shape kept."""
        for index in self._values:
            self._values[index] *= factor
        self._long = deque((value * factor for value in self._long), self._long.maxlen)
        self._long_median = (-1, 0.0)
        self._ratios.clear()

    def _forecasts(self, index: int) -> Iterator[tuple[str, float]]:
        yield "level", median(self._level)
        if not self._has_seasons:
            return
        growth = self._measured_growth()
        if self.per_day >= 4:
            seen = self._around(index, range(1, SEEN_DAYS + 1), self.per_day, self._values)
            if seen:
                yield "day", median(seen) * growth
        weeks = self._around(index, range(1, SEEN_WEEKS + 1), 7 * self.per_day, self._values)
        if weeks and index - 14 * self.per_day >= self._first:
            yield "week", median(weeks) * growth

    def _around(
        self, index: int, periods: range, period: int, values: dict[int, float]
    ) -> list[float]:
        """Values at this time in past periods, and just beside it where points are dense."""
        places = (index - count * period + step for count in periods
                  for step in range(-self._reach, self._reach + 1))  # fmt: skip
        return [values[place] for place in places if place in values]

    def _seen_at_this_time(self, index: int) -> float:
        """The height that jobs reach at this time: on two of the last days, or in one week."""
        nothing = height = -math.inf
        if not self._has_seasons:
            return nothing
        if self.per_day >= 4:
            by_day = [
                max(self._around(index, range(n, n + 1), self.per_day, self._seen), default=nothing)
                for n in range(1, SEEN_DAYS + 1)
            ]
            height = sorted(by_day)[-2 if len(self._long) >= 3 * self.per_day else -1]
        weeks = self._around(index, range(1, SEEN_WEEKS + 1), 7 * self.per_day, self._seen)
        return max([height, *weeks])

    def _measured_growth(self) -> float:
        if len(self._ratios) < max(3, self.per_day // 2):
            return self._growth
        self._growth = min(MOST_GROWTH, max(1.0, median(self._ratios)))
        return self._growth

    def _median_of_long(self) -> float:
        age = len(self._values) - self._long_median[0]
        if self._long_median[0] < 0 or age >= max(1, self.per_day // 8):
            self._long_median = (len(self._values), median(self._long))
        return self._long_median[1]

    def _usual_peak(self, index: int) -> float:
        """The height over the usual that the series reaches by itself about once a week."""
        today = index // self.per_day
        self._spikes = [day for day in self._spikes if day >= today - PEAK_DAYS]
        recent = sorted((peak for day, peak in self._peaks.items() if day >= today - PEAK_DAYS),
                        reverse=True)  # fmt: skip
        self._peaks = {day: p for day, p in self._peaks.items() if day >= today - PEAK_DAYS}
        rank = max(min(FREE_SPIKES, len(self._spikes)), len(recent) // 5)
        return recent[min(len(recent) - 1, rank)] if recent else 0.0
