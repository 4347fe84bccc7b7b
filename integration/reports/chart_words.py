"""What charts say and how they write figures: a workspace's own words, in its language."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from integration.foundation.worded_figures import Figures
from integration.foundation.wording import ENGLISH, Wordings

if TYPE_CHECKING:
    from integration.reports.chart_look import Spec

DAYS_FROM_SUNDAY = (6, 0, 1, 2, 3, 4, 5)
MONTHS = range(1, 13)
OF_A_DATE = {"d": "%-d", "MMM": "%b", "LLL": "%b", "M": "%-m", "L": "%-m"}
"""Unicode's fields of a day and month, as charts (d3-time-format) name them."""


@dataclass(frozen=True, slots=True)
class ChartWords:
    """The texts of `templates/words/charts.json.j2`, and the locale of all figures."""

    locale: str
    burn_up: str
    burn_up_against_cap: str
    cap: str
    forecast_note: str
    nothing_spent: str
    stories: str
    stories_note: str
    no_stories: str
    more: str
    within: str
    above: str
    below: str
    no_estimate: str

    @property
    def figures(self) -> Figures:
        """What words a figure beside a mark."""
        return Figures(self.locale)

    def of_more(self, shown: int, every: int) -> str:
        """Say how many of all stories are shown."""
        return self.more.format(shown=shown, all=every)


def chart_words(wordings: Wordings, workspace_id: str, locale: str) -> ChartWords:
    """Return a workspace's own words for charts, else ours."""
    wording = wordings.of(workspace_id, locale, "words")
    return wording.render("charts.json.j2", partial(_read, locale))


@cache
def english() -> ChartWords:
    """Return our own words."""
    return chart_words(Wordings(), "", ENGLISH)


def _read(locale: str, written: str) -> ChartWords:
    """Read the texts; raises whatever is wrong with them, so that ours are used instead."""
    found: dict[str, str] = json.loads(written)
    words = ChartWords(locale, **{name: " ".join(text.split()) for name, text in found.items()})
    words.of_more(1, 2)
    return words


@cache
def axis_locale(locale: str) -> Spec:
    """Return how axes write numbers, money and days, as Vega-Lite's `config.locale` takes it."""
    from babel import Locale
    from babel.numbers import get_decimal_symbol, get_group_symbol

    known = Locale.parse(locale)
    first, further = known.currency_formats["standard"].grouping
    before, after = re.split(r"[0-9].*[0-9]", Figures(locale).usd(10**9), maxsplit=1)
    names = {width: _names(known, width) for width in ("wide", "abbreviated")}
    return {
        "number": {
            "decimal": get_decimal_symbol(known), "thousands": get_group_symbol(known),
            "grouping": [first] + [further] * 5, "currency": [before, after],
        },
        "time": {
            "dateTime": "%x, %X", "date": "%-d %b %Y", "time": "%H:%M", "periods": ["AM", "PM"],
            "days": names["wide"][0], "shortDays": names["abbreviated"][0],
            "months": names["wide"][1], "shortMonths": names["abbreviated"][1],
        },
    }  # fmt: skip


@cache
def day_format(locale: str) -> str:
    """Return how axes write a day and its month.

    >>> day_format("en_US"), day_format("de_DE"), day_format("ja_JP")
    ('%-d %b', '%-d. %b', '%-m月%-d日')
    """
    from babel import Locale

    known = Locale.parse(locale)
    if known.language == "en":  # As `Figures.day` does.
        return "%-d %b"
    pattern = known.datetime_skeletons["MMMd"].pattern
    pieces = re.findall(r"'([^']*)'|([A-Za-z]+)|([^'A-Za-z]+)", pattern)
    return "".join(
        (quoted or between).replace("%", "%%") + OF_A_DATE.get(field, field and "%b")
        for quoted, field, between in pieces
    )


def _names(known: Any, width: str) -> tuple[list[str], list[str]]:
    """Days from Sunday on, and months, as they stand within a date."""
    days, months = known.days["format"][width], known.months["format"][width]
    return [days[day] for day in DAYS_FROM_SUNDAY], [months[month] for month in MONTHS]
