"""Instants as other programs write them: ISO 8601, Unix time, what spreadsheets and logs show."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LATEST_UNIX_S = 4e9
PER_SECOND = (1, 1e3, 1e6, 1e9)
DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
MONTH_FIRST = ("%m/%d/%Y",)
OTHER_DATES = ("%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%b %d, %Y", "%d-%b-%Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")


class InstantReader:
    """Reads one column of instants; where day and month could be either, the column decides.

    An instant without an offset is UTC.
    """

    def __init__(self, texts: list[str]) -> None:
        first_numbers = [text.split("/")[0] for text in texts if text.count("/") >= 2]
        days_first = any(number.isdigit() and 12 < int(number) <= 31 for number in first_numbers)
        ordered = DAY_FIRST + MONTH_FIRST if days_first else MONTH_FIRST + DAY_FIRST
        self._formats = [date + clock for date in ordered + OTHER_DATES for clock in CLOCKS]

    def read(self, text: str) -> datetime:
        """Read one instant, in UTC.

        Raises:
            ValueError: it is written in no way that is known here.
        """
        try:
            unix = float("" if _is_compact_date(text) else text)
        except ValueError:
            at = self._written(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        for per_second in PER_SECOND:
            if 0 <= unix / per_second <= LATEST_UNIX_S:
                return datetime.fromtimestamp(unix / per_second, UTC)
        raise ValueError(f"{text!r} is not a Unix time of this or the last century")

    def _written(self, text: str) -> datetime:
        plain = text.removesuffix(" UTC").removesuffix(" GMT")
        try:
            return datetime.fromisoformat(plain)
        except ValueError:
            pass
        for number, form in enumerate(self._formats):
            try:
                at = datetime.strptime(plain, form)  # noqa: DTZ007  # Without an offset it is UTC.
            except ValueError:
                continue
            if number:
                self._formats.insert(0, self._formats.pop(number))  # The next one is alike.
            return at
        try:
            return parsedate_to_datetime(text)
        except ValueError:
            raise ValueError(f"{text!r} is not an ISO 8601 or Unix time") from None


def _is_compact_date(text: str) -> bool:
    """20260302 is a day; as Unix time it would be one in 1970."""
    return len(text) == 8 and text.isdigit() and text.startswith(("19", "20"))
