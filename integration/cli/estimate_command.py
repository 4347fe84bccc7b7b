"""`storymeter estimate`: tokens, dollars and CO₂e of a planned use, without any workspace."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from integration.estimation.workload import Estimate


@click.command()
@click.option("--model", default="")
@click.option("--provider", default="")
@click.option("--calls", type=Decimal, default=None)
@click.option("--input-tokens", type=Decimal, default=None, help="Per call, cached ones included.")
@click.option("--output-tokens", type=Decimal, default=None, help="Per call, reasoning included.")
@click.option("--cached-share", type=Decimal, default=None, help="0 to 1.")
@click.option("--region", default="")
@click.option("--gpu", "accelerator", default="")
@click.option("--gpu-count", type=Decimal, default=None)
@click.option("--gpu-hours", type=Decimal, default=None, help="Hours each GPU runs.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Prices of that day.")
@click.option("--json", "as_json", is_flag=True)
def estimate(at: datetime | None, as_json: bool, **sizes: Any) -> None:
    """Estimate a planned use: low, central and high of tokens, USD, Wh and kgCO₂e."""
    from integration.assembly import default_books
    from integration.estimation.forecast import estimate as forecast
    from integration.estimation.workload import Workload

    books = default_books()
    if sizes["accelerator"] and sizes["gpu_count"] is None:
        sizes["gpu_count"] = Decimal(1)
    provider = sizes.pop("provider")
    workload = Workload(name="workload", provider_name=provider, **sizes)
    found = forecast(
        [workload],
        at=at.replace(tzinfo=UTC) if at else datetime.now(UTC),
        price_book=books.prices,
        carbon_book=books.carbon,
    )
    body = described(found)
    if as_json:
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    from integration.foundation.wording import environment

    click.echo(environment("cli").get_template("estimate.txt.j2").render(estimate=found).strip())


def described(found: Estimate) -> dict[str, Any]:
    """An estimate as JSON; amounts are Decimal strings, None is unknown and `missing` says why."""
    from integration.foundation.money import usd
    from integration.foundation.quantities import kgco2e, wh

    def spread(name: str, unit: Any) -> dict[str, str] | None:
        amounts = getattr(found, name)
        ends = ("low", "central", "high")
        return amounts and {end: f"{unit(getattr(amounts, end)):f}" for end in ends}

    return {
        "tokens": spread("tokens", Decimal),
        "list_cost_usd": spread("list_cost_nanousd", usd),
        "energy_wh": spread("energy_uwh", wh),
        "location_based_kgco2e": spread("location_based_ugco2e", kgco2e),
        "market_based_kgco2e": spread("market_based_ugco2e", kgco2e),
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
