"""`storymeter estimate`: tokens, dollars and CO₂e of a planned use, without any workspace."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

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
    from integration.cli.estimate_answer import answer, described
    from integration.cli.served_model import Serving, books_for
    from integration.estimation.workload import Workload

    if sizes["accelerator"] and sizes["gpu_count"] is None:
        sizes["gpu_count"] = Decimal(1)
    workload = Workload(name="workload", provider_name=provider, **sizes)
    serving = Serving(batch_size, served_on, weight_bits, active_b, total_b)
    plain = default_books(overrides)
    served = books_for(plain, provider, workload.model, serving)
    found = answer(workload, served, plain, at.replace(tzinfo=UTC) if at else datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(described(found), ensure_ascii=False))
        return
    from integration.foundation.wording import environment

    template = environment("cli").get_template("estimate.txt.j2")
    click.echo(template.render(answer=found).strip())
