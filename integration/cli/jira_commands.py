"""`storymeter jira …`: connect a Jira site, set it up, see what is missing, catch up."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from integration.cli.start_up import database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.jira.gateway import JiraGateway
    from integration.jira.plan import Plan, Provisioned
    from integration.settings import Settings


@click.group()
def jira() -> None:
    """The workspace's Jira site."""


@jira.command()
@click.argument("workspace_id")
@click.option("--site-url", required=True, help="What people open: https://acme.atlassian.net")
@click.option("--project", "projects", multiple=True, required=True, help="A project key; repeat.")
@click.option("--email", default="", help="The account of an API token.")
@click.option("--token", default="", envvar="JIRA_TOKEN", help="API token, or in JIRA_TOKEN.")
@click.option(
    "--api-base", default="", help="For scoped tokens: https://api.atlassian.com/ex/jira/<cloudId>"
)
@click.option(
    "--data-center", is_flag=True, help="Jira Data Center; --token is a personal access token."
)
def connect(
    workspace_id: str, site_url: str, projects: tuple[str, ...], email: str, token: str,
    api_base: str, data_center: bool,
) -> None:  # fmt: skip
    """Sign in to a Jira site by a token and keep it; for OAuth use connect-oauth."""
    from integration.cli.jira_accounts import keep_account

    if not token or not (email or data_center):
        raise click.UsageError("A token is needed, and on Jira Cloud the e-mail of its account.")
    with database() as settings:
        seen = keep_account(
            settings, workspace_id, site_url=site_url.rstrip("/"),
            api_base=(api_base or site_url).rstrip("/"), email=email, token=token,
            deployment="datacenter" if data_center else "cloud", project_keys=projects, grant=None,
        )  # fmt: skip
    _told_connected(workspace_id, seen)


@jira.command("connect-oauth")
@click.argument("workspace_id")
@click.option("--client-id", required=True, help="Of your app in Atlassian's developer console.")
@click.option("--client-secret", required=True, envvar="JIRA_CLIENT_SECRET")
@click.option("--redirect-uri", required=True, help="The callback URL of the app.")
@click.option("--code", default="", help="From the address you were sent back to.")
@click.option("--site-url", default="", help="Which site, where the grant reaches several.")
@click.option("--project", "projects", multiple=True, required=True, help="A project key; repeat.")
@click.option("--auth-base", default="https://auth.atlassian.com", hidden=True)
@click.option("--api-root", default="https://api.atlassian.com", hidden=True)
def connect_oauth(workspace_id: str, projects: tuple[str, ...], **options: str) -> None:
    """Connect by OAuth 2.0 (3LO): without --code, says which address to open."""
    from integration.cli.jira_accounts import consent_url, granted_account, keep_account

    if not options["code"]:
        click.echo(consent_url(options))
        click.echo("Open this address, agree, and run this again with --code.", err=True)
        return
    with database() as settings:
        found = granted_account(settings, options)
        seen = keep_account(settings, workspace_id, project_keys=projects, **found)
    _told_connected(workspace_id, seen)


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
    from integration.jira.webhook_plan import webhook_url

    with database() as settings:
        gateway = _gateway(settings, workspace_id)
        found = plan(
            gateway, projects=gateway.connection.project_keys,
            webhook_url=webhook_url(settings.url, workspace_id),
        )  # fmt: skip
        _show_plan(found, as_json=as_json)
        if do_apply:
            done = apply(gateway, found, report=lambda step: click.echo(step.subject, err=True))
            remember(settings, workspace_id, gateway, done)
            click.echo("Applied.", err=True)
        elif found.changes:
            click.echo("Nothing was changed. Run again with --apply.", err=True)


def _show_plan(found: Plan, *, as_json: bool) -> None:
    if as_json:
        steps = [
            {"kind": step.kind, "changes": step.changes, "what": step.sentence}
            for step in found.steps
        ]
        click.echo(json.dumps(steps))
        return
    for step in found.steps:
        click.echo(f"  {step.mark} {step.sentence}")
    click.echo(f"{len(found.changes)} to change, {len(found.by_hand)} by hand.")


@jira.command()
@click.argument("workspace_id")
@click.option("--json", "as_json", is_flag=True)
def doctor(workspace_id: str, as_json: bool) -> None:
    """Say what is missing in Jira, why, and what to do; ends with 1 where something is."""
    from integration.jobs.diagnose_jira import diagnose_workspace
    from integration.worker import house_from

    with database() as settings:
        findings = diagnose_workspace(house_from(settings), workspace_id)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"  {' ' if finding.is_well else '!'} {finding.sentence}")
        ill = sum(not finding.is_well for finding in findings)
        click.echo(f"{ill} to mend." if ill else "All is well.")
    if not all(finding.is_well for finding in findings):
        sys.exit(1)


@jira.command("webhook-secret")
@click.argument("workspace_id")
def webhook_secret(workspace_id: str) -> None:
    """Show the secret for a webhook that an administrator makes by hand."""
    with database() as settings:
        click.echo(_gateway(settings, workspace_id).connection.webhook_secret)


@jira.command()
@click.argument("workspace_id")
@click.option("--all", "everything", is_flag=True, help="From the beginning, not since last time.")
def sync(workspace_id: str, everything: bool) -> None:
    """Read every story that webhooks may have missed, with a progress bar; resumable."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from integration.assembly import set_up_logs
    from integration.jobs.catch_up import catch_up
    from integration.worker import house_from

    columns = (BarColumn(), TextColumn("{task.completed} stories"), TimeElapsedColumn())
    with database() as settings, Progress(*columns, console=Console(stderr=True)) as progress:
        set_up_logs(settings.model_copy(update={"log_level": "WARNING"}))
        task = progress.add_task("stories", total=None)  # Jira's search tells no total.
        read = catch_up(
            house_from(settings), workspace_id, everything=everything,
            tick=lambda: progress.advance(task),
        )  # fmt: skip
    click.echo(f"{read} stories read.")


@jira.command()
@click.argument("workspace_id")
@click.option("--label", "ai_labels", multiple=True)
@click.option("--component", "ai_components", multiple=True)
@click.option("--issue-type", "ai_issue_types", multiple=True)
@click.option("--keyword", "ai_keywords", multiple=True, help="In the summary, as whole words.")
def rule(workspace_id: str, **lists: tuple[str, ...]) -> None:
    """Choose which stories are AI work: any of these marks one; none at all means the usual labels.

    Each run replaces what was chosen before.
    """
    from integration.foundation.clock import clock_from
    from integration.foundation.database import connect, transactions_on
    from integration.workspaces import store

    chosen: dict[str, Any] = {name: frozenset(words) for name, words in lists.items()}
    with database() as settings:
        now = clock_from(settings.clock_file).now()
        with transactions_on(connect(settings.database_url)).begin() as session:
            workspace = replace(store.find(session, workspace_id), **chosen)
            store.create(session, workspace, now)
    click.echo("Kept. It holds for stories as they are read: storymeter jira sync --all reads all.")


def remember(
    settings: Settings, workspace_id: str, gateway: JiraGateway, done: Provisioned
) -> None:
    """Keep the ids and the webhook's secret that provisioning has found out."""
    from integration.cli.jira_accounts import remember_provisioned

    remember_provisioned(settings, workspace_id, gateway.myself().account_id, done)


def _told_connected(workspace_id: str, seen: Sequence[str]) -> None:
    for sentence in seen:
        click.echo(f"  {sentence}")
    click.echo(f"Jira is connected. Next: storymeter jira provision {workspace_id}")


def _gateway(settings: Settings, workspace_id: str) -> JiraGateway:
    from integration.worker import house_from

    return house_from(settings).outside.jira(workspace_id)
