"""`storymeter workspace …`: who uses this deployment."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import click

from integration.cli.start_up import database

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions
    from integration.foundation.secrets import SecretBox
    from integration.settings import Settings


def _zone(_: click.Context, __: click.Parameter, name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, ValueError) as wrong:
        raise click.BadParameter(f"{name!r} is no IANA time zone") from wrong


def _time_of_day(_: click.Context, __: click.Parameter, written: str) -> time:
    try:
        return time.fromisoformat(written).replace(tzinfo=None)
    except ValueError as wrong:
        raise click.BadParameter(f"{written!r} is no time of day; write it as 09:15") from wrong


@click.group()
def workspace() -> None:
    """Customers: their settings, Jira sites, Slack teams and Scrum Teams."""


@workspace.command("create")
@click.argument("workspace_id")
@click.option("--name", default="", help="Shown to people; the id when left out.")
@click.option("--time-zone", default="UTC", show_default=True, callback=_zone, help="IANA name.")
@click.option("--default-region", default="", help="Cloud region where usage names none.")
def create_workspace(workspace_id: str, name: str, time_zone: str, default_region: str) -> None:
    """Add a workspace, or change its settings."""
    from integration.workspaces import store
    from integration.workspaces.workspace import Workspace

    with database() as settings:
        transactions, now, _ = parts(settings)
        with transactions.begin() as session:
            made = Workspace(workspace_id, name or workspace_id, time_zone, default_region)
            store.create(session, made, now)
    click.echo(
        f"Workspace {workspace_id} is there. Next: storymeter jira connect {workspace_id} --help"
    )


@workspace.command("connect-slack")
@click.argument("workspace_id")
@click.option("--bot-token", required=True, envvar="SLACK_BOT_TOKEN")
@click.option("--signing-secret", required=True, envvar="SLACK_SIGNING_SECRET")
@click.option("--team-id", required=True, help="T…")
@click.option("--channel-id", required=True, help="C…; where messages go by default.")
@click.option("--api-base-url", default="https://slack.com/api/", show_default=True)
def connect_slack(
    workspace_id: str, bot_token: str, signing_secret: str, team_id: str, channel_id: str,
    api_base_url: str,
) -> None:  # fmt: skip
    """Keep how a Slack team is reached."""
    from integration.workspaces import store
    from integration.workspaces.workspace import SlackAccount

    with database() as settings:
        transactions, _, box = parts(settings)
        with transactions.begin() as session:
            store.find(session, workspace_id)
            account = SlackAccount(
                workspace_id, api_base_url, bot_token, signing_secret, team_id, channel_id
            )
            store.connect_slack(session, account, box)
    click.echo("Slack is connected.")


@workspace.command("add-team")
@click.argument("workspace_id")
@click.argument("team_id")
@click.option("--name", required=True)
@click.option("--board", "board_id", type=int, required=True, help="The team's Scrum board.")
@click.option("--channel-id", default="")
@click.option("--time-zone", default="UTC", show_default=True, callback=_zone)
@click.option(
    "--digest-at", default="09:15", show_default=True, callback=_time_of_day,
    help="Local time, HH:MM.",
)  # fmt: skip
@click.option("--product-owner", default="")
def add_team(
    workspace_id: str, team_id: str, name: str, board_id: int, channel_id: str, time_zone: str,
    digest_at: time, product_owner: str,
) -> None:  # fmt: skip
    """Add a Scrum Team, or change it."""
    from integration.workspaces import store
    from integration.workspaces.workspace import Team

    with database() as settings:
        transactions, _, _ = parts(settings)
        with transactions.begin() as session:
            store.find(session, workspace_id)
            team = Team(
                workspace_id, team_id, name, board_id, channel_id, time_zone,
                digest_at, product_owner=product_owner,
            )  # fmt: skip
            store.save_team(session, team)
    click.echo(f"Team {name} is there.")


def parts(settings: Settings) -> tuple[Transactions, datetime, SecretBox]:
    """Where to write, what time it is, and what seals secrets."""
    from integration.assembly import secret_box
    from integration.foundation.clock import clock_from
    from integration.foundation.database import connect, transactions_on

    transactions = transactions_on(connect(settings.database_url))
    return transactions, clock_from(settings.clock_file).now(), secret_box(settings)
