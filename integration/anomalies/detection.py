"""When a rise of a series is a spike: it begins, has a peak, and ends or becomes the new normal.

Works on any even spacing, from minutes to days, and on any magnitude: spend per five minutes as
well as requests per day. What is usual is learnt by the hour (`baseline.py`), what recurs by the
time of day (`jobs.py`); the last points are judged together over several lengths of time
(`windows.py`). Every point is judged by its past alone, so a series read as it grows and the same
series read at once give the same spikes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from integration.anomalies.baseline import Baseline, Expectation
from integration.anomalies.jobs import Jobs
from integration.anomalies.rising import Rise, Seen, begun
from integration.anomalies.windows import Limits, Point, Windows, lengths_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BRIDGE = timedelta(hours=2)
SETTLED_AFTER = timedelta(days=1)
SETTLED_POINTS = 3
TWO_DAYS = timedelta(days=2)
LONGEST_WINDOW = timedelta(hours=6)
POINTS_WITHOUT_SEASONS = 30
NOISE_DAYS, NOISE_POINTS = 7, 28
BLOCK = timedelta(hours=4)
JOB_SHARE = 0.6
"""What comes at the same time every day is a job if it is not much less than a spike would be."""
SMALL = 0.25
"""Noise is taken as proportional to the usual plus this share of the series' level."""


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
    return_days: float = 180.0
    """Once in so many days the series' own bursts may exceed what is too high."""
    with_hindsight: bool = False
    """Whether all of the series is there, as in `hindsight.py`: the few tallest bursts are then no
    habit though nobody was told of them, and what came once is no job yet."""
    hysteresis: float = 0.6
    """Share of what is too high above which an open spike goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A rise over the usual. `score` is its greatest height in robust standard deviations."""

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


def scan(series: Sequence[tuple[datetime, float]], settings: Settings | None = None) -> list[Spike]:
    """Every spike of a series sorted by time, in order; the last may still be open.

    A series of less than two days shows no seasons and is judged by its level alone.

    Raises:
        ValueError: if the series is not sorted.
    """
    if len(series) < 2:
        return []
    detector = detector_for(series, settings or Settings())
    for at, value in series:
        detector.see(at, value)
    ongoing = detector.ongoing()
    return detector.closed() + ([ongoing] if ongoing else [])


def detector_for(series: Sequence[tuple[datetime, float]], settings: Settings) -> SpikeDetector:
    """A detector that has seen nothing yet, for the spacing and the length of a series.

    Raises:
        ValueError: if the series is not sorted.
    """
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(series)]
    if min(gaps) <= timedelta(0):
        raise ValueError("The series must be sorted by time, each time once.")
    step = sorted(gaps)[len(gaps) // 2]
    is_short = step < SETTLED_AFTER and series[-1][0] - series[0][0] < TWO_DAYS
    return SpikeDetector(step, settings, has_seasons=not is_short)


class SpikeDetector:
    """Reads the points of one series as they come and follows at most one spike at a time."""

    def __init__(self, step: timedelta, settings: Settings, *, has_seasons: bool = True) -> None:
        self._settings, self._has_seasons = settings, has_seasons
        self._slot_step = max(step, HOUR) if has_seasons else step
        per_day = max(1, round(DAY / self._slot_step)) if has_seasons else POINTS_WITHOUT_SEASONS
        self._in_slot = max(1, round(self._slot_step / step))
        self._baseline = Baseline(per_day, has_seasons=has_seasons)
        self._jobs = Jobs(step, with_hindsight=settings.with_hindsight) if has_seasons else None
        self._lengths = lengths_for(step, LONGEST_WINDOW if has_seasons else 6 * step)
        self._block_step = max(BLOCK, step)
        self._windows = Windows(
            self._lengths,
            max(NOISE_POINTS, per_day * self._in_slot * NOISE_DAYS),
            max(1.0, DAY / self._block_step),
            Limits(
                settings.sensitivity, settings.rise, settings.return_days, settings.with_hindsight
            ),
        )
        self._bridge = timedelta(0) if step >= DAY else max(BRIDGE, 2 * step)
        self._settled = max(SETTLED_POINTS * step, SETTLED_AFTER)
        self._midnight: datetime | None = None
        self._slot = -1
        self._slot_points: list[tuple[float, float]] = []
        self._slot_is_calm = self._slot_is_workday = True
        self._expected: Expectation | None = None
        self._recent: deque[Seen] = deque(maxlen=self._lengths[-1])
        self._rise: Rise | None = None
        self._found: list[Spike] = []

    def see(self, at: datetime, value: float) -> None:
        """Judge a whole point by what came before it, then learn from it."""
        self._move_to(at)
        kept = value
        if self._expected is not None:
            seen, point = self._beside(at, value, self._expected)
            rise = self._followed(seen, point, self._expected)
            if self._rise is not None and rise is None:
                self._close(self._rise)
            self._rise = rise
            self._windows.learn(point, calm=rise is None)
            self._recent.append(seen)
            kept = value if rise is None else min(value, self._expected.usual)
        if self._jobs:
            self._jobs.see(at, value)
        self._slot_points.append((value, kept))
        self._slot_is_calm = self._slot_is_calm and self._rise is None
        if self._rise is not None and at - self._rise.start >= self._settled:
            self._baseline.shift(self._rise.new_level())
            self._close(self._rise)
            self._rise = None

    def recall(self, at: datetime, value: float) -> None:
        """Take in the mean value of a long past hour: it shows what is usual, and is not judged."""
        self._move_to(at)
        self._slot_points.append((value, value))

    def glance(self, at: datetime, value: float) -> Spike | None:
        """The spike that is open at a point whose interval is not over; nothing is learnt from it.

        What has come so far is held against what is usual in a whole interval. It closes no spike.
        """
        self._move_to(at)
        if self._expected is None:
            return self.ongoing()
        seen, point = self._beside(at, value, self._expected)
        rise = self._followed(seen, point, self._expected) or self._rise
        return self._told(rise)

    def ongoing(self) -> Spike | None:
        """The open spike, if it is large enough to matter."""
        return self._told(self._rise)

    def closed(self) -> list[Spike]:
        """The spikes that are over, without what was too small to matter."""
        return [spike for spike in self._found if self._matters(spike)]

    def _move_to(self, at: datetime) -> None:
        """Learn the slot before as soon as a point of the next one comes."""
        if self._midnight is None:
            self._midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (at - self._midnight) / self._slot_step
        slot = int(passed) if self._in_slot > 1 else round(passed)
        if slot == self._slot:
            return
        if self._slot_points:
            count = len(self._slot_points)
            value = sum(value for value, _ in self._slot_points) / count
            kept = sum(kept for _, kept in self._slot_points) / count
            self._baseline.learn(
                self._slot, value, kept, self._slot_is_workday, calm=self._slot_is_calm
            )
        self._slot, self._slot_points, self._slot_is_calm = slot, [], True
        self._slot_is_workday = at.weekday() < 5 or not self._has_seasons
        self._expected = self._baseline.expect(slot, self._slot_is_workday)
        if self._expected is not None:
            block = int((at - self._midnight) / self._block_step)
            self._windows.open_slot(block, at.hour, self._baseline.days_known())

    def _beside(self, at: datetime, value: float, expected: Expectation) -> tuple[Seen, Point]:
        high = expected.high
        scale = max(high, 0.0) + SMALL * self._baseline.level()
        job = 0.0
        if self._jobs:
            height = self._jobs.height(at)
            if height - high > JOB_SHARE * self._windows.noise_of_one(high, scale):
                job = (1 + self._settings.rise) * height - high
        over = value - high
        return Seen(at, value, expected.usual, over), Point(over, high, scale, job)

    def _followed(self, seen: Seen, point: Point, expected: Expectation) -> Rise | None:
        """The rise that is open after a point: begun by it, gone on or waiting; None when over."""
        verdict = self._windows.look(point)
        score = verdict.score if verdict else 0.0
        if self._rise is None:
            if expected.is_cold:
                return begun([seen], 0.0, score) if self._is_far_too_high(seen, expected) else None
            if verdict is None or verdict.ratio <= 1:
                return None
            window = [*self._recent, seen][-verdict.length :]
            return begun(window, verdict.line / (point.scale or 1.0), score)
        rise = self._rise.copy()
        if point.over - point.job > self._settings.hysteresis * rise.line * point.scale:
            rise.extend(seen, score)
        elif seen.at - rise.end > self._bridge:
            return None
        else:
            rise.waiting.append(seen)
        return rise

    def _is_far_too_high(self, seen: Seen, expected: Expectation) -> bool:
        """With next to nothing known: the slot alone is beyond all that was, by a good amount."""
        least = self._settings.cold_factor * self._settings.min_amount
        if not least:
            return False
        so_far = sum(value for value, _ in self._slot_points) + seen.value
        bound = expected.top + 3 * expected.range + self._settings.rise * abs(expected.top)
        return so_far > max(bound * self._in_slot, expected.usual * self._in_slot + least)

    def _close(self, rise: Rise) -> None:
        self._found.append(_spike(rise, is_open=False))
        self._windows.end_rise()
        self._recent.clear()

    def _told(self, rise: Rise | None) -> Spike | None:
        spike = _spike(rise, is_open=True) if rise else None
        return spike if spike and self._matters(spike) else None

    def _matters(self, spike: Spike) -> bool:
        return spike.amount - spike.usual >= self._settings.min_amount


def _spike(rise: Rise, *, is_open: bool) -> Spike:
    return Spike(
        start=rise.start, peak=rise.peak, end=rise.end, score=rise.score, is_open=is_open,
        amount=sum(rise.values), usual=sum(rise.usuals),
    )  # fmt: skip
