"""`storymeter carbon explain`: stored figures worked out again from stored inputs."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from integration.journeys.audit_carbon import AuditedEntry

STORY_KEY = re.compile(r"^[A-Za-z][A-Za-z0-9_]+-[0-9]+$")


@click.group()
def carbon() -> None:
    """Energy and emissions: how they were worked out."""


@carbon.command()
@click.argument("event_or_story")
@click.option("--workspace", "workspace_id", default="", help="The only one when left out.")
@click.option("--json", "as_json", is_flag=True)
def explain(event_or_story: str, workspace_id: str, as_json: bool) -> None:
    """Work the cost and carbon of an event or a story out again; exit 1 where a figure differs.

    Each entry is worked out with the prices and factors whose version it names.
    """
    import msgspec

    from integration.assembly import default_books
    from integration.cli.start_up import database
    from integration.cli.workspace_choice import chosen, connected
    from integration.journeys.audit_carbon import audit_event, audit_story

    with database() as settings, connected(settings) as transactions:
        plain = default_books(settings.price_overrides)
        with transactions.begin() as session:
            found_in = chosen(session, workspace_id)
            is_story = STORY_KEY.match(event_or_story)
            name = event_or_story.upper() if is_story else event_or_story
            audit = audit_story if is_story else audit_event
            audited = list(audit(session, found_in, name, plain))
    differing = [each for each in audited if not each.agrees]
    if as_json:
        body = {
            "subject": event_or_story, "entries": [described(each) for each in audited],
            "checked": len(audited), "differing": len(differing), "agrees": not differing,
        }  # fmt: skip
        click.echo(msgspec.json.encode(body))
    else:
        from integration.foundation.wording import environment

        template = environment("cli").get_template("carbon.txt.j2")
        click.echo(
            template.render(
                subject=event_or_story, audited=audited, differing=len(differing)
            ).strip()
        )
    if differing:
        sys.exit(1)


def described(audited: AuditedEntry) -> dict[str, Any]:
    """An audited entry as JSON; figures are integers in the unit their name ends with."""
    entry = audited.entry
    return {
        "entry_id": entry.entry_id,
        "occurred_at": entry.occurred_at,
        "model": entry.model,
        "region": entry.region,
        "calls": entry.calls,
        "input_tokens": entry.input_tokens,
        "cache_read_input_tokens": entry.cache_read_input_tokens,
        "cache_write_input_tokens": entry.cache_write_input_tokens,
        "output_tokens": entry.output_tokens,
        "agrees": audited.agrees,
        "is_available": audited.is_available,
        "figures": {
            each.figure: {"stored": each.stored, "again": each.again, "agrees": each.agrees}
            for each in audited.figures
        },
        "arithmetic": audited.explanation,
        "price_arithmetic": audited.price,
        "made_with": audited.made_with
        and dict(zip(("price_version", "factor_version"), audited.made_with, strict=True)),
    }
