"""`storymeter report …`: a Sprint's report as a file or on screen."""

from __future__ import annotations

import click

from integration.cli.start_up import database


@click.group()
def report() -> None:
    """Reports."""


@report.command()
@click.argument("workspace_id")
@click.argument("sprint_id", type=int)
@click.option("--format", "kind", type=click.Choice(["json", "csv", "md"]), default="md")
def sprint(workspace_id: str, sprint_id: int, kind: str) -> None:
    """Print a Sprint's estimates against its actuals."""
    import msgspec

    from integration.assembly import book_shelf
    from integration.foundation.clock import clock_from
    from integration.foundation.database import connect, transactions_on
    from integration.foundation.wording import environment
    from integration.reports.sprint_report import sprint_report

    with database() as settings:
        now = clock_from(settings.clock_file).now()
        transactions = transactions_on(connect(settings.database_url))
        prices = book_shelf(settings, transactions).for_workspace(workspace_id).prices
        with transactions.begin() as session:
            found = sprint_report(session, workspace_id, sprint_id, prices, now=now)
    if kind == "json":
        click.echo(msgspec.json.encode(found))
        return
    template = environment("reports").get_template(f"sprint.{kind}.j2")
    click.echo(template.render(report=found).strip())
