"""`storymeter estimate`: tokens, dollars and CO₂e of a planned use, without any workspace."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.estimation.workload import Estimate, Workload
    from integration.journeys.books import Books

POSITIVE = click.IntRange(min=1)
KINDS = ("chat", "summary", "embedding", "agent", "batch", "training", "other")


@click.command()
@click.option("--model", default="", help="As a provider, a gateway or Hugging Face names it.")
@click.option("--provider", default="", help="Who sells it; taken from the model where left out.")
@click.option("--kind", type=click.Choice(KINDS), default="other", help="Decides the prior range.")
@click.option("--calls", type=Decimal, default=None)
@click.option("--input-tokens", type=Decimal, default=None, help="Per call, cached ones included.")
@click.option("--output-tokens", type=Decimal, default=None, help="Per call, reasoning included.")
@click.option("--cached-share", type=Decimal, default=None, help="Of the input, 0 to 1.")
@click.option("--tier", "service_tier", default="standard", help="standard, batch, flex …")
@click.option("--region", default="", help="Cloud region, or country by ISO 3166-1 alpha-3.")
@click.option("--gpu", "accelerator", default="", help="Hours on accelerators, such as H100.")
@click.option("--gpu-count", type=Decimal, default=None)
@click.option("--gpu-hours", type=Decimal, default=None, help="Hours each GPU runs.")
@click.option("--batch-size", type=POSITIVE, default=None, help="Open weights: requests at once.")
@click.option("--accelerator", "served_on", default="", help="Open weights: served on, as H100.")
@click.option("--weight-bits", type=POSITIVE, default=None, help="Open weights: 16, 8 or 4.")
@click.option("--active-b", type=float, default=None, help="Billions of active parameters.")
@click.option("--total-b", type=float, default=None, help="Billions of parameters in all.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Prices of that day.")
@click.option("--overrides", type=click.Path(path_type=Path), envvar="STORYMETER_PRICE_OVERRIDES")
@click.option("--json", "as_json", is_flag=True)
def estimate(
    at: datetime | None, overrides: Path | None, as_json: bool, provider: str, served_on: str,
    batch_size: int | None, weight_bits: int | None, active_b: float | None,
    total_b: float | None, **sizes: Any,
) -> None:  # fmt: skip
    """Estimate a planned use: low, central and high of tokens, USD, Wh and kgCO₂e.

    What is not known has no figure, and the answer says why.
    """
    from integration.assembly import default_books
    from integration.cli.served_model import Serving, books_for
    from integration.estimation.workload import Workload

    if sizes["accelerator"] and sizes["gpu_count"] is None:
        sizes["gpu_count"] = Decimal(1)
    workload = Workload(name="workload", provider_name=provider, **sizes)
    serving = Serving(batch_size, served_on, weight_bits, active_b, total_b)
    served = books_for(default_books(overrides), provider, workload.model, serving)
    instant = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    found = _estimated(workload, served.books, instant)
    second = _estimated(workload, served.second, instant) if served.second else None
    if served.note:
        found = replace(found, assumptions=(*found.assumptions, f"{served.note}."))
    method = _energy_method(workload, served.books)
    second_method = _energy_method(workload, served.second) if served.second else ""
    if as_json:
        body = described(found) | {"at": instant.date().isoformat(), "energy_method": method}
        body["second_opinion"] = second and _opinion(second, second_method)
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    from integration.foundation.wording import environment

    template = environment("cli").get_template("estimate.txt.j2")
    click.echo(
        template.render(
            estimate=found, energy_method=method, second=second, second_method=second_method
        ).strip()
    )


def _estimated(workload: Workload, books: Books, at: datetime) -> Estimate:
    from integration.estimation.forecast import estimate as forecast

    return forecast([workload], at=at, price_book=books.prices, carbon_book=books.carbon)


def _energy_method(workload: Workload, books: Books) -> str | None:
    """How the energy was found; None where there is none."""
    from integration.carbon.footprint import Footprint

    region = workload.region or None
    if workload.runs_on_accelerators:
        found = books.carbon.gpu_footprint(workload.accelerator, 1, 1.0, region)
        return found.basis.method if isinstance(found, Footprint) else None
    resolved = books.carbon.resolve(workload.provider_name or None, workload.model, region)
    basis = getattr(resolved, "basis", None)
    return basis.method if basis else None


def described(found: Estimate) -> dict[str, Any]:
    """An estimate as JSON; amounts are Decimal strings, None is unknown and `missing` says why."""
    from integration.foundation.money import usd
    from integration.foundation.quantities import kgco2e, wh

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


def _opinion(found: Estimate, method: str | None) -> dict[str, Any]:
    whole = described(found)
    names = ("energy_wh", "location_based_kgco2e", "assumptions", "factor_sources")
    return {"energy_method": method} | {name: whole[name] for name in names}


def _spread(amounts: Any, unit: Callable[[int], Decimal]) -> dict[str, str] | None:
    ends = ("low", "central", "high")
    return amounts and {end: f"{unit(getattr(amounts, end)):f}" for end in ends}
