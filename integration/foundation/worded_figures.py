"""The one place where numbers are rounded for people, and written as their language writes them.

Numbers come unrounded, in the integer units they are stored in; None is unknown and is worded,
never shown as 0. Digits, separators, currency and dates follow the locale (Unicode's CLDR, by
Babel, which is loaded when the first figure is worded). The few words come from
`templates/words/figures.json`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from integration.foundation.scales import ENERGY, MASS, ROUNDING, TOKENS, scaled, significant
from integration.foundation.worded_dates import Dates

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.foundation.scales import Units


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


@dataclass(frozen=True)
class Figures(Dates):
    """Words figures in one language. `locale` is a name such as `en_US` or `de_DE`.

    >>> Figures("de_DE").usd(1_234_500_000_000).replace("\\xa0", " "), Figures("de_DE").pct(4.25)
    ('1.234,50 $', '4,3 %')
    """

    def usd(self, amount_nanousd: int | None, unknown: str | None = None) -> str:
        """Word nano-USD: whole cents from a dollar up, two significant digits below.

        >>> usd = Figures().usd
        >>> usd(1_234_500_000_000), usd(45_400_000), usd(9_000_000), usd(0), usd(-1_005_000_000)
        ('$1,234.50', '$0.045', '<$0.01', '$0.00', '-$1.01')
        >>> usd(995_000_000), usd(99_600_000), usd(None)
        ('$1.00', '$0.10', 'not estimated')
        """
        if amount_nanousd is None:
            return self._word("not_estimated", unknown)
        amount = Decimal(amount_nanousd).scaleb(-9)
        size = abs(amount)
        if 0 < size < Decimal("0.01"):
            return ("-" if amount < 0 else "") + "<" + self._dollars(Decimal("0.01"))
        if 0 < size < Decimal("0.1"):
            return self._dollars(
                significant(amount, 2), places=3 if size < Decimal("0.0995") else 2
            )
        return self._dollars(amount.quantize(Decimal("0.01"), ROUNDING))

    def usd_change(self, amount_nanousd: int | None, unknown: str | None = None) -> str:
        """Word a difference in nano-USD with its sign.

        >>> change = Figures().usd_change
        >>> change(1_200_000_000), change(-1_200_000_000), change(0)
        ('+$1.20', '-$1.20', '$0.00')
        """
        if amount_nanousd is None:
            return self._word("unknown", unknown)
        return ("+" if amount_nanousd > 0 else "") + self.usd(amount_nanousd)

    def tokens(self, count: int | None, unknown: str | None = None) -> str:
        """Word a number of tokens: in full below a million, else one decimal.

        >>> tokens = Figures().tokens
        >>> tokens(34_500), tokens(1_234_567), tokens(999_960_000), tokens(250_000_000), tokens(0)
        ('34,500', '1.2 M', '1.0 B', '250 M', '0')
        """
        if count is None:
            return self._word("not_estimated", unknown)
        if count < 0:
            return "-" + self.tokens(-count)
        return self.count(count) if count < 10**6 else self._scaled(count, TOKENS)

    def rough_tokens(self, count: int, unknown: str | None = None) -> str:
        """Word an estimated number of tokens: two significant digits, as one knows no more.

        >>> rough = Figures().rough_tokens
        >>> rough(582_970), rough(1_312_400), rough(7)
        ('580,000', '1.3 M', '7')
        """
        return self.tokens(int(significant(Decimal(count), 2)) if count >= 100 else count, unknown)

    def number(self, value: Decimal | float | None, unknown: str | None = None) -> str:
        """Word a number as it is, without zeros at the end.

        >>> number = Figures().number
        >>> number(Decimal("2800.0")), number(Decimal("0.5")), number(12000), number(None)
        ('2,800', '0.5', '12,000', 'unknown')
        """
        if value is None:
            return self._word("unknown", unknown)
        exact = Decimal(str(value)).normalize()
        exponent = exact.as_tuple().exponent
        return self._number(exact, max(0, -exponent) if isinstance(exponent, int) else 0)

    def count(self, number: int) -> str:
        """Word a whole number.

        >>> Figures().count(1_234), Figures("de_DE").count(1_234)
        ('1,234', '1.234')
        """
        return self._number(Decimal(number), 0)

    def decimal(self, number: float | Decimal, places: int = 1) -> str:
        """Word a number with so many decimals.

        >>> Figures().decimal(1234.56), Figures("de_DE").decimal(0.25, 2)
        ('1,234.6', '0,25')
        """
        exact = Decimal(str(number)).quantize(Decimal(1).scaleb(-places), ROUNDING)
        return self._number(exact, places)

    def co2e(self, emissions_ugco2e: int | None, unknown: str | None = None) -> str:
        """Word µgCO₂e with two significant figures in the unit that suits.

        >>> co2e = Figures().co2e
        >>> co2e(3_400_000_000), co2e(123_000_000), co2e(45_000), co2e(999_600_000), co2e(400)
        ('3.4 kg', '120 g', '45 mg', '1.0 kg', '<1 mg')
        >>> co2e(0)
        '0 g'
        """
        return self._quantity(emissions_ugco2e, MASS, "g", unknown)

    def energy(self, amount_uwh: int | None, unknown: str | None = None) -> str:
        """Word µWh with two significant figures in the unit that suits.

        >>> energy = Figures().energy
        >>> energy(1_234_000_000), energy(56_000_000), energy(7_800), energy(2_000_000_000_000)
        ('1.2 kWh', '56 Wh', '7.8 mWh', '2.0 MWh')
        """
        return self._quantity(amount_uwh, ENERGY, "Wh", unknown)

    def pct(self, share_pct: float | Decimal | None, unknown: str | None = None) -> str:
        """Word a percentage: one decimal below ten, whole above.

        >>> pct = Figures().pct
        >>> pct(48.4), pct(4.25), pct(Decimal("-12.5")), pct(100), pct(0), pct(None)
        ('48 %', '4.3 %', '-13 %', '100 %', '0 %', 'unknown')
        """
        if share_pct is None:
            return self._word("unknown", unknown)
        share = Decimal(str(share_pct))
        return f"{self.decimal(share, 1 if 0 < abs(share) < 10 else 0)} %"

    def pct_change(self, change_pct: float | Decimal | None, unknown: str | None = None) -> str:
        """Word a percentage with its sign.

        >>> Figures().pct_change(48.4), Figures().pct_change(-7.5), Figures().pct_change(0)
        ('+48 %', '-7.5 %', '0 %')
        """
        if change_pct is None:
            return self._word("unknown", unknown)
        return ("+" if change_pct > 0 else "") + self.pct(change_pct)

    def range_of(self, word: Callable[[int], str]) -> Callable[[Spread | None, str | None], str]:
        """Make the filter that words a spread from the filter that words one number.

        >>> class Cost: low, central, high = 10**9, 2 * 10**9, 4 * 10**9
        >>> Figures().range_of(Figures().usd)(Cost)
        '$2.00 ($1.00 to $4.00)'
        """

        def worded(spread: Spread | None, unknown: str | None = None) -> str:
            if spread is None:
                return self._word("not_estimated", unknown)
            low, central, high = word(spread.low), word(spread.central), word(spread.high)
            if low == high == central:
                return central
            return self._word("range").format(low=low, central=central, high=high)

        return worded

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by the names that templates use."""
        return {
            **{name: getattr(self, name) for name in FILTERS},
            "usd_range": self.range_of(self.usd),
            "tokens_range": self.range_of(self.rough_tokens),
            "co2e_range": self.range_of(self.co2e),
            "energy_range": self.range_of(self.energy),
        }

    def _dollars(self, amount: Decimal, places: int = 2) -> str:
        from babel.numbers import format_currency

        pattern = self._babel.currency_formats["standard"].pattern
        return format_currency(
            amount, "USD", pattern.replace("0.00", "0." + "0" * places), locale=self._babel,
            currency_digits=False,
        )  # fmt: skip

    def _number(self, number: Decimal, places: int) -> str:
        from babel.numbers import format_decimal

        pattern = "#,##0" + ("." + "0" * places if places else "")
        return format_decimal(number, format=pattern, locale=self._babel)

    def _quantity(self, amount: int | None, units: Units, base: str, unknown: str | None) -> str:
        if amount is None:
            return self._word("not_estimated", unknown)
        if amount == 0:
            return f"0 {base}"
        if amount < 0:
            return "-" + self._quantity(-amount, units, base, unknown)
        size, name = units[-1]
        return f"<1 {name}" if amount < size else self._scaled(amount, units)

    def _scaled(self, amount: int, units: Units) -> str:
        number, name = scaled(amount, units)
        return f"{self.decimal(number, 0 if number >= 10 else 1)} {name}"


FILTERS = (
    "usd", "usd_change", "tokens", "number", "count", "decimal", "co2e", "energy", "pct",
    "pct_change",
    "day", "weekday", "moment",
)  # fmt: skip


def is_locale(name: str) -> bool:
    """Tell whether figures can be written as this locale writes them.

    >>> is_locale("de_CH"), is_locale("klingon")
    (True, False)
    """
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(name)
    except (ValueError, UnknownLocaleError):
        return False
    return True
