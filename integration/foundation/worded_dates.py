"""Days and instants as a language writes them, and the few words that stand for an unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from babel import Locale

ENGLISH_WORDS = {
    "not_estimated": "not estimated",
    "unknown": "unknown",
    "range": "{central} ({low} to {high})",
}


@dataclass(frozen=True)
class Dates:
    """Words dates in one language: `locale` is a name such as `en_US`, `words` its few words."""

    locale: str = "en_US"
    words: Mapping[str, str] | None = None

    def day(
        self, when: date | datetime | None, zone: str = "UTC", unknown: str | None = None
    ) -> str:
        """Word a day; an instant is first put into the IANA time zone.

        >>> Dates().day(date(2026, 11, 3)), Dates("de_DE").day(date(2026, 11, 3))
        ('3 Nov 2026', '3. Nov. 2026')
        """
        if when is None:
            return self._word("unknown", unknown)
        from babel.dates import format_date, format_skeleton

        local = _local(when, zone) if isinstance(when, datetime) else when
        if self._babel.language == "en":  # Month before or after the day is no matter of chance.
            return format_date(local, "d MMM y", locale=self._babel)
        return format_skeleton("yMMMd", local, locale=self._babel)

    def weekday(self, when: date) -> str:
        """Name a day of the week.

        >>> Dates().weekday(date(2026, 11, 3)), Dates("fr_FR").weekday(date(2026, 11, 3))
        ('Tuesday', 'mardi')
        """
        from babel.dates import format_date

        return format_date(when, "EEEE", locale=self._babel)

    def moment(self, when: datetime | None, zone: str = "UTC", unknown: str | None = None) -> str:
        """Word an aware instant to the minute in the IANA time zone.

        >>> from datetime import UTC
        >>> Dates().moment(datetime(2026, 11, 3, 14, 5, tzinfo=UTC), "Europe/Berlin")
        '3 Nov 2026, 15:05 CET'
        """
        if when is None:
            return self._word("unknown", unknown)
        local = _local(when, zone)
        return f"{self.day(local, zone)}, {local:%H:%M} {local.tzname()}"

    @cached_property
    def _babel(self) -> Locale:
        from babel import Locale

        return Locale.parse(self.locale)

    def _word(self, name: str, instead: str | None = None) -> str:
        return (self.words or ENGLISH_WORDS)[name] if instead is None else instead


def _local(when: datetime, zone: str) -> datetime:
    if when.tzinfo is None:
        message = f"an instant needs a time zone: {when.isoformat()}"
        raise ValueError(message)
    return when.astimezone(ZoneInfo(zone))
