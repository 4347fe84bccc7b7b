"""`storymeter whatif KEY`: what a story would cost and emit otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from integration.estimation.whatif import Alternative
    from integration.estimation.workload import Estimate
    from integration.journeys.alternatives import StoryWhatIf


@click.command()
@click.argument("story_key")
@click.option("--workspace", "workspace_id", default="", help="The only one when left out.")
@click.option("--json", "as_json", is_flag=True)
def whatif(story_key: str, workspace_id: str, as_json: bool) -> None:
    """Show a story's alternatives with their savings and caveats. Nothing is changed."""
    import msgspec

    from integration.assembly import book_shelf
    from integration.cli.start_up import database
    from integration.cli.workspace_choice import chosen, connected
    from integration.foundation.clock import clock_from
    from integration.journeys.alternatives import alternatives_of_story

    with database() as settings, connected(settings) as transactions:
        now = clock_from(settings.clock_file).now()
        with transactions.begin() as session:
            found_in = chosen(session, workspace_id)
        books = book_shelf(settings, transactions).for_workspace(found_in)
        with transactions.begin() as session:
            found = alternatives_of_story(session, found_in, story_key.upper(), books, now=now)
    if as_json:
        click.echo(msgspec.json.encode(_as_json(found)))
        return
    from integration.foundation.wording import environment

    template = environment("cli", "words").get_template("whatif.txt.j2")
    click.echo(template.render(what_if=found).strip())


def _as_json(found: StoryWhatIf) -> dict[str, Any]:
    """Amounts are whole nano-USD and µgCO₂e; a saving is `today` less `would_be`, of the middle."""
    return {
        "key": found.story_key,
        "estimate_version": found.version.version,
        "as_estimated": _figures(found.version.estimate),
        "today": _figures(found.today),
        "cheapest": [_alternative(each) for each in found.found.cheapest],
        "greenest": [_alternative(each) for each in found.found.greenest],
    }


def _alternative(found: Alternative) -> dict[str, Any]:
    from dataclasses import asdict

    from integration.estimation.whatif import offer_of

    return asdict(offer_of(found)) | {"would_be": _figures(found.estimate)}


def _figures(found: Estimate) -> dict[str, Any]:
    return {
        "list_cost_nanousd": found.list_cost_nanousd,
        "location_based_ugco2e": found.location_based_ugco2e,
    }
