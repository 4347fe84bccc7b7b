"""Recent spend by hour, kept in the process: a day is read again only when its roll-up changed.

Spikes are looked for every minute over four weeks. Reading four weeks of entries each time would
cost more than the metering itself; the roll-up says which days have anything new, mostly today.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from integration.ledger import queries as ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

LOOK_BACK_DAYS = 28
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Subject = tuple[str, str]
"""What a series is of: `story`, `feature`, `team` or `model`, and which one."""
Series = list[tuple[datetime, float]]


class SpendMemory:
    """List cost (nano-USD) by subject and hour (UTC) of one workspace's last four weeks."""

    def __init__(self) -> None:
        self._marks: dict[date, ledger.UseCost] = {}
        self._days: dict[date, dict[Subject, dict[datetime, int]]] = {}

    def bring_up_to_date(self, session: Session, workspace_id: str, now: datetime) -> None:
        """Read the days that changed since the last look; forget those that are too old."""
        today = now.astimezone(UTC).date()
        first = today - timedelta(days=LOOK_BACK_DAYS)
        marks = ledger.day_marks(session, workspace_id, first, today)
        for day in self._days.keys() - marks.keys():
            del self._days[day]
        for day, mark in marks.items():
            if day not in self._days or self._marks.get(day) != mark:
                self._days[day] = _by_subject(ledger.hourly_spend(session, workspace_id, day))
        self._marks = marks

    def spent_since(self, first: date) -> dict[Subject, int]:
        """What each subject spent from a day on."""
        spent: dict[Subject, int] = defaultdict(int)
        for day, subjects in self._days.items():
            if day >= first:
                for subject, hours in subjects.items():
                    spent[subject] += sum(hours.values())
        return spent

    def hours_of(self, subject: Subject) -> dict[datetime, int]:
        """Every hour in which a subject spent anything."""
        return {
            hour: cost
            for subjects in self._days.values()
            for hour, cost in subjects.get(subject, {}).items()
        }

    def days_of(self, subject: Subject) -> list[date]:
        """The UTC days on which a subject spent anything, sorted."""
        return sorted(day for day, subjects in self._days.items() if subject in subjects)


def _by_subject(rows: list[ledger.HourSpend]) -> dict[Subject, dict[datetime, int]]:
    found: dict[Subject, dict[datetime, int]] = {}
    for row in rows:
        hour = row.hour.astimezone(UTC)
        for subject in subjects_of(row):
            hours = found.setdefault(subject, {})
            hours[hour] = hours.get(hour, 0) + row.spend.list_cost_nanousd
    return found


def subjects_of(row: ledger.HourSpend) -> list[Subject]:
    """Every subject that a row of spend counts for."""
    named = (
        ("story", row.story_key), ("feature", row.feature), ("team", row.team),
        ("model", row.model),
    )  # fmt: skip
    return [(kind, name) for kind, name in named if name]


def hourly_series(hours: Mapping[datetime, int], now: datetime) -> tuple[Series, float]:
    """Each hour from the first day's midnight to now, and how much of the last one is over."""
    return _series(hours, now, HOUR)


def daily_series(hours: Mapping[datetime, int], now: datetime) -> tuple[Series, float]:
    """Each UTC day from the first one to today, and how much of today is over."""
    days: dict[datetime, int] = defaultdict(int)
    for hour, cost in hours.items():
        days[hour.replace(hour=0)] += cost
    return _series(days, now, DAY)


def _series(values: Mapping[datetime, int], now: datetime, step: timedelta) -> tuple[Series, float]:
    if not values:
        return [], 1.0
    first = datetime.combine(min(values).date(), time(), UTC)
    points = int((now - first) / step) + 1
    last = first + (points - 1) * step
    series = [(at, float(values.get(at, 0))) for at in (first + n * step for n in range(points))]
    return series, max(1 / 60, (now - last) / step)
