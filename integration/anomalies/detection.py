"""When a rise of a series is a spike: it begins, has a peak, and ends or becomes the new normal.

Works on any even spacing, from minutes to days, and on any magnitude: spend per hour as well as
requests per five minutes. Every point is judged by its past alone (`baseline.py`), so a series read
as it grows and the same series read at once give the same spikes.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from integration.anomalies.baseline import Baseline, Expectation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

DAY = timedelta(days=1)
BRIDGE = timedelta(hours=2)
SETTLED_AFTER = timedelta(days=1)
SETTLED_POINTS = 3
TWO_DAYS = timedelta(days=2)
POINTS_WITHOUT_SEASONS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What counts as a spike. Amounts are in the series' unit."""

    min_amount: float = 1.0
    """Least excess over the usual, added up over the spike: below, nobody needs to know."""
    sensitivity: float = 6.0
    """Robust standard deviations over the usual."""
    cold_factor: float = 5.0
    """Before a day of its kind is known, one point alone must exceed the usual by so many smallest
    amounts; with a smallest amount of 0 there is no verdict until then."""
    rise: float = 0.25
    """Least rise over the usual, as a share of it."""
    burst_margin: float = 2.0
    """How far beyond the height that the series reaches by itself about once a week."""
    hysteresis: float = 0.5
    """Share of the way from the usual to the bound above which an open spike goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A rise over the usual. `score` is its height at the peak in robust standard deviations."""

    start: datetime
    peak: datetime
    end: datetime
    """The last point above; for an open spike the last one so far."""
    score: float
    is_open: bool
    amount: float
    """The series added up from start to end."""
    usual: float
    """What the baseline expected over the same points."""


def scan(
    series: Sequence[tuple[datetime, float]],
    settings: Settings | None = None,
    *,
    share_elapsed: float = 1.0,
) -> list[Spike]:
    """Every spike of a series sorted by time, in order; the last may still be open.

    A series of less than two days shows no seasons and is judged by its level alone.

    `share_elapsed` is how much of the last point's interval is over; see `SpikeDetector.glance`.

    Raises:
        ValueError: if the series is not sorted or the share is not above 0 and at most 1.
    """
    if not 0.0 < share_elapsed <= 1.0:
        raise ValueError("share_elapsed is above 0 and at most 1.")
    if len(series) < 2:
        return []
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(series)]
    if min(gaps) <= timedelta(0):
        raise ValueError("The series must be sorted by time, each time once.")
    step = sorted(gaps)[len(gaps) // 2]
    is_short = step < SETTLED_AFTER and series[-1][0] - series[0][0] < TWO_DAYS
    detector = SpikeDetector(step, settings or Settings(), has_seasons=not is_short)
    for at, value in series[:-1]:
        detector.see(at, value)
    at, value = series[-1]
    if share_elapsed < 1.0:
        ongoing = detector.glance(at, value, share_elapsed)
    else:
        detector.see(at, value)
        ongoing = detector.ongoing()
    return detector.closed() + ([ongoing] if ongoing else [])


class SpikeDetector:
    """Reads the points of one series as they come and follows at most one spike at a time."""

    def __init__(self, step: timedelta, settings: Settings, *, has_seasons: bool = True) -> None:
        self._step = step
        per_day = max(1, round(DAY / step)) if has_seasons else POINTS_WITHOUT_SEASONS
        self._settings = settings
        self._baseline = Baseline(
            per_day,
            sensitivity=settings.sensitivity,
            rise=settings.rise,
            burst_margin=settings.burst_margin,
            has_seasons=has_seasons,
        )
        self._has_seasons = has_seasons
        self._bridge = 0 if per_day == 1 else max(2, round(BRIDGE / step))
        self._settled = max(SETTLED_POINTS, round(SETTLED_AFTER / step))
        self._midnight: datetime | None = None
        self._run: _Run | None = None
        self._found: list[Spike] = []

    def see(self, at: datetime, value: float) -> None:
        """Judge a whole point by what came before it, then learn from it."""
        index, is_workday = self._index(at), self._is_workday(at)
        expected = self._baseline.expect(index, is_workday)
        if expected is not None:
            self._judge(index, at, value, expected)
        kept = value if self._run is None or expected is None else min(value, expected.usual)
        self._baseline.learn(index, value, kept, is_workday, calm=self._run is None)
        if self._run is not None and index - self._run.start_index >= self._settled:
            self._become_normal(self._run)

    def glance(self, at: datetime, value: float, share_elapsed: float) -> Spike | None:
        """The spike that is open at a point whose interval is not over; nothing is learnt.

        Part of an hour is held against a whole one: it is above when it already exceeds all that a
        usual whole hour may reach, and at its pace would exceed the bound. It closes no spike.
        """
        index = self._index(at)
        expected = self._baseline.expect(index, self._is_workday(at))
        if expected is None:
            return self.ongoing()
        run = deepcopy(self._run)
        if run is not None:
            run.extend(index, at, value, expected)
        elif value > min(self._bound(expected), expected.ceiling) and (
            value / share_elapsed > self._bound(expected)
        ):
            run = _Run(index, at)
            run.extend(index, at, value, expected)
        return self._told(run)

    def ongoing(self) -> Spike | None:
        """The open spike, if it is large enough to matter."""
        return self._told(self._run)

    def closed(self) -> list[Spike]:
        """The spikes that are over, without what was too small to matter."""
        return [spike for spike in self._found if self._matters(spike)]

    def _told(self, run: _Run | None) -> Spike | None:
        spike = run.spike(is_open=True) if run else None
        return spike if spike and self._matters(spike) else None

    def _matters(self, spike: Spike) -> bool:
        return spike.amount - spike.usual >= self._settings.min_amount

    def _index(self, at: datetime) -> int:
        if self._midnight is None:
            self._midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return round((at - self._midnight) / self._step)

    def _is_workday(self, at: datetime) -> bool:
        return at.weekday() < 5 or not self._has_seasons

    def _judge(self, index: int, at: datetime, value: float, expected: Expectation) -> None:
        line = self._bound(expected)
        if self._run is not None:
            line = expected.usual + self._settings.hysteresis * (expected.bound - expected.usual)
        if value > line:
            self._run = self._run or _Run(index, at)
            self._run.extend(index, at, value, expected)
        elif self._run is not None and index - self._run.end_index > self._bridge:
            self._close()
        elif self._run is not None:
            self._run.wait(value, expected.usual)

    def _bound(self, expected: Expectation) -> float:
        if not expected.is_cold:
            return expected.bound
        if not self._settings.min_amount:
            return math.inf
        least = expected.usual + self._settings.cold_factor * self._settings.min_amount
        return max(expected.bound, least)

    def _close(self) -> None:
        if self._run is not None:
            self._found.append(self._run.spike(is_open=False))
        self._run = None

    def _become_normal(self, run: _Run) -> None:
        usual = median(run.usuals)
        if usual > 0:
            self._baseline.shift(median(run.values) / usual)
        self._close()


class _Run:
    """A spike being followed, with the points since its end that may yet belong to it."""

    def __init__(self, index: int, at: datetime) -> None:
        self.start_index, self.end_index = index, index
        self.start = self.end = self.peak = at
        self.height, self.score = -1.0, 0.0
        self.values: list[float] = []
        self.usuals: list[float] = []
        self._waiting: list[tuple[float, float]] = []

    def extend(self, index: int, at: datetime, value: float, expected: Expectation) -> None:
        for passed, usual in [*self._waiting, (value, expected.usual)]:
            self.values.append(passed)
            self.usuals.append(usual)
        self._waiting.clear()
        self.end_index, self.end = index, at
        if value - expected.usual > self.height:
            self.height, self.peak = value - expected.usual, at
            self.score = max(0.0, self.height) / expected.noise

    def wait(self, value: float, usual: float) -> None:
        self._waiting.append((value, usual))

    def spike(self, is_open: bool) -> Spike:
        return Spike(
            start=self.start, peak=self.peak, end=self.end, score=self.score, is_open=is_open,
            amount=sum(self.values), usual=sum(self.usuals),
        )  # fmt: skip
