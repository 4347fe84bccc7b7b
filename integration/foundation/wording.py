"""Templates and the one set of filters that round numbers for people.

Numbers reach a template unrounded, in the integer units they are stored in; None is unknown and
is worded, never shown as 0.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOT_ESTIMATED = "not estimated"
UNKNOWN = "unknown"
ROUNDING = ROUND_HALF_UP
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

TOKEN_UNITS = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"))
MASS_UNITS = (
    (Decimal(10) ** 12, "t"),
    (Decimal(10) ** 9, "kg"),
    (Decimal(10) ** 6, "g"),
    (Decimal(10) ** 3, "mg"),
)
ENERGY_UNITS = (
    (Decimal(10) ** 12, "MWh"),
    (Decimal(10) ** 9, "kWh"),
    (Decimal(10) ** 6, "Wh"),
    (Decimal(10) ** 3, "mWh"),
)


class Spread(Protocol):
    """Anything with a low, central and high value in one integer unit."""

    @property
    def low(self) -> int:
        """The P10."""

    @property
    def central(self) -> int:
        """The P50."""

    @property
    def high(self) -> int:
        """The P90."""


def usd(amount_nanousd: int | None, unknown: str = NOT_ESTIMATED) -> str:
    """Word nano-USD: whole cents from a dollar up, two significant digits below.

    >>> usd(1_234_500_000_000), usd(45_400_000), usd(9_000_000), usd(0), usd(-1_005_000_000)
    ('$1,234.50', '$0.045', '<$0.01', '$0.00', '-$1.01')
    >>> usd(995_000_000), usd(99_600_000), usd(None)
    ('$1.00', '$0.10', 'not estimated')
    """
    if amount_nanousd is None:
        return unknown
    if amount_nanousd < 0:
        return "-" + usd(-amount_nanousd)
    amount = Decimal(amount_nanousd).scaleb(-9)
    if 0 < amount < Decimal("0.01"):
        return "<$0.01"
    if 0 < amount < Decimal("0.1"):
        rounded = _significant(amount, 2)
        return f"${rounded}" if rounded < Decimal("0.1") else f"${rounded:.2f}"
    return f"${amount.quantize(Decimal('0.01'), ROUNDING):,}"


def usd_change(amount_nanousd: int | None, unknown: str = UNKNOWN) -> str:
    """Word a difference in nano-USD with its sign.

    >>> usd_change(1_200_000_000), usd_change(-1_200_000_000), usd_change(0)
    ('+$1.20', '-$1.20', '$0.00')
    """
    if amount_nanousd is None:
        return unknown
    return ("+" if amount_nanousd > 0 else "") + usd(amount_nanousd)


def tokens(count: int | None, unknown: str = NOT_ESTIMATED) -> str:
    """Word a number of tokens: in full below a million, else one decimal.

    >>> tokens(34_500), tokens(1_234_567), tokens(999_960_000), tokens(250_000_000), tokens(0)
    ('34,500', '1.2 M', '1.0 B', '250 M', '0')
    """
    if count is None:
        return unknown
    if count < 0:
        return "-" + tokens(-count)
    if count < 10**6:
        return f"{count:,}"
    return _scaled(count, TOKEN_UNITS, digits=2)


def rough_tokens(count: int) -> str:
    """Word an estimated number of tokens: two significant digits, as one knows no more.

    >>> rough_tokens(582_970), rough_tokens(1_312_400), rough_tokens(7)
    ('580,000', '1.3 M', '7')
    """
    return tokens(int(_significant(Decimal(count), 2)) if count >= 100 else count)


def number(value: Decimal | float | None, unknown: str = UNKNOWN) -> str:
    """Word a number as it is, without zeros at the end.

    >>> number(Decimal("2800.0")), number(Decimal("0.5")), number(12000), number(None)
    ('2,800', '0.5', '12,000', 'unknown')
    """
    if value is None:
        return unknown
    exact = Decimal(str(value))
    return f"{exact.normalize():,f}" if exact else "0"


def co2e(emissions_ugco2e: int | None, unknown: str = NOT_ESTIMATED) -> str:
    """Word µgCO₂e with two significant figures in the unit that suits.

    >>> co2e(3_400_000_000), co2e(123_000_000), co2e(45_000), co2e(999_600_000), co2e(400), co2e(0)
    ('3.4 kg', '120 g', '45 mg', '1.0 kg', '<1 mg', '0 g')
    """
    return _quantity(emissions_ugco2e, MASS_UNITS, zero="0 g", tiny="<1 mg", unknown=unknown)


def energy(amount_uwh: int | None, unknown: str = NOT_ESTIMATED) -> str:
    """Word µWh with two significant figures in the unit that suits.

    >>> energy(1_234_000_000), energy(56_000_000), energy(7_800), energy(2_000_000_000_000)
    ('1.2 kWh', '56 Wh', '7.8 mWh', '2.0 MWh')
    """
    return _quantity(amount_uwh, ENERGY_UNITS, zero="0 Wh", tiny="<1 mWh", unknown=unknown)


def pct(share_pct: float | Decimal | None, unknown: str = UNKNOWN) -> str:
    """Word a percentage: one decimal below ten, whole above.

    >>> pct(48.4), pct(4.25), pct(Decimal("-12.5")), pct(100), pct(0), pct(None)
    ('48 %', '4.3 %', '-13 %', '100 %', '0 %', 'unknown')
    """
    if share_pct is None:
        return unknown
    share = Decimal(str(share_pct))
    places = Decimal("0.1") if 0 < abs(share) < 10 else Decimal(1)
    return f"{share.quantize(places, ROUNDING):,} %"


def pct_change(change_pct: float | Decimal | None, unknown: str = UNKNOWN) -> str:
    """Word a percentage with its sign.

    >>> pct_change(48.4), pct_change(-7.5), pct_change(0)
    ('+48 %', '-7.5 %', '0 %')
    """
    if change_pct is None:
        return unknown
    return ("+" if change_pct > 0 else "") + pct(change_pct)


def day(when: date | datetime | None, zone: str = "UTC", unknown: str = UNKNOWN) -> str:
    """Word a day; an instant is first put into the IANA time zone.

    >>> day(date(2026, 11, 3))
    '3 Nov 2026'
    """
    if when is None:
        return unknown
    local = _local(when, zone) if isinstance(when, datetime) else when
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}"


def moment(when: datetime | None, zone: str = "UTC", unknown: str = UNKNOWN) -> str:
    """Word an aware instant to the minute in the IANA time zone.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 3, 14, 5, tzinfo=UTC), "Europe/Berlin")
    '3 Nov 2026, 15:05 CET'
    """
    if when is None:
        return unknown
    local = _local(when, zone)
    return f"{day(local, zone)}, {local:%H:%M} {local.tzname()}"


def range_of(word: Callable[[int], str]) -> Callable[[Spread | None, str], str]:
    """Make the filter that words a spread from the filter that words one number.

    >>> class Cost: low, central, high = 10**9, 2 * 10**9, 4 * 10**9
    >>> range_of(usd)(Cost)
    '$2.00 ($1.00 to $4.00)'
    """

    def words(spread: Spread | None, unknown: str = NOT_ESTIMATED) -> str:
        if spread is None:
            return unknown
        low, central, high = word(spread.low), word(spread.central), word(spread.high)
        return central if low == high == central else f"{central} ({low} to {high})"

    return words


FILTERS: dict[str, Callable[..., str]] = {
    "usd": usd,
    "usd_change": usd_change,
    "tokens": tokens,
    "number": number,
    "co2e": co2e,
    "energy": energy,
    "pct": pct,
    "pct_change": pct_change,
    "day": day,
    "moment": moment,
    "usd_range": range_of(usd),
    "tokens_range": range_of(rough_tokens),
    "co2e_range": range_of(co2e),
    "energy_range": range_of(energy),
}


@cache
def templates_folder() -> Path:
    """Return where the templates are: inside an installed package, else beside it in the source."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_data" / "templates"
    return packed if packed.is_dir() else package.parent / "templates"


@cache
def environment(*folders: str) -> Environment:
    """Return the templates of these folders, looked through in order; without any, of all folders.

    Undefined names are errors. HTML is escaped; JSON templates write texts with `tojson`.
    """
    root = templates_folder()
    made = Environment(
        loader=FileSystemLoader([root / folder for folder in folders] or [root]),
        autoescape=select_autoescape(
            ("html", "html.j2", "svg", "svg.j2", "xml", "xml.j2"), default_for_string=False
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters.update(FILTERS)
    return made


def _local(when: datetime, zone: str) -> datetime:
    if when.tzinfo is None:
        message = f"an instant needs a time zone: {when.isoformat()}"
        raise ValueError(message)
    return when.astimezone(ZoneInfo(zone))


def _significant(number: Decimal, digits: int) -> Decimal:
    """Round to so many significant digits, half up, without an exponent."""
    return number.quantize(Decimal(1).scaleb(number.adjusted() - digits + 1), ROUNDING)


def _quantity(
    amount: int | None,
    units: Sequence[tuple[Decimal, str]],
    *,
    zero: str,
    tiny: str,
    unknown: str,
) -> str:
    if amount is None:
        return unknown
    if amount == 0:
        return zero
    if amount < 0:
        return "-" + _quantity(-amount, units, zero=zero, tiny=tiny, unknown=unknown)
    return tiny if amount < units[-1][0] else _scaled(amount, units, digits=2)


def _scaled(amount: int, units: Sequence[tuple[Decimal, str]], digits: int) -> str:
    """Round first and choose the unit after, so that 999.6 g is 1.0 kg."""
    rounded = _significant(Decimal(amount), digits)
    size, name = next((unit for unit in units if rounded >= unit[0]), units[-1])
    scaled = rounded / size
    places = 0 if scaled >= 10 else 1
    return f"{scaled:,.{places}f} {name}"
