"""`storymeter prices …`: the arithmetic behind a price, and newer price data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from integration.pricing.base_prices import BasePrices
    from integration.pricing.price_book import PriceBook
    from integration.pricing.price_diff import ModelChange

DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])


@click.group()
def prices() -> None:
    """Prices: how they are worked out, and what newer data would change."""


@prices.command()
@click.argument("model")
@click.option("--provider", default="", help="Taken from the model where left out.")
@click.option("--at", type=DAY, default=None, help="UTC day or minute; now when left out.")
@click.option("--input-tokens", type=int, default=1000, show_default=True, help="Cached included.")
@click.option("--output-tokens", type=int, default=1000, show_default=True)
@click.option("--cached", type=int, default=0, help="Input tokens read from cache.")
@click.option("--cache-write", type=int, default=0, help="Input tokens written to cache.")
@click.option("--cache-write-1h", type=int, default=0, help="Of those, kept for an hour.")
@click.option("--reasoning", type=int, default=0, help="Of the output tokens.")
@click.option("--tier", default="standard", show_default=True, help="standard, batch, flex …")
@click.option("--overrides", type=click.Path(path_type=Path), envvar="STORYMETER_PRICE_OVERRIDES")
@click.option("--workspace", "workspace_id", default="", help="Use this workspace's own rows too.")
@click.option("--json", "as_json", is_flag=True)
def explain(
    model: str, at: datetime | None, overrides: Path | None, workspace_id: str, as_json: bool,
    **call: Any,
) -> None:  # fmt: skip
    """Show the price of one call of MODEL line by line."""
    import msgspec

    from integration.pricing.explanation import explain as explained
    from integration.pricing.schedule import Unpriced

    book = _price_book(overrides, workspace_id)
    instant = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    counts = (
        call["input_tokens"], call["output_tokens"], call["cached"], call["cache_write"],
        call["cache_write_1h"], call["reasoning"],
    )  # fmt: skip
    found = explained(
        book, call["provider"] or None, model, instant, counts=counts, service_tier=call["tier"]
    )
    body: dict[str, Any] = {"model": model, "at": instant.isoformat()}
    if isinstance(found, Unpriced):
        body |= {"list": None, "contracted": None, "code": found.code, "reason": found.reason}
        body |= {"closest": book.closest(model)}
    else:
        listed, agreed = found
        body |= {"list": listed, "contracted": agreed}
    body["price_version"] = book.price_version
    if as_json:
        click.echo(msgspec.json.encode(body))
        return
    from integration.foundation.wording import environment

    click.echo(environment("cli").get_template("price.txt.j2").render(body).strip())


@prices.command()
@click.option("--from", "origin", required=True, help="A data.json of genai-prices: path or URL.")
@click.option("--apply", "is_applied", is_flag=True, help="Write the rows to the price file.")
@click.option(
    "--file", type=click.Path(path_type=Path), envvar="STORYMETER_PRICE_OVERRIDES",
    help="The price file; STORYMETER_PRICE_OVERRIDES when left out.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
def update(origin: str, is_applied: bool, file: Path | None, as_json: bool) -> None:
    """Show what newer price data would change; with --apply, add it as dated rows."""
    import msgspec

    from integration.assembly import rows_in
    from integration.foundation.errors import InvalidInput
    from integration.pricing.override_rows import digest_of
    from integration.pricing.price_book import base_prices
    from integration.pricing.price_diff import changes_between, rows_of

    if is_applied and file is None:
        raise InvalidInput("Name the price file: --file, or STORYMETER_PRICE_OVERRIDES")
    newer = _read_data(origin)
    changes = changes_between(base_prices(), newer, datetime.now(UTC).date(), newer.source)
    known = rows_in(file) if file and file.exists() else ()
    fresh = rows_of(changes, known)
    if is_applied and file is not None:
        whole = [*known, *fresh]
        _replace(file, json.dumps(msgspec.to_builtins(whole), indent=1))
        note = f"{len(fresh)} rows were added to {file}, which holds {len(whole)} now"
        note += f" (overrides {digest_of(whole)})."
    else:
        note = f"{len(fresh)} rows would be added; nothing was written."
    if as_json:
        body = {"changes": changes, "rows": fresh, "applied": is_applied, "note": note}
        click.echo(msgspec.json.encode(body))
        return
    _show(changes, note)


def _price_book(overrides: Path | None, workspace_id: str) -> PriceBook:
    from integration.assembly import book_shelf, default_books

    if not workspace_id:
        return default_books(overrides).prices
    from integration.cli.start_up import database
    from integration.cli.workspace_choice import connected

    with database() as settings, connected(settings) as transactions:
        return book_shelf(settings, transactions).for_workspace(workspace_id).prices


def _read_data(origin: str) -> BasePrices:
    from integration.foundation.errors import InvalidInput
    from integration.pricing.base_prices import read_base_prices

    try:
        if origin.startswith(("http://", "https://")):
            import requests

            answer = requests.get(origin, timeout=30)
            answer.raise_for_status()
            raw = answer.content
        else:
            raw = Path(origin).read_bytes()
        name = origin if "://" in origin else Path(origin).name
        source = f"genai-prices data in {name}, read {datetime.now(UTC):%Y-%m-%d}"
        return read_base_prices(raw, source)
    except (OSError, ValueError) as wrong:  # requests' errors are OSErrors.
        raise InvalidInput(f"{origin} cannot be read as price data: {wrong}") from wrong


def _replace(file: Path, content: str) -> None:
    """Write the whole file at once, so that nobody reads half of it."""
    fresh = file.with_suffix(f"{file.suffix}.new")
    fresh.write_text(content + "\n", encoding="utf-8")
    fresh.replace(file)


def _show(changes: list[ModelChange], note: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("seller", "model", "tier", "from", "class", "now $/M", "then $/M", "row")
    for change in changes:
        if change.kind == "gone":
            continue
        can = "yes" if change.row else f"no: {change.why_no_row}"
        for line in change.changes:
            now = "–" if line.before is None else f"{line.before}"
            then = "–" if line.after is None else f"{line.after}"
            table.add_row(
                change.provider_name, change.model, change.service_tier, f"{change.valid_from}",
                line.token_class, now, then, can,
            )  # fmt: skip
    console = Console()
    if table.row_count:
        console.print(table)
    gone = [change for change in changes if change.kind == "gone"]
    if gone:
        console.print(f"{len(gone)} models are in the present data only; they keep their prices.")
    console.print(note)
