"""Recent spend in slices of five minutes, kept in the process: a day is read again only when its
roll-up changed.

Spikes are looked for every minute over four weeks. Reading four weeks of entries each time would
cost more than the metering itself; the roll-up says which days have anything new, mostly today.
Days older than two weeks are kept by the hour.
"""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeAlias

from integration.ledger import queries as ledger
from integration.ledger.time_queries import TimedSpend, spend_by_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

LOOK_BACK_DAYS, DETAILED_DAYS = 28, 14
SLICE, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
Subject = tuple[str, str]
"""What a series is of: `story`, `feature`, `team` or `model`, and which one."""
Amounts: TypeAlias = "array[int]"
"""Nano-USD, one per slice or hour of a day."""


class SpendMemory:
    """List cost (nano-USD) by subject and time (UTC) of one workspace's last four weeks."""

    def __init__(self) -> None:
        self._marks: dict[date, ledger.UseCost] = {}
        self._days: dict[date, tuple[timedelta, dict[Subject, Amounts]]] = {}

    def bring_up_to_date(self, session: Session, workspace_id: str, now: datetime) -> None:
        """Read the days that changed since the last look; forget those that are too old."""
        today = now.astimezone(UTC).date()
        first, detailed = today - LOOK_BACK_DAYS * DAY, today - DETAILED_DAYS * DAY
        marks = ledger.day_marks(session, workspace_id, first, today)
        for day in self._days.keys() - marks.keys():
            del self._days[day]
        for day, mark in marks.items():
            step = SLICE if day >= detailed else HOUR
            if day not in self._days or self._marks.get(day) != mark:
                rows = spend_by_time(session, workspace_id, day, step)
                self._days[day] = (step, _by_subject(rows, step))
            elif self._days[day][0] < step:
                self._days[day] = (step, {s: by_the_hour(a) for s, a in self._days[day][1].items()})
        self._marks = marks

    def spent_since(self, first: date) -> dict[Subject, int]:
        """What each subject spent from a day on."""
        spent: dict[Subject, int] = {}
        for day, (_, subjects) in self._days.items():
            if day >= first:
                for subject, amounts in subjects.items():
                    spent[subject] = spent.get(subject, 0) + sum(amounts)
        return spent

    def days_of(self, subject: Subject) -> list[date]:
        """The UTC days on which a subject spent anything, sorted."""
        return sorted(day for day, (_, subjects) in self._days.items() if subject in subjects)

    def amounts(self, subject: Subject, day: date) -> Amounts:
        """A subject's spend of one day by slice, or by hour where the day is old; 0 where none."""
        step, subjects = self._days.get(day, (SLICE, {}))
        return subjects.get(subject) or array("q", [0]) * (DAY // step)

    def by_day(self, subject: Subject, today: date) -> Iterator[tuple[datetime, int]]:
        """A subject's spend of each UTC day from its first one to today, quiet ones included."""
        days = self.days_of(subject)
        for number in range((today - days[0]).days + 1) if days else ():
            day = days[0] + number * DAY
            yield datetime.combine(day, time(), UTC), sum(self.amounts(subject, day))


def _by_subject(rows: list[TimedSpend], step: timedelta) -> dict[Subject, Amounts]:
    found: dict[Subject, Amounts] = {}
    for row in rows:
        start = row.start.astimezone(UTC)
        place = timedelta(hours=start.hour, minutes=start.minute) // step
        for subject in subjects_of(row):
            if subject not in found:
                found[subject] = array("q", [0]) * (DAY // step)
            found[subject][place] += row.spend.list_cost_nanousd
    return found


def by_the_hour(amounts: Amounts) -> Amounts:
    """A day's amounts by the hour."""
    in_hour = len(amounts) // 24
    return array("q", (sum(amounts[n : n + in_hour]) for n in range(0, len(amounts), in_hour)))


def subjects_of(row: TimedSpend) -> list[Subject]:
    """Every subject that a row of spend counts for."""
    named = (
        ("story", row.story_key), ("feature", row.feature), ("team", row.team),
        ("model", row.model),
    )  # fmt: skip
    return [(kind, name) for kind, name in named if name]
