"""`storymeter slack …`: Socket Mode, for deployments that Slack cannot reach."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from integration.cli.start_up import database
from integration.foundation.errors import InvalidInput

if TYPE_CHECKING:
    from slack_bolt import App

    from integration.web.service import Service


@click.group()
def slack() -> None:
    """Slack."""


@slack.command()
def socket() -> None:
    """Hold the Socket Mode connection. Run exactly one of these, beside web and worker."""
    from integration.app import service_of
    from integration.slack.socket_mode import socket_client

    with database() as settings:
        if settings.slack_app_token is None:
            raise InvalidInput("Set STORYMETER_SLACK_APP_TOKEN to an app-level token (xapp-…)")
        service = service_of(settings)
        client = socket_client(
            settings.slack_app_token.get_secret_value(), _api_base_url(service), _Apps(service)
        )
        client.connect()
        click.echo("Connected to Slack; press Ctrl-C to stop.")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
        client.close()


@slack.command()
@click.argument("workspace_id")
def retry(workspace_id: str) -> None:
    """Post anew what was given up or waits, once the app and its channels are mended."""
    from integration.cli.workspace_commands import parts
    from integration.mailbox import store as mailbox
    from integration.workspaces import store as workspaces

    with database() as settings:
        transactions, now, _ = parts(settings)
        with transactions.begin() as session:
            workspaces.find(session, workspace_id)
            count = mailbox.try_again(session, workspace_id, "slack", now)
    click.echo(f"{count} message{'s' if count != 1 else ''} will be tried again.")


def _api_base_url(service: Service) -> str:
    from integration.workspaces import store as workspaces

    with service.transactions.begin() as session:
        accounts = workspaces.slack_accounts(session, service.box)
    if not accounts:
        raise InvalidInput("No workspace has Slack connected; see docs/slack.md")
    return accounts[0].api_base_url


class _Apps:
    """The Bolt app of each connected team, made when its first request comes."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[str, tuple[object, App]] = {}

    def __call__(self, team_id: str) -> App | None:
        from integration.slack.interactions import build_bolt
        from integration.web.slack_desk import Desk
        from integration.web.slack_events import connection_of, words_of
        from integration.workspaces import store as workspaces

        here = self._service
        with here.transactions.begin() as session:
            account = workspaces.slack_account_of_team(session, team_id, here.box)
            if account is None:
                return None
            workspace = workspaces.find(session, account.workspace_id)
        known = self._known.get(team_id)
        if known is None or known[0] != (account, workspace):
            bolt = build_bolt(
                connection_of(account), Desk(here), here.clock, zone=workspace.time_zone,
                wording=words_of(here, workspace), over_http=False,
            )  # fmt: skip
            known = self._known[team_id] = ((account, workspace), bolt)
        return known[1]
