"""What is too high of each subject's recent spend, found again at every look at little cost.

A detector has to read its series from the first day on. What it is two hours before now is kept, so
that the next look goes on from there; where something earlier changed since, as when usage comes
late, that subject's detector reads everything anew.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from integration.anomalies.detection import Settings, Spike, SpikeDetector
from integration.journeys.spend_memory import DAY, DETAILED_DAYS, SLICE, SpendMemory, by_the_hour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.journeys.spend_memory import Amounts, Subject

SLICE_OF_AN_HOUR = SLICE / timedelta(hours=1)
SETTLES_AFTER = timedelta(hours=2)
"""Most usage has come in by then; what comes later costs reading one subject anew."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A detector that has seen everything before `until`, and marks of what it saw."""

    until: datetime
    marks: dict[date, int]
    detector: bytes


class SpendWatch:
    """One workspace's recent spend, and the detectors of its subjects."""

    def __init__(self, settings: Settings) -> None:
        self.memory = SpendMemory()
        self._settings = settings
        self._kept: dict[Subject, _Kept] = {}

    def keep_only(self, subjects: set[Subject]) -> None:
        """Forget the detectors of everybody else."""
        for subject in self._kept.keys() - subjects:
            del self._kept[subject]

    def spikes(self, subject: Subject, now: datetime) -> list[Spike]:
        """The subject's spikes in order, by slices of five minutes; the last may be open."""
        memory = self.memory
        now = now.astimezone(UTC)
        settled = now.replace(minute=0, second=0, microsecond=0) - SETTLES_AFTER
        detector, since = self._before(subject, settled)
        last = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
        for at, cost in _slices(memory, subject, since, last):
            detector.see(at, cost)
        place = timedelta(hours=last.hour, minutes=last.minute) // SLICE
        ongoing = detector.glance(last, float(memory.amounts(subject, last.date())[place]))
        return detector.closed() + ([ongoing] if ongoing else [])

    def _before(self, subject: Subject, settled: datetime) -> tuple[SpikeDetector, datetime]:
        """A detector that has seen everything before an instant, which it returns too."""
        memory, kept = self.memory, self._kept.get(subject)
        if kept and kept.until <= settled and kept.marks == _marks(memory, subject, kept.until):
            detector: SpikeDetector = pickle.loads(kept.detector)  # noqa: S301  # Our own, from below.
            since = kept.until
        else:
            detector, since = self._from_the_start(subject, settled)
        if since < settled:
            for at, cost in _slices(memory, subject, since, settled):
                detector.see(at, cost)
            marks = _marks(memory, subject, settled)
            self._kept[subject] = _Kept(settled, marks, pickle.dumps(detector))
        return detector, settled

    def _from_the_start(
        self, subject: Subject, settled: datetime
    ) -> tuple[SpikeDetector, datetime]:
        """A detector that has seen the old days by the hour, and where the detailed ones begin."""
        detector = SpikeDetector(SLICE, self._settings)
        memory = self.memory
        detailed = settled.date() - (DETAILED_DAYS - 1) * DAY
        days = memory.days_of(subject)
        first = days[0] if days else settled.date()
        while first < detailed:
            for hour, cost in enumerate(by_the_hour(memory.amounts(subject, first))):
                detector.recall(datetime.combine(first, time(hour), UTC), cost * SLICE_OF_AN_HOUR)
            first += DAY
        return detector, datetime.combine(first, time(), UTC)


def _slices(
    memory: SpendMemory, subject: Subject, since: datetime, until: datetime
) -> Iterator[tuple[datetime, float]]:
    """Each slice from `since` on that is over by `until`, quiet ones included."""
    for number in range((until.date() - since.date()).days + 1):
        midnight = datetime.combine(since.date() + number * DAY, time(), UTC)
        for place, cost in enumerate(memory.amounts(subject, midnight.date())):
            at = midnight + place * SLICE
            if since <= at < until:
                yield at, float(cost)


def _marks(memory: SpendMemory, subject: Subject, until: datetime) -> dict[date, int]:
    """A hash of each detailed day's slices before an instant."""
    found = {}
    for number in range(DETAILED_DAYS - 1):
        day = until.date() - number * DAY
        amounts: Amounts = memory.amounts(subject, day)
        if number == 0:
            amounts = amounts[: timedelta(hours=until.hour, minutes=until.minute) // SLICE]
        found[day] = hash(amounts.tobytes())
    return found
