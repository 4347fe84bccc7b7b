"""Spikes of a series that is there as a whole: what comes later may explain what came before.

The detector is the same (`detection.py`); it judges by the past only, so the first days of a series
are beyond it, and the first runs of a nightly job are spikes to it. With the whole series at hand
the first days are judged after the detector has seen later ones, moved before them; and what comes
back at the same time, day after day or week after week, is taken for a job.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from datetime import timedelta
from math import ceil
from statistics import median
from typing import TYPE_CHECKING

from integration.anomalies.detection import Settings, Spike, detector_for, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    Series = Sequence[tuple[datetime, float]]

DAY, WEEK = timedelta(days=1), timedelta(days=7)
EARLY_DAYS, EARLY_POINTS = 14, 30
MOST_RESCALING = 5.0
ALIKE = 0.6
"""A job's other runs reach this share of a spike's height at least."""
DAYS_LOOKED_AT, FEWEST_DAYS, RECURRING_SHARE = 7, 3, 0.6
WEEKS_LOOKED_AT, FEWEST_WEEKS = 4, 2
REACH = timedelta(minutes=15)


def scan_whole(series: Series, settings: Settings | None = None) -> list[Spike]:
    """Every spike of a series sorted by time, in order; the last may still be open.

    Raises:
        ValueError: if the series is not sorted.
    """
    settings = replace(settings or Settings(), with_hindsight=True)
    later = scan(series, settings)
    whole_days = (series[-1][0] - series[0][0]) // DAY if series else 0
    if whole_days < 2:
        return later
    days = 7 * ceil(whole_days / 7)  # Workdays stay workdays.
    step = series[1][0] - series[0][0]
    early_days = min(whole_days // 2, max(EARLY_DAYS, EARLY_POINTS * step // DAY))
    border = series[0][0] + early_days * DAY
    found = [
        *(spike for spike in _early(series, settings, days, border) if spike.start < border),
        *(spike for spike in later if spike.start >= border),
    ]
    past = _Past(series)
    return [spike for spike in _apart(found) if not past.is_job(spike)]


def _early(series: Series, settings: Settings, days: int, border: datetime) -> Iterable[Spike]:
    """Spikes of the first days, to a detector that has seen the days from `border` on before."""
    end = series[0][0] + days * DAY
    early = [point for point in series if point[0] < border]
    after = [point for point in series if border <= point[0] < end]
    ratio = _ratio(early, after)
    detector = detector_for(series, settings)
    for at, value in after:
        detector.see(at - days * DAY, value * ratio)
    for at, value in series[: bisect_left(series, (border + DAY,))]:
        detector.see(at, value)
    ongoing = detector.ongoing()
    found = detector.closed() + ([ongoing] if ongoing else [])
    return [spike for spike in found if spike.start >= series[0][0]]


def _ratio(early: Series, after: Series) -> float:
    """What the later days are multiplied with to be of the early days' size."""
    if not early or not after:
        return 1.0
    before, now = median(v for _, v in early), median(v for _, v in after)
    if before <= 0 or now <= 0:
        return 1.0
    return min(MOST_RESCALING, max(1 / MOST_RESCALING, before / now))


def _apart(found: list[Spike]) -> list[Spike]:
    """Of two that overlap at the border, the first."""
    kept: list[Spike] = []
    for spike in found:
        if not kept or spike.start > kept[-1].end:
            kept.append(spike)
    return kept


class _Past:
    """Looks a spike's time of day and of the week up in all of a series."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._times = [at for at, _ in series]

    def is_job(self, spike: Spike) -> bool:
        """Whether the same comes back on other days or weeks, and is gone in between."""
        inside = self._values(spike.start, spike.end)
        usual = spike.usual / len(inside)
        line = usual + ALIKE * (max(inside) - usual)
        for period, count, fewest in (
            (DAY, DAYS_LOOKED_AT, FEWEST_DAYS), (WEEK, WEEKS_LOOKED_AT, FEWEST_WEEKS),
        ):  # fmt: skip
            for sign in (1, -1):
                runs = [self._reaches(spike.peak + sign * n * period, line)
                        for n in range(1, count + 1)]  # fmt: skip
                known = [run for run in runs if run is not None]
                if len(known) >= fewest and sum(known) >= max(fewest, RECURRING_SHARE * len(known)):
                    ends = sorted((spike.peak, spike.peak + sign * count * period))
                    if median(self._values(*ends)) < line:
                        return True
        return False

    def _reaches(self, at: datetime, line: float) -> bool | None:
        values = self._values(at - REACH, at + REACH)
        return max(values) >= line if values else None

    def _values(self, first: datetime, last: datetime) -> list[float]:
        begin, end = bisect_left(self._times, first), bisect_left(self._times, last)
        while end < len(self._times) and self._times[end] <= last:
            end += 1
        return [value for _, value in self._series[begin:end]]
