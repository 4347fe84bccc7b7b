"""Half-open periods of time: the start belongs to the period, the end does not (FOCUS)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (inclusive) to `end` (exclusive); an open end is None. Instants are aware."""

    start: datetime
    end: datetime | None = None

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant and (self.end is None or instant < self.end)


def day_in(zone: str, instant: datetime) -> date:
    """The calendar day of an instant in an IANA time zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def day_period(zone: str, day: date) -> Period:
    """The 23, 24 or 25 hours of a calendar day in an IANA time zone."""
    here = ZoneInfo(zone)
    start = datetime.combine(day, time(), here)
    end = datetime.combine(day + timedelta(days=1), time(), here)
    return Period(start.astimezone(UTC), end.astimezone(UTC))
