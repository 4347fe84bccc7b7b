"""Recent spend in slices of five minutes, kept in the process: what the roll-up says is known
already is not read again.

Spikes are looked for every minute over four weeks. Reading four weeks of entries each time would
cost more than the metering itself; the roll-up says which days have anything new, mostly today.
Of a day that takes long to read, only the newest slices are read in between. Days older than two
weeks are kept by the hour.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from integration.ledger import queries as ledger
from integration.ledger.time_queries import TimedCost, TimedSpend, cost_by_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

LOOK_BACK_DAYS, DETAILED_DAYS = 28, 14
SLICE, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
REST = 20.0
"""A day is read whole again after so many times what that took: a twentieth of the time at most."""
Subject = tuple[str, str]
"""What a series is of: `story`, `feature`, `team` or `model`, and which one."""
Amounts: TypeAlias = "array[int]"
"""Nano-USD, one per slice or hour of a day."""


@dataclass(slots=True)
class _Day:
    """What is known of one UTC day."""

    step: timedelta
    subjects: dict[Subject, Amounts]
    calls: Amounts
    costs: Amounts
    whole_again_at: datetime = LONG_AGO

    @property
    def mark(self) -> ledger.UseCost:
        """What the roll-up says if it knows no more than this."""
        return ledger.UseCost(sum(self.calls), sum(self.costs))

    def coarsen(self) -> None:
        """Keep it by the hour from now on."""
        self.step = HOUR
        self.subjects = {subject: by_the_hour(each) for subject, each in self.subjects.items()}
        self.calls, self.costs = by_the_hour(self.calls), by_the_hour(self.costs)


class SpendMemory:
    """List cost (nano-USD) by subject and time (UTC) of one workspace's last four weeks."""

    def __init__(self, rest: float = REST) -> None:
        self._rest = rest
        self._days: dict[date, _Day] = {}
        self._looked_at = LONG_AGO

    def bring_up_to_date(self, session: Session, workspace_id: str, now: datetime) -> None:
        """Read what changed since the last look; forget the days that are too old.

        Roll-up and entries have to be seen as of one moment (REPEATABLE READ).
        """
        today = now.astimezone(UTC).date()
        first, detailed = today - LOOK_BACK_DAYS * DAY, today - DETAILED_DAYS * DAY
        marks = ledger.day_marks(session, workspace_id, first, today)
        for day in self._days.keys() - marks.keys():
            del self._days[day]
        for day, mark in marks.items():
            kept = self._days.get(day)
            if kept is not None and kept.step < HOUR and day < detailed:
                kept.coarsen()
            if kept is None or (kept.mark != mark and kept.whole_again_at <= now):
                began = perf_counter()
                known = _read(session, workspace_id, day, SLICE if day >= detailed else HOUR)
                took = timedelta(seconds=perf_counter() - began)
                known.whole_again_at = now + took * self._rest
                self._days[day] = known
            elif kept.mark != mark:
                _read_on(session, workspace_id, day, kept, self._looked_at)
        self._looked_at = now

    def spent_since(self, first: date) -> dict[Subject, int]:
        """What each subject spent from a day on."""
        spent: dict[Subject, int] = {}
        for day, known in self._days.items():
            if day >= first:
                for subject, amounts in known.subjects.items():
                    spent[subject] = spent.get(subject, 0) + sum(amounts)
        return spent

    def days_of(self, subject: Subject) -> list[date]:
        """The UTC days on which a subject spent anything, sorted."""
        return sorted(day for day, known in self._days.items() if subject in known.subjects)

    def amounts(self, subject: Subject, day: date) -> Amounts:
        """A subject's spend of one day by slice, or by hour where the day is old; 0 where none."""
        known = self._days.get(day)
        amounts = known.subjects.get(subject) if known else None
        return amounts or _nothing(known.step if known else SLICE)

    def by_day(self, subject: Subject, today: date) -> Iterator[tuple[datetime, int]]:
        """A subject's spend of each UTC day from its first one to today, quiet ones included."""
        days = self.days_of(subject)
        for number in range((today - days[0]).days + 1) if days else ():
            day = days[0] + number * DAY
            yield datetime.combine(day, time(), UTC), sum(self.amounts(subject, day))


def _read(session: Session, workspace_id: str, day: date, step: timedelta) -> _Day:
    known = _Day(step, {}, _nothing(step), _nothing(step))
    _add(known, cost_by_time(session, workspace_id, day, step))
    return known


def _read_on(
    session: Session, workspace_id: str, day: date, known: _Day, looked_at: datetime
) -> None:  # fmt: skip
    """Read from the slice before the last look on: where nearly all that is new belongs.

    What came later than that is seen when the day is read whole again.
    """
    midnight = datetime.combine(day, time(), UTC)
    place = max(0, (looked_at - midnight) // known.step - 1)
    rows = cost_by_time(session, workspace_id, day, known.step, midnight + place * known.step)
    for amounts in (known.calls, known.costs, *known.subjects.values()):
        for number in range(place, len(amounts)):
            amounts[number] = 0
    _add(known, rows)


def _add(known: _Day, rows: list[TimedCost]) -> None:
    for row in rows:
        start = row.start.astimezone(UTC)
        place = timedelta(hours=start.hour, minutes=start.minute) // known.step
        known.calls[place] += row.calls
        known.costs[place] += row.list_cost_nanousd
        for subject in subjects_of(row):
            if subject not in known.subjects:
                known.subjects[subject] = _nothing(known.step)
            known.subjects[subject][place] += row.list_cost_nanousd


def _nothing(step: timedelta) -> Amounts:
    return array("q", [0]) * (DAY // step)


def by_the_hour(amounts: Amounts) -> Amounts:
    """A day's amounts by the hour."""
    in_hour = len(amounts) // 24
    return array("q", (sum(amounts[n : n + in_hour]) for n in range(0, len(amounts), in_hour)))


def subjects_of(row: TimedCost | TimedSpend) -> list[Subject]:
    """Every subject that a row of spend counts for."""
    named = (
        ("story", row.story_key), ("feature", row.feature), ("team", row.team),
        ("model", row.model),
    )  # fmt: skip
    return [(kind, name) for kind, name in named if name]
