"""Which number a person meant: `4k`, `1.2M`, `1,200`, `~500/day`, `10-20`, `80%`, `90 min`.

Separators. With both `.` and `,` the last one is the decimal mark (`1,234.56`, `1.234,56`).
Repeated, a separator groups thousands (`1.234.567`). A single comma before exactly three digits
groups thousands (`1,200`), otherwise it is a decimal mark (`1,5`, `0,800`). A single dot is a
decimal mark, with one exception: in a *count* without a suffix, a dot before exactly three digits
groups thousands (`1.200` calls are 1200, since nobody plans 1.2 calls to three decimals), and a
note says so. With a suffix the dot is always a decimal mark (`1.200M` is 1.2 million). Spaces,
apostrophes and underscores between groups of three are dropped. Bounds (`<500`, `500+`) are not
read: an upper bound is no central figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

SUFFIXES = {
    "": 1,
    "k": 1000, "thousand": 1000, "tsd": 1000,
    "m": 10**6, "mn": 10**6, "mio": 10**6, "million": 10**6, "millions": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9,
}  # fmt: skip
HOURS_PER = {
    "": Decimal(1), "h": Decimal(1), "hr": Decimal(1), "hrs": Decimal(1), "hour": Decimal(1),
    "hours": Decimal(1), "min": 1 / Decimal(60), "mins": 1 / Decimal(60),
    "minute": 1 / Decimal(60), "minutes": 1 / Decimal(60), "d": Decimal(24),
    "day": Decimal(24), "days": Decimal(24),
}  # fmt: skip
LARGEST = Decimal(10) ** 15  # Beyond any count that is not a slip of the keyboard.

ABOUT = re.compile(r"^(?:~|≈|∼|about|approximately|approx\.?|around|roughly|circa|ca\.?|c\.)\s*")
NUMBER = r"\d+(?:[.,  \u2009\u202f'’_]\d+)*"
ONE = re.compile(rf"^({NUMBER})\s*([a-z]*)$")
SPAN = re.compile(rf"^({NUMBER})\s*([a-z]*)\s*(?:-|–|—|\.\.+|…|to|bis)\s*({NUMBER})\s*([a-z]*)$")
GROUPED = re.compile(r"^\d{1,3}(?:[  \u2009\u202f'’_]\d{3})+(?=$|[.,])")
NOISE = re.compile(r"\s*(?:(?:/|per|a|each)\s*(?:call|request)|tokens?|calls?|requests?|x)$")
RATE = re.compile(r"\s*(?:(?:/|per|a|each)\s*(day|week|sprint)|(daily|weekly))$")
PERIODS = {"daily": "day", "weekly": "week", "sprint": ""}


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number as read. `per` is "day", "week" or ""; `notes` say what reading it decided."""

    value: Decimal
    per: str = ""
    notes: tuple[str, ...] = ()


def read_count(text: str) -> WrittenNumber | None:
    """Read calls, tokens or pieces of hardware; None when it is no number of 0 or more."""
    rest, about = _without_about(text)
    rest, per = _without_rate(rest)
    return _span_or_one(text, rest, SUFFIXES, about, per=per, is_count=True)


def read_hours(text: str) -> WrittenNumber | None:
    """Read hours of running time; minutes and days are turned into hours."""
    rest, about = _without_about(text)
    return _span_or_one(text, rest, HOURS_PER, about, per="", is_count=False)


def read_share(text: str) -> WrittenNumber | None:
    """Read a share: `80%`, `0.8`, or `80` in percent. A bare 1 is no answer: 1 % or all?"""
    rest, about = _without_about(text)
    if rest in {"none", "no"}:
        return WrittenNumber(Decimal(0))
    percent = "%" in rest or "percent" in rest
    rest = re.sub(r"\s*(?:%|percent)", "", rest).strip()
    read = _span_or_one(text, rest, {"": 1}, about, per="", is_count=False)
    if read is None or read.value > 100 or (read.value == 1 and not percent):
        return None
    if percent:
        return WrittenNumber(read.value / 100, notes=read.notes)
    if read.value < 1:
        return read
    note = f"“{text.strip()}” is read as {read.value.normalize():f} %."
    return WrittenNumber(read.value / 100, notes=(*read.notes, note))


def _without_about(text: str) -> tuple[str, bool]:
    plain = " ".join(text.casefold().split())
    rest = ABOUT.sub("", plain)
    return rest, rest != plain


def _without_rate(text: str) -> tuple[str, str]:
    match = RATE.search(text)
    if match is None:
        return _without_noise(text), ""
    written = match[1] or match[2]
    return _without_noise(text[: match.start()]), PERIODS.get(written, written)


def _without_noise(text: str) -> str:
    while (shorter := NOISE.sub("", text).strip()) != text:
        text = shorter
    return f"0{text}" if re.match(r"\.\d", text) else text


def _span_or_one(
    written: str,
    text: str,
    units: dict[str, int] | dict[str, Decimal],
    about: bool,
    *,
    per: str,
    is_count: bool,
) -> WrittenNumber | None:
    notes = (f"“{written.strip()}” is taken as it stands.",) if about else ()
    if one := ONE.match(text):
        number = _scaled(one[1], one[2], units, is_count)
        if number is None:
            return None
        if is_count and not one[2] and _dot_groups_thousands(one[1]):
            notes = (*notes, f"“{written.strip()}” is read as {number:f}.")
        return WrittenNumber(number, per, notes)
    if span := SPAN.match(text):
        unit = span[4]
        first = _scaled(span[1], span[2] or unit, units, is_count)
        last = _scaled(span[3], unit, units, is_count)
        if first is None or last is None or first > last:
            return None
        middle = (first + last) / 2
        return WrittenNumber(
            middle, per, (f"“{written.strip()}” is taken at its middle, {middle.normalize():f}.",)
        )
    return None


def _scaled(
    digits: str, unit: str, units: dict[str, int] | dict[str, Decimal], is_count: bool
) -> Decimal | None:
    factor = units.get(unit)
    plain = _plain_decimal(digits, bare_count=is_count and not unit)
    if factor is None or plain is None:
        return None
    number = plain * factor
    return number if number <= LARGEST else None


def _dot_groups_thousands(digits: str) -> bool:
    return re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits) is not None


def _plain_decimal(digits: str, *, bare_count: bool) -> Decimal | None:
    """Turn digits with separators into a Decimal; None when the groups make no sense."""
    if grouped := GROUPED.match(digits):
        digits = re.sub(r"\D", "", grouped[0]) + digits[grouped.end() :]
    if re.fullmatch(r"\d+", digits):
        return Decimal(digits)
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", digits):
        return Decimal(digits.replace(",", ""))
    if re.fullmatch(r"\d{1,3}(\.\d{3}){2,}|\d{1,3}(\.\d{3})+,\d+", digits):
        return Decimal(digits.replace(".", "").replace(",", "."))
    if bare_count and _dot_groups_thousands(digits):
        return Decimal(digits.replace(".", ""))
    if re.fullmatch(r"\d+[.,]\d+", digits):
        return Decimal(digits.replace(",", "."))
    return None
