"""`storymeter inbox …`: what was received, what could not be read, and reading it again."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from integration.cli.start_up import database

STATES = ("waiting", "handled", "ignored", "unknown", "failed")
UNREAD = ("unknown", "failed")


@click.group()
def inbox() -> None:
    """Deliveries of webhooks, and what became of them."""


@inbox.command("list")
@click.argument("workspace_id")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES),
    help="Repeat for several; without, what could not be read.",
)  # fmt: skip
@click.option("--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def list_deliveries(workspace_id: str, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Show deliveries, newest first."""
    from integration.foundation.database import connect, transactions_on
    from integration.mailbox.queries import deliveries

    with database() as settings:
        transactions = transactions_on(connect(settings.database_url))
        with transactions.begin() as session:
            found = deliveries(session, workspace_id, states or UNREAD, limit)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], default=str))
        return
    for each in found:
        when = f"{each.received_at:%Y-%m-%d %H:%M:%S}"
        click.echo(f"{each.inbox_id:>8}  {when}  {each.state:<8} {each.event:<24} {each.subject}")
        if each.note:
            click.echo(f"          {each.note}")
    click.echo(f"{len(found)} shown.", err=True)


@inbox.command()
@click.argument("workspace_id")
@click.argument("ids", nargs=-1, type=int)
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES[1:]),
    help="Repeat for several; without, what could not be read.",
)  # fmt: skip
def replay(workspace_id: str, ids: tuple[int, ...], states: tuple[str, ...]) -> None:
    """Let the worker read deliveries again: those with these IDS, or all that could not be read."""
    from integration.foundation.clock import clock_from
    from integration.foundation.database import connect, transactions_on
    from integration.mailbox import store as mailbox

    wanted = states or (STATES[1:] if ids else UNREAD)
    with database() as settings:
        now = clock_from(settings.clock_file).now()
        with transactions_on(connect(settings.database_url)).begin() as session:
            count = mailbox.replay(session, workspace_id, now, states=wanted, ids=ids)
    click.echo(f"{count} will be read again.")
