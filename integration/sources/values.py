"""Single values as others write them: texts, counts, instants and amounts of money."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from integration.metering.usage import MAX_TEXT
from integration.sources.batch import Unreadable

MAX_DIGITS = 20  # As many as 64-bit integers have; keeps hostile ones out of str() and int().
MAX_COST_USD = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(value: object, pointer: str) -> str:
    """Return an identifying text; None is empty. Raises Unreadable for what is no short text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(pointer, "not_a_text", "expected a text")
    if len(value) > MAX_TEXT:
        raise Unreadable(pointer, "too_long", f"expected at most {MAX_TEXT} characters")
    if "\0" in value:
        raise Unreadable(pointer, "bad_character", "the character U+0000 is not allowed")
    return value


def label(value: object) -> str:
    """Return a text which only describes: what is no short text is left out, not refused."""
    if isinstance(value, str):
        return value.strip() if len(value) <= MAX_TEXT and "\0" not in value else ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**MAX_DIGITS else ""
    return ""


def count(value: object, pointer: str) -> int:
    """Return a number of tokens or calls; None is 0. Senders write integers, floats or digits."""
    if value is None or value == "":
        return 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**MAX_DIGITS:
        return int(value)
    if isinstance(value, str) and len(value) <= MAX_DIGITS:
        digits = value.strip()
        if digits.isascii() and digits.removeprefix("-").isdigit():
            return int(digits)
    raise Unreadable(pointer, "not_a_count", "expected a whole number")


def number(value: object, pointer: str) -> float | None:
    """Return a finite number, written as such or as text; None and the empty text are None."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            found = float(value) if not isinstance(value, str) else float(value[:64])
            if math.isfinite(found):
                return found
    except (ValueError, OverflowError):
        pass
    raise Unreadable(pointer, "not_a_number", "expected a finite number")


def cost_usd(value: object) -> str:
    """Return what the source says a call cost as a plain Decimal string, or nothing.

    An impossible amount is left out: it is shown beside our own figure and never added to it.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    try:
        amount = float(value[:64] if isinstance(value, str) else value)
        if not 0 <= amount <= MAX_COST_USD:
            return ""
        return format(Decimal(value if isinstance(value, str) else repr(value)), "f")[:64]
    except (ValueError, ArithmeticError):
        return ""


def instant_of_nanoseconds(nanoseconds: int, pointer: str) -> datetime:
    """Return the instant of Unix nanoseconds, cut to microseconds."""
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except (OverflowError, TypeError):
        raise Unreadable(pointer, "bad_time", "the time is out of range") from None


def instant(value: object, pointer: str) -> datetime:
    """Return the instant of an ISO 8601 text with an offset, or of Unix seconds."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _EPOCH + timedelta(seconds=value)
        if isinstance(value, str):
            found = datetime.fromisoformat(value[:64].strip())
            if found.tzinfo is None:
                raise Unreadable(pointer, "no_time_zone", "the time needs an offset, such as Z")
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable(pointer, "bad_time", "expected an ISO 8601 time with an offset")
