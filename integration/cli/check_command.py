"""`storymeter usage check`: what metrics told in sum against the calls that were metered."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from integration.journeys.check_totals import DayCheck

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("check")
@click.option("--from", "first", type=DAY, required=True, help="First UTC day.")
@click.option("--to", "last", type=DAY, default=None, help="Last UTC day; today when left out.")
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
@click.option("--json", "as_json", is_flag=True)
def check(first: datetime, last: datetime | None, workspace_id: str, as_json: bool) -> None:
    """Compare what metrics told with what calls were metered; exit 1 where calls are missing.

    Metrics are never counted as spend. Kept for five weeks.
    """
    from integration.cli.start_up import database
    from integration.cli.workspace_choice import chosen, connected
    from integration.journeys.check_totals import compare_totals

    end = last.date() if last else datetime.now(UTC).date()
    with (
        database() as settings,
        connected(settings) as transactions,
        transactions.begin() as session,
    ):
        found = compare_totals(session, chosen(session, workspace_id), first.date(), end)
    _say(found, as_json=as_json)
    if any(each.missing_input_tokens or each.missing_output_tokens for each in found):
        sys.exit(1)


def _say(found: list[DayCheck], *, as_json: bool) -> None:
    import msgspec

    from integration.foundation.wording import environment

    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
        return
    template = environment("cli").get_template("usage_check.txt.j2")
    click.echo(template.render(checks=found).strip())
