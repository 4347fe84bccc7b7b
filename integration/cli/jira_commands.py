"""`storymeter jira …`: set a Jira site up, see what is missing, catch up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from integration.cli.start_up import database

if TYPE_CHECKING:
    from integration.jira.gateway import JiraGateway
    from integration.jira.plan import Provisioned
    from integration.settings import Settings


@click.group()
def jira() -> None:
    """The workspace's Jira site."""


@jira.command()
@click.argument("workspace_id")
@click.option("--apply", "do_apply", is_flag=True, help="Do it; without, only the plan is shown.")
@click.option("--json", "as_json", is_flag=True)
def provision(workspace_id: str, do_apply: bool, as_json: bool) -> None:
    """Plan fields, screens and the webhook; with --apply, make what is missing.

    Twice is the same as once: the second plan is empty.
    """
    from integration.jira.applying import apply
    from integration.jira.provisioning import plan

    with database() as settings:
        gateway = _gateway(settings, workspace_id)
        url = f"{settings.url}/webhooks/jira/{workspace_id}"
        found = plan(gateway, projects=gateway.connection.project_keys, webhook_url=url)
        if as_json:
            click.echo(json.dumps([{"kind": s.kind, "what": s.sentence} for s in found.steps]))
        else:
            for step in found.steps:
                click.echo(f"  {'+' if step.changes else ' '} {step.sentence}")
            click.echo(f"{len(found.changes)} to change, {len(found.by_hand)} by hand.")
        if do_apply:
            done = apply(gateway, found)
            remember(settings, workspace_id, gateway, done)
            click.echo("Applied.", err=True)
        elif found.changes:
            click.echo("Nothing was changed. Run again with --apply.", err=True)


@jira.command()
@click.argument("workspace_id")
@click.option("--all", "everything", is_flag=True, help="From the beginning, not since last time.")
def sync(workspace_id: str, everything: bool) -> None:
    """Read every story that webhooks may have missed, with a progress bar; resumable."""
    from integration.assembly import set_up_logs
    from integration.jobs.catch_up import catch_up
    from integration.worker import house_from

    with database() as settings:
        set_up_logs(settings)
        house = house_from(settings)
        with click.progressbar(length=None, label="stories", show_pos=True) as bar:
            read = catch_up(house, workspace_id, everything=everything, tick=lambda: bar.update(1))
    click.echo(f"{read} stories read.")


def remember(
    settings: Settings, workspace_id: str, gateway: JiraGateway, done: Provisioned
) -> None:
    """Keep the ids and the webhook's secret that provisioning has found out."""
    from integration.assembly import secret_box
    from integration.foundation.database import connect, transactions_on
    from integration.workspaces import store

    box = secret_box(settings)
    fields = dict(done.field_ids)
    fields |= {"sprint": done.sprint_field_id, "story_points": done.story_points_field_id}
    account_id = gateway.myself().account_id
    with transactions_on(connect(settings.database_url)).begin() as session:
        account = store.jira_account(session, workspace_id, box)
        if account is None:
            return
        secret = done.webhook_secret or account.webhook_secret
        store.connect_jira(
            session,
            replace(account, field_ids=fields, account_id=account_id, webhook_secret=secret),
            box,
        )


def _gateway(settings: Settings, workspace_id: str) -> JiraGateway:
    from integration.worker import house_from

    return house_from(settings).outside.jira(workspace_id)
