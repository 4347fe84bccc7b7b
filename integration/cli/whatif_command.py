"""`storymeter whatif KEY`: what a story would cost and emit otherwise."""

from __future__ import annotations

from typing import Any

import click


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
    from integration.estimation.whatif import offer_of
    from integration.foundation.clock import clock_from
    from integration.journeys.alternatives import alternatives_of_story

    with database() as settings, connected(settings) as transactions:
        now = clock_from(settings.clock_file).now()
        with transactions.begin() as session:
            found_in = chosen(session, workspace_id)
        books = book_shelf(settings, transactions).for_workspace(found_in)
        with transactions.begin() as session:
            found = alternatives_of_story(session, found_in, story_key.upper(), books, now=now)
    lists: dict[str, Any] = {
        "cheapest": [offer_of(each.alternative) for each in found.cheapest],
        "greenest": [offer_of(each.alternative) for each in found.greenest],
    }
    if as_json:
        body = {"key": found.story_key, "estimate_version": found.version, **lists}
        click.echo(msgspec.json.encode(body))
        return
    from integration.foundation.wording import environment

    template = environment("cli", "words").get_template("whatif.txt.j2")
    click.echo(template.render(found=found, **lists).strip())
