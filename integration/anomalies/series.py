"""A series of instants and values from lines of CSV, whatever wrote them."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integration.foundation.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

EARLIEST_UNIX_S, LATEST_UNIX_S = 0.0, 4e9
MILLISECONDS_FROM = 1e11  # A Unix time above this counts milliseconds.


def read_series(lines: Iterable[str]) -> list[tuple[datetime, float]]:
    """Read `timestamp,value` rows and sort them by time.

    A first row that does not begin with a time is a header.
    Timestamps are ISO 8601 (with `T` or a space; UTC where no offset is given) or Unix seconds or
    milliseconds. Columns after the second are left alone, as are empty lines and rows whose value
    is empty or NaN (a gap). A time that comes twice, as when clocks are set back, keeps its larger
    value.

    Raises:
        InvalidInput: naming each line that cannot be read (the first twenty).
    """
    found: dict[datetime, float] = {}
    wrong: list[FieldError] = []
    first = True
    for number, line in enumerate(lines, start=1):
        cells = next(csv.reader([line.lstrip("\ufeff").replace("\0", "")]), [])
        if not any(cell.strip() for cell in cells):
            continue
        is_header, first = first and not _is_instant(cells[0].strip()), False
        if is_header:
            continue
        try:
            point = _point([cell.strip() for cell in cells])
        except ValueError as problem:
            wrong.append(FieldError(f"/{number}", "bad_row", f"line {number}: {problem}"))
            continue
        if point is not None:
            at, value = point
            found[at] = max(value, found.get(at, value))
    if wrong:
        raise InvalidInput(wrong[0].message, errors=tuple(wrong[:20]))
    return sorted(found.items())


def _point(cells: list[str]) -> tuple[datetime, float] | None:
    if len(cells) < 2:
        raise ValueError("a row needs a timestamp and a value, with a comma between them")
    at = _instant(cells[0])
    if not cells[1] or cells[1].lower() in {"nan", "null", "none"}:
        return None
    try:
        value = float(cells[1])
    except ValueError:
        raise ValueError(f"{cells[1]!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{cells[1]!r} is not a finite number")
    return at, value


def _is_instant(text: str) -> bool:
    try:
        _instant(text)
    except ValueError:
        return False
    return True


def _instant(text: str) -> datetime:
    try:
        unix = float(text)
    except ValueError:
        pass
    else:
        seconds = unix / 1000 if unix >= MILLISECONDS_FROM else unix
        if not EARLIEST_UNIX_S <= seconds <= LATEST_UNIX_S:
            raise ValueError(f"{text!r} is not a Unix time of this or the last century")
        return datetime.fromtimestamp(seconds, UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an ISO 8601 or Unix time") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
