"""What a series is expected to show next, learnt from its past alone.

Four simple forecasts run beside each other: the recent level, the same time of day over the last
week, over the last days of the same kind (workdays, days off), and the same time of the week over
the last four. All are medians, so that a past spike does
not teach a new normal. Each is judged by its own errors of the last week; the best one tells what
is usual, and those nearly as good have a say in what is high. Growth is followed by the median
ratio of the last day to what was expected, upwards only: after an outage the return to normal is no
news.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from integration.anomalies.noise import RecentSizes

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN_DAYS, ALIKE_DAYS, SEEN_WEEKS = 7, 14, 4
COMPARABLE = 1.5  # A forecast whose errors are within this ratio of the best one's has a say.
MOST_GROWTH = 3.0
FEWEST_SLOTS = 12
FEWEST_DAYS = 5


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is usual in one slot, in the series' unit."""

    usual: float
    high: float
    """The highest of the forecasts that are nearly as good as the best; on the first workday or day
    off of all the highest value known."""
    is_cold: bool = False
    """Less than a day is known."""
    top: float = 0.0
    """While cold: the highest value known so far."""
    range: float = 0.0
    """While cold: from the lowest value known so far to the highest."""


class Baseline:
    """The past of one series, on a grid of equal slots; gaps are allowed and teach nothing."""

    def __init__(self, per_day: int, *, has_seasons: bool = True) -> None:
        self.per_day, self._has_seasons = per_day, has_seasons
        self._values: dict[int, float] = {}
        self._level: deque[float] = deque(maxlen=max(7, min(36, per_day)))
        self._long: deque[float] = deque(maxlen=max(14, per_day * SEEN_DAYS))
        self._long_median: tuple[int, float] = (-1, 0.0)
        self._errors = {
            name: RecentSizes(max(14, per_day * SEEN_DAYS))
            for name in ("level", "day", "kind", "week")
        }
        self._ratios: deque[float] = deque(maxlen=max(3, per_day))
        self._growth = 1.0
        self._slots_of_kind = {True: 0, False: 0}
        self._kinds: dict[int, bool] = {}
        self._last: dict[str, float] = {}
        self._first = self._count = 0

    def expect(self, slot: int, is_workday: bool) -> Expectation | None:
        """What is usual in a slot; None while there is too little past to say anything."""
        count = len(self._long)
        if count < (FEWEST_SLOTS if self.per_day > 1 else FEWEST_DAYS):
            return None
        self._last = dict(self._forecasts(slot, is_workday))
        sigmas = {name: self._errors[name].sigma() for name in self._last}
        best = min(sigmas, key=lambda name: sigmas[name])
        usual = self._last[best]
        if count < self.per_day and self.per_day > 1:
            top = max(*self._long, usual)
            return Expectation(usual, usual, is_cold=True, top=top, range=top - min(self._long))
        high = max(
            self._last[name] for name in self._last if sigmas[name] <= COMPARABLE * sigmas[best]
        )
        if best == "level":
            high = max(high, self._median_of_long())
        if self._slots_of_kind[is_workday] < self.per_day:
            high = max(high, *self._long)
        return Expectation(usual, high)

    def days_known(self) -> float:
        """Days of data, no more than the errors are remembered for."""
        return len(self._long) / min(self.per_day, 24)

    def level(self) -> float:
        """The mean size of the last values: what is small is small beside it."""
        return sum(map(abs, self._level)) / len(self._level) if self._level else 0.0

    def learn(self, slot: int, value: float, kept: float, is_workday: bool, calm: bool) -> None:
        """Take in a slot: its value for judging the forecasts, `kept` for making new ones.

        Outside calm times growth stands still, so that a spike does not raise its own bound.
        """
        for name, forecast in self._last.items():
            self._errors[name].add((value if calm else kept) - forecast)
        if self._last and calm:
            best = min(self._last, key=lambda name: self._errors[name].sigma())
            if self._last[best] > 0 and best != "level":
                self._ratios.append(value / self._last[best] * self._growth)
        self._last = {}
        self._first = self._first if self._values else slot
        self._values[slot] = kept
        self._values.pop(slot - 7 * SEEN_WEEKS * self.per_day - 1, None)
        self._count += 1
        self._level.append(kept)
        self._long.append(kept)
        self._slots_of_kind[is_workday] += 1
        self._kinds[slot // self.per_day] = is_workday

    def shift(self, factor: float) -> None:
        """A new level has become normal: what is remembered is brought to it, its shape kept.

        Not in the first week, in which it may be a first week-end.
        """
        if self.days_known() < SEEN_DAYS:
            return
        for slot in self._values:
            self._values[slot] *= factor
        self._level = deque((value * factor for value in self._level), self._level.maxlen)
        self._long = deque((value * factor for value in self._long), self._long.maxlen)
        self._long_median = (-1, 0.0)
        self._ratios.clear()

    def _forecasts(self, slot: int, is_workday: bool) -> Iterator[tuple[str, float]]:
        yield "level", median(self._level)
        if not self._has_seasons:
            return
        growth = self._measured_growth()
        if self.per_day >= 4:
            seen = self._same(slot, SEEN_DAYS, self.per_day)
            if seen:
                yield "day", median(seen) * growth
            alike = self._same_kind(slot, is_workday)
            if len(alike) > 1:
                yield "kind", median(alike) * growth
        weeks = self._same(slot, SEEN_WEEKS, 7 * self.per_day)
        if weeks and slot - 14 * self.per_day >= self._first:
            yield "week", median(weeks) * growth

    def _same(self, slot: int, count: int, period: int) -> list[float]:
        places = (slot - number * period for number in range(1, count + 1))
        return [self._values[place] for place in places if place in self._values]

    def _same_kind(self, slot: int, is_workday: bool) -> list[float]:
        """This time of day on the last workdays, or on the last days off."""
        day, found = slot // self.per_day, list[float]()
        for number in range(1, ALIKE_DAYS + 1):
            place = slot - number * self.per_day
            if self._kinds.get(day - number) == is_workday and place in self._values:
                found.append(self._values[place])
                if len(found) == SEEN_DAYS:
                    break
        return found

    def _measured_growth(self) -> float:
        if len(self._ratios) < max(3, self.per_day // 2):
            return self._growth
        self._growth = min(MOST_GROWTH, max(1.0, median(self._ratios)))
        return self._growth

    def _median_of_long(self) -> float:
        age = self._count - self._long_median[0]
        if self._long_median[0] < 0 or age >= max(1, self.per_day // 8):
            self._long_median = (self._count, median(self._long))
        return self._long_median[1]
