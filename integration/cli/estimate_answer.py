"""What `storymeter estimate` answers: the figures, how they came about, and what stands beside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from integration.carbon.footprint import Footprint
from integration.estimation.forecast import estimate as forecast
from integration.foundation.money import usd
from integration.foundation.quantities import kgco2e, wh

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from integration.cli.served_model import ServedBooks
    from integration.estimation.workload import Estimate, Workload
    from integration.journeys.books import Books


@dataclass(frozen=True, slots=True)
class Opinion:
    """One estimate and how its energy was found; None where there is none."""

    estimate: Estimate
    energy_method: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The estimate and what stands beside it, never mixed with it.

    `second` is the same use by another method. `by_token` is what the calls would be when bought by
    the token: only where hours on accelerators give the figures and calls are planned too.
    """

    at: datetime
    cost_basis: Literal["accelerator_hours", "tokens"]
    main: Opinion
    second: Opinion | None = None
    by_token: Opinion | None = None


def answer(workload: Workload, served: ServedBooks, plain: Books, at: datetime) -> Answer:
    """Estimate a workload at the prices of an instant."""
    main = _opinion(workload, served.books, at)
    if served.note:
        noted = (*main.estimate.assumptions, f"{served.note}.")
        main = replace(main, estimate=replace(main.estimate, assumptions=noted))
    if workload.runs_on_accelerators:
        by_token = None
        if workload.model and workload.calls_a_model:
            unserved = replace(workload, accelerator="", gpu_count=None, gpu_hours=None)
            by_token = _opinion(unserved, plain, at)
        return Answer(at, "accelerator_hours", main, by_token=by_token)
    second = _opinion(workload, served.second, at) if served.second else None
    return Answer(at, "tokens", main, second)


def described(found: Answer) -> dict[str, Any]:
    """An answer as JSON; amounts are Decimal strings, None is unknown and `missing` says why."""
    figures = ("list_cost_usd", "energy_wh", "location_based_kgco2e", "assumptions", "missing")
    methods = ("energy_wh", "location_based_kgco2e", "assumptions", "factor_sources")
    return {
        **_estimate(found.main.estimate),
        "at": found.at.date().isoformat(),
        "energy_method": found.main.energy_method,
        "cost_basis": found.cost_basis,
        "second_opinion": found.second and _part(found.second, methods),
        "by_token": found.by_token and _part(found.by_token, figures),
    }


def _opinion(workload: Workload, books: Books, at: datetime) -> Opinion:
    estimate = forecast([workload], at=at, price_book=books.prices, carbon_book=books.carbon)
    return Opinion(estimate, _energy_method(workload, books))


def _energy_method(workload: Workload, books: Books) -> str | None:
    region = workload.region or None
    if workload.runs_on_accelerators:
        found = books.carbon.gpu_footprint(workload.accelerator, 1, 1.0, region)
        return found.basis.method if isinstance(found, Footprint) else None
    resolved = books.carbon.resolve(workload.provider_name or None, workload.model, region)
    basis = getattr(resolved, "basis", None)
    return basis.method if basis else None


def _part(opinion: Opinion, names: tuple[str, ...]) -> dict[str, Any]:
    whole = _estimate(opinion.estimate)
    return {"energy_method": opinion.energy_method} | {name: whole[name] for name in names}


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "tokens": _spread(found.tokens, Decimal),
        "list_cost_usd": _spread(found.list_cost_nanousd, usd),
        "energy_wh": _spread(found.energy_uwh, wh),
        "location_based_kgco2e": _spread(found.location_based_ugco2e, kgco2e),
        "market_based_kgco2e": _spread(found.market_based_ugco2e, kgco2e),
        "coverage_pct": str(found.coverage_pct),
        "tier": found.factor_tier,
        "method_version": found.method_version,
        "price_version": found.price_version,
        "factor_version": found.factor_version,
        "factor_sources": list(found.factor_sources),
        "assumptions": list(found.assumptions),
        "missing": [
            {"workload": each.workload, "field": each.field, "reason": each.reason}
            for each in found.missing
        ],
    }


def _spread(amounts: Any, unit: Callable[[int], Decimal]) -> dict[str, str] | None:
    ends = ("low", "central", "high")
    return amounts and {end: f"{unit(getattr(amounts, end)):f}" for end in ends}
