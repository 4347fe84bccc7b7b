"""`storymeter people …`: who may open a workspace's pages, and what they may do there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from integration.cli.start_up import database
from integration.people.role import ROLES

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions
    from integration.settings import Settings

ACTOR = "cli"


@click.group()
def people() -> None:
    """Roles on the pages: viewer, member, approver, admin."""


@people.command("add")
@click.argument("workspace_id")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
def add_person(workspace_id: str, email: str, role: str) -> None:
    """Give a person a role in a workspace, or change it."""
    from integration.journeys.name_people import name_person

    with database() as settings:
        transactions, now = _parts(settings)
        name_person(transactions, workspace_id, email, role, actor=ACTOR, now=now)
    click.echo(f"{email} is {role} in {workspace_id}.")


@people.command("remove")
@click.argument("workspace_id")
@click.argument("email")
def remove(workspace_id: str, email: str) -> None:
    """Take a person's role away; it is gone at their next page."""
    from integration.journeys.name_people import remove_person

    with database() as settings:
        transactions, now = _parts(settings)
        remove_person(transactions, workspace_id, email, actor=ACTOR, now=now)
    click.echo(f"{email} has no role in {workspace_id} any more.")


@people.command("list")
@click.argument("workspace_id")
@click.option("--json", "as_json", is_flag=True)
def list_people(workspace_id: str, as_json: bool) -> None:
    """Show who has a role. Roles that a provider's groups give are not kept here."""
    from integration.people import store
    from integration.workspaces import store as workspaces

    with database() as settings, _parts(settings)[0].begin() as session:
        workspaces.find(session, workspace_id)
        found = store.members(session, workspace_id)
    if as_json:
        click.echo(json.dumps([{"email": each.email, "role": each.role} for each in found]))
    else:
        for each in found:
            click.echo(f"{each.role:<9} {each.email}")


def _parts(settings: Settings) -> tuple[Transactions, datetime]:
    from integration.foundation.clock import clock_from
    from integration.foundation.database import connect, transactions_on

    transactions = transactions_on(connect(settings.database_url))
    return transactions, clock_from(settings.clock_file).now()
