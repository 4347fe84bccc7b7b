"""Jira's instants: ISO 8601 with milliseconds and an offset without a colon, or epoch ms."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(value: object) -> datetime:
    """Read one of Jira's instants, in UTC; raises ValueError.

    >>> instant("2026-11-03T14:05:00.000+0100").isoformat()
    '2026-11-03T13:05:00+00:00'
    >>> instant(1762178700000).isoformat()
    '2025-11-03T14:05:00+00:00'
    """
    if isinstance(value, int | float):
        # The bulk changelog is documented with epoch seconds in its example and date-time in its
        # schema; anything above the year 5138 in seconds must be milliseconds.
        return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, tz=UTC)
    parsed = datetime.fromisoformat(str(value))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def instant_or_none(value: object) -> datetime | None:
    """Read an instant that may be absent or unreadable."""
    try:
        return instant(value) if value else None
    except ValueError:
        return None


def wire(when: datetime) -> str:
    """Write an instant as Jira's date-time fields want it.

    >>> wire(datetime(2026, 11, 3, 14, 5, tzinfo=UTC))
    '2026-11-03T14:05:00.000+0000'
    """
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{when.microsecond // 1000:03d}+0000"
    )
