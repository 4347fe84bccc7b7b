"""Reads JQL's dates: absolute, relative to now, epoch milliseconds, and date functions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from integration.sandbox.jira.jql import Function, JqlError, Single, Value

_RELATIVE = re.compile(r"(\s*[+-]?\d{1,6}\s*[wdhm])+\s*")
_UNITS = {"w": 10080, "d": 1440, "h": 60, "m": 1}
_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")
_FUNCTIONS = {"now", "currentlogin", "startofday", "endofday", "startofweek", "endofweek"}


def instant_of(operand: Single, now: datetime, field: str) -> datetime:
    """Return the instant that an operand of a date clause means; raises JqlError."""
    try:
        if isinstance(operand, Function):
            return _function(operand, now)
        if isinstance(operand, Value):
            return _value(operand.text, now, field)
    except OverflowError as error:
        raise JqlError(f"Date value for field '{field}' is out of range.") from error
    raise JqlError(f"The field '{field}' needs a date.")


def _value(text: str, now: datetime, field: str) -> datetime:
    shift = _shift(text)
    if shift is not None:
        return now + shift
    for shape in _FORMATS:
        try:
            return datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    if re.fullmatch(r"\d{11,14}", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    raise JqlError(
        f"Date value '{text}' for field '{field}' is invalid. Valid formats include: "
        "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format "
        "e.g. '-5d', '4w 2d'."
    )


def _shift(text: str) -> timedelta | None:
    """Read `-5m`, `1d`, `-1w 2d`; a sign holds until the next one."""
    if not _RELATIVE.fullmatch(text):
        return None
    sign, minutes = 1, 0
    for mark, amount, unit in re.findall(r"([+-]?)(\d+)\s*([wdhm])", text):
        sign = {"-": -1, "+": 1}.get(mark, sign)
        minutes += sign * int(amount) * _UNITS[unit]
    return timedelta(minutes=minutes)


def _function(function: Function, now: datetime) -> datetime:
    name = function.name.lower()
    if name not in _FUNCTIONS:
        raise JqlError(f"Unable to find JQL function '{function.name}()'.")
    if name in ("now", "currentlogin"):
        return now
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = 1
    if name.endswith("week"):
        start -= timedelta(days=(start.weekday() + 1) % 7)
        days = 7
    if name.startswith("end"):
        start += timedelta(days=days) - timedelta(milliseconds=1)
    if function.arguments:
        shift = _shift(function.arguments[0])
        if shift is None:
            raise JqlError(f"Duration for function '{function.name}' should be like '-1d'.")
        start += shift
    return start
