"""What recurs at the same time of day or of the week: nightly jobs, weekly reports.

A job is known by the height it reached at this time on two of the last seven days, or in two of the
last four weeks; once is enough while fewer than three are known, but not with hindsight: what comes
later will tell a job from a spike (`hindsight.py`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

DAYS, WEEKS = 7, 4
LEAST_BIN_S = 300
REACH_S = 900
"""A job may begin a little earlier or later than yesterday."""


class Jobs:
    """The highest value of each time of day, day by day, over four weeks."""

    def __init__(self, step: timedelta, *, with_hindsight: bool = False) -> None:
        self._with_hindsight = with_hindsight
        bin_s = max(LEAST_BIN_S, step.total_seconds())
        self._in_day = max(1, math.floor(86400 / bin_s))
        self._reach = int(REACH_S / bin_s)
        self._heights: dict[int, float] = {}
        self._days: list[int] = []
        self._asked: tuple[int, float] = (-1, -math.inf)

    def see(self, at: datetime, value: float) -> None:
        """Remember a value, at its place and those that a job reaches from there."""
        place = self._place(at)
        for near in range(place - self._reach, place + self._reach + 1):
            if value > self._heights.get(near, -math.inf):
                self._heights[near] = value
        day = place // self._in_day
        if not self._days or self._days[-1] != day:
            self._days.append(day)
            oldest = day - 7 * WEEKS - 1
            if self._days[0] < oldest:
                self._days = [known for known in self._days if known >= oldest]
                first = oldest * self._in_day
                self._heights = {at: v for at, v in self._heights.items() if at >= first}

    def height(self, at: datetime) -> float:
        """What jobs reach at this time; minus infinity where nothing is known."""
        place = self._place(at)
        if self._asked[0] != place:
            self._asked = (place, self._height(place))
        return self._asked[1]

    def _height(self, place: int) -> float:
        weekly = self._recurring(place, 7 * self._in_day, WEEKS)
        if self._in_day < 4:
            return weekly
        return max(weekly, self._recurring(place, self._in_day, DAYS))

    def _recurring(self, place: int, period: int, count: int) -> float:
        """The height reached twice in the last periods; once is enough where few are known."""
        heights = sorted(self._heights.get(place - n * period, -math.inf)
                         for n in range(1, count + 1))  # fmt: skip
        known = sum(height > -math.inf for height in heights)
        return heights[-2 if known >= 3 or self._with_hindsight else -1]

    def _place(self, at: datetime) -> int:
        second = at.hour * 3600 + at.minute * 60 + at.second
        bin_in_day = min(self._in_day - 1, second * self._in_day // 86400)
        return at.toordinal() * self._in_day + bin_in_day
