"""What is written into a story: the values of our fields, and of the issue property."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

from integration.foundation.money import usd
from integration.foundation.quantities import kgco2e
from integration.foundation.wording import environment
from integration.jira import times
from integration.jira.field_catalogue import PLAN_FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from integration.estimation.advice import Advice
    from integration.estimation.change import EstimateChange
    from integration.estimation.workload import Estimate, Missing, Range
    from integration.reports.cap_shapes import PlanNote

    Unit = Callable[[int], Decimal]

PROPERTY_KEY = "storymeter"
"""The issue property that carries the same figures, exact, for projects without our fields."""

KEPT = "kept"
"""Stands for a value that is not written."""
TEXT_LIMIT = 255
SIX_DIGITS = Context(prec=6, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Actual:
    """What a story has used so far; None where it cannot be said, such as unpriced calls only."""

    tokens: int | None
    list_cost_nanousd: int | None
    energy_uwh: int | None
    location_based_ugco2e: int | None


@dataclass(frozen=True, slots=True)
class StoryFigures:
    """All that a story's fields, property and comment say; None is unknown and clears."""

    as_of: datetime
    estimate: Estimate | None = None
    actual: Actual | None = None
    variance_pct: Decimal | None = None
    """100 × (actual − central estimate) / central estimate, of list cost."""
    workload_class: str | None = None
    """As people chose it."""
    estimate_version: int = 0
    change: EstimateChange | None = None
    """Against the version before; None for the first one."""
    advice: Advice | None = None
    plan: PlanNote | None = None
    """What the comment says of a plan that the story makes too large."""
    plan_flag: str | None = KEPT
    """`over`, `at_risk`, None to clear it; KEPT leaves the field as it is."""


def story_values(figures: StoryFigures, field_ids: Mapping[str, str]) -> dict[str, Any]:
    """Return the `fields` of an update: Jira's field id to value, for the fields that exist there.

    Numbers are rounded to 6 significant digits, because Jira keeps doubles; None clears.
    """
    values: dict[str, Any] = {
        name: None if number is None else six_digits(number)
        for name, number in _exact_numbers(figures).items()
    }
    values["figures_as_of"] = times.wire(figures.as_of)
    values["inputs_missing"] = inputs_missing(figures.estimate.missing if figures.estimate else ())
    if figures.plan_flag != KEPT:
        flag = figures.plan_flag
        values["plan_flag"] = {"value": PLAN_FLAGS[flag]} if flag else None
    return {field_ids[name]: value for name, value in values.items() if name in field_ids}


def property_value(figures: StoryFigures) -> dict[str, Any]:
    """Return the value of the issue property: same names, exact decimal strings."""
    estimate = figures.estimate
    numbers = _exact_numbers(figures)
    return {
        "schema": 1,
        **{name: None if number is None else str(number) for name, number in numbers.items()},
        "workload_class": figures.workload_class,
        "figures_as_of": figures.as_of.isoformat(),
        "inputs_missing": [
            {"workload": one.workload, "field": one.field, "reason": one.reason}
            for one in (estimate.missing if estimate else ())
        ],
        "versions": {
            "method": estimate.method_version,
            "prices": estimate.price_version,
            "factors": estimate.factor_version,
        }
        if estimate
        else None,
    }


def six_digits(number: Decimal) -> float:
    """Round to 6 significant digits, half to even.

    >>> six_digits(Decimal("1234567.89")), six_digits(Decimal("0.1")), six_digits(Decimal(0))
    (1234570.0, 0.1, 0.0)
    """
    return float(SIX_DIGITS.plus(number))


def inputs_missing(missing: Iterable[Missing]) -> str | None:
    """Word what is missing in one line of at most 255 characters; None when nothing is."""
    named = [one for one in missing if one.field or one.workload]
    if not named:
        return None
    line = environment("jira").get_template("inputs_missing.txt.j2").render(missing=named)
    words = " ".join(line.split())
    return words if len(words) <= TEXT_LIMIT else words[: TEXT_LIMIT - 1].rstrip() + "…"


def _exact_numbers(figures: StoryFigures) -> dict[str, Decimal | None]:
    estimate, actual = figures.estimate, figures.actual
    tokens = estimate.tokens if estimate else None
    cost = estimate.list_cost_nanousd if estimate else None
    emissions = estimate.location_based_ugco2e if estimate else None
    used = actual or Actual(None, None, None, None)
    return {
        **_spread("estimated_tokens", tokens, Decimal),
        **_spread("estimated_cost_usd", cost, usd),
        **_spread("estimated_kgco2e", emissions, kgco2e),
        "actual_tokens": _convert(used.tokens, Decimal),
        "actual_cost_usd": _convert(used.list_cost_nanousd, usd),
        "actual_kgco2e": _convert(used.location_based_ugco2e, kgco2e),
        "variance_pct": figures.variance_pct,
    }


def _spread(name: str, spread: Range | None, unit: Unit) -> dict[str, Decimal | None]:
    ends = (spread.low, spread.central, spread.high) if spread else (None, None, None)
    names = (f"{name}_low", name, f"{name}_high")
    return {named: _convert(end, unit) for named, end in zip(names, ends, strict=True)}


def _convert(amount: int | None, unit: Unit) -> Decimal | None:
    return None if amount is None else unit(amount)
