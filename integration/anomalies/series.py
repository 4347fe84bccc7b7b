"""A series of instants and values from lines of CSV, whatever wrote them."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from integration.anomalies.instants import InstantReader
from integration.foundation.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

DELIMITERS = ",;\t|"
GAPS = {"", "nan", "null", "none", "na", "n/a", "-"}
SHORTEST = timedelta(minutes=1)
BINS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 1440))
OFF_GRID, MOST_OFF_GRID, MOST_TWICE = 0.2, 0.45, 0.1
IN_BIN = 3

Series = list[tuple[datetime, float]]


class Reading(NamedTuple):
    """A series, and how the file wrote each instant; empty where points were added up."""

    series: Series
    written: dict[datetime, str]

    def as_written(self, at: datetime) -> str | float:
        """An instant in the file's own terms: its text, or its number; ISO 8601 where it has none
        of its own."""
        text = self.written.get(at)
        if text is None:
            return at.isoformat()
        if not text.replace(".", "", 1).isdigit():
            return text
        return float(text) if "." in text else int(text)


def read_series(lines: Iterable[str]) -> Series:
    """The series of a file, see `read_as_written`."""
    return read_as_written(lines).series


def read_as_written(lines: Iterable[str]) -> Reading:
    """Read rows of a time and a value, sorted by time and evenly spaced.

    The delimiter is a comma, semicolon, tab or bar; a first row without a time in it is a header.
    The first column that holds times gives them, the column called value (or else the next one
    that holds a number) the values; the rest is left alone, as are empty lines, comments with #
    and rows whose value is missing. A time that comes twice, as when clocks are set back, keeps
    its larger value. Single events at any time, and points less than a minute apart, are added up
    over equal stretches of time.

    Raises:
        InvalidInput: naming each line that cannot be read (the first twenty).
    """
    rows = _cells(lines)
    if not rows:
        return Reading([], {})
    instants = InstantReader([cell for _, cells in rows for cell in cells])
    header = None if any(_is_instant(cell, instants) for cell in rows[0][1]) else rows[0][1]
    rows = rows[1:] if header and (len(rows) > 1 or not _has_number(header)) else rows
    time_at, value_at = _columns(header, rows, instants)
    if time_at == value_at:
        raise InvalidInput("The file needs a column of times and another one of values.")
    points, written, wrong = [], dict[datetime, str](), list[FieldError]()
    for number, cells in rows:
        try:
            point = _point(cells, time_at, value_at, instants)
        except ValueError as problem:
            wrong.append(FieldError(f"/{number}", "bad_row", f"line {number}: {problem}"))
        else:
            if point:
                points.append(point)
                written.setdefault(point[0], cells[time_at])
    if wrong:
        raise InvalidInput(wrong[0].message, errors=tuple(wrong[:20]))
    series = _evenly_spaced(sorted(points))
    return Reading(series, written if len(series) == len(written) else {})


def _cells(lines: Iterable[str]) -> list[tuple[int, list[str]]]:
    plain = [line.lstrip("\ufeff").replace("\0", "") for line in lines]
    sample = next((line for line in plain if line.strip() and not line.startswith("#")), "")
    delimiter = max(DELIMITERS, key=lambda each: (sample.count(each), -DELIMITERS.index(each)))
    if delimiter == "," and any(";" in line for line in plain[:5]):
        delimiter = ";"  # The comma was a decimal one.
    found = []
    for number, line in enumerate(plain, start=1):
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
        if any(cells) and not cells[0].startswith("#"):
            found.append((number, cells))
    return found


def _columns(
    header: list[str] | None, rows: list[tuple[int, list[str]]], instants: InstantReader
) -> tuple[int, int]:
    """Which column holds the times and which the values: the first two where nothing says more."""
    names = [name.lower() for name in header or ()]
    first = rows[0][1] if rows else []
    dates = [n for n, cell in enumerate(first) if _is_instant(cell, instants)]
    written = [n for n in dates if not _has_number([first[n]])] or dates
    time_at = written[0] if written else 0
    if "value" in names:
        return time_at, names.index("value")
    numbers = [n for n, cell in enumerate(first) if n != time_at and _has_number([cell])]
    return time_at, numbers[0] if numbers else time_at + 1


def _point(
    cells: list[str], time_at: int, value_at: int, instants: InstantReader
) -> tuple[datetime, float] | None:
    if len(cells) <= max(time_at, value_at):
        raise ValueError("a row needs a timestamp and a value, with a comma between them")
    at, text = instants.read(cells[time_at]), cells[value_at]
    if text.lower() in GAPS:
        return None
    value = _number(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return at, value


def _number(text: str) -> float:
    plain = text.lstrip("$€£ ").replace(" ", "")
    if "," in plain:
        whole, _, rest = plain.rpartition(",")
        is_thousands = "." in rest or (len(rest) == 3 and "." not in whole and whole != "0")
        plain = plain.replace(",", "" if is_thousands else ".")
    try:
        return float(plain)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _has_number(cells: list[str]) -> bool:
    for cell in cells:
        try:
            _number(cell)
        except ValueError:
            continue
        return True
    return False


def _is_instant(text: str, instants: InstantReader) -> bool:
    try:
        instants.read(text)
    except ValueError:
        return False
    return True


def _evenly_spaced(points: Series) -> Series:
    """Points on a grid are left as they are, holes included; others are added up in equal bins."""
    once: dict[datetime, float] = {}
    for at, value in points:
        once[at] = max(value, once.get(at, value))
    gaps = sorted((later - earlier) / SHORTEST for earlier, later in pairwise(sorted(once)))
    if not gaps:
        return sorted(once.items())
    grid = gaps[len(gaps) // 4]
    off = sum(abs(gap / grid - round(gap / grid)) > OFF_GRID for gap in gaps)
    twice = len(points) - len(once)
    if off > MOST_OFF_GRID * len(gaps) or twice > MOST_TWICE * len(points):
        return _added_up(points, _bin_for(points))
    return _added_up(points, SHORTEST) if grid < 1 else sorted(once.items())


def _bin_for(points: Series) -> timedelta:
    """The shortest bin that holds a few events on average."""
    span = points[-1][0] - points[0][0]
    return next(
        (each for each in BINS if len(points) * (each / max(span, each)) >= IN_BIN), BINS[-1]
    )


def _added_up(points: Series, step: timedelta) -> Series:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    sums: dict[int, float] = {}
    for at, value in points:
        place = (at - start) // step
        sums[place] = sums.get(place, 0.0) + value
    return [(start + place * step, sums.get(place, 0.0))
            for place in range(min(sums), max(sums) + 1)]  # fmt: skip
