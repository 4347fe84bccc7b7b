"""`storymeter keys …`: what programs identify themselves with."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from integration.cli.start_up import database
from integration.cli.workspace_commands import parts
from integration.workspaces.workspace import SCOPES

if TYPE_CHECKING:
    from datetime import datetime

ACTOR = "cli"


@click.group()
def keys() -> None:
    """API keys: make, list, replace, end."""


@keys.command("create")
@click.argument("workspace_id")
@click.option("--name", required=True, help="Who will use it, such as a gateway's name.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES))
@click.option("--json", "as_json", is_flag=True)
def create_key(workspace_id: str, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make an API key. It is shown this once."""
    from integration.workspaces import store

    with database() as settings:
        transactions, now, _ = parts(settings)
        with transactions.begin() as session:
            store.find(session, workspace_id)
            secret = store.create_key(session, workspace_id, name, scopes, now)
    click.echo(json.dumps({"key": secret, "scopes": scopes}) if as_json else secret)


@keys.command("list")
@click.argument("workspace_id")
@click.option("--json", "as_json", is_flag=True)
def list_keys(workspace_id: str, as_json: bool) -> None:
    """Show a workspace's keys: who uses them, what for, and when last."""
    from integration.workspaces import queries, store

    with database() as settings:
        transactions, now, _ = parts(settings)
        with transactions.begin() as session:
            store.find(session, workspace_id)
            found = queries.keys_of(session, workspace_id)
    if as_json:
        click.echo(msgspec.json.encode([asdict(key) for key in found]))
        return
    if not found:
        click.echo("No keys yet: storymeter keys create")
    for key in found:
        click.echo(
            f"{key.key_id}  {key.name:<24}  {','.join(key.scopes):<24}  "
            f"{_state(key.revoked_at, key.last_used_at, now)}"
        )


def _state(ends_at: datetime | None, last_used_at: datetime | None, now: datetime) -> str:
    used = f"last used {last_used_at:%Y-%m-%d %H:%M} UTC" if last_used_at else "never used"
    if ends_at is None:
        return used
    return f"{'ended' if ends_at <= now else 'ends'} {ends_at:%Y-%m-%d %H:%M} UTC, {used}"


@keys.command("rotate")
@click.argument("workspace_id")
@click.argument("key_id")
@click.option(
    "--both-for", "hours", type=click.FloatRange(0, 24 * 90), default=24.0, show_default=True,
    help="How many hours the old key goes on working.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
def rotate_key(workspace_id: str, key_id: str, hours: float, as_json: bool) -> None:
    """Make a new key in place of one; both work for a while. The new one is shown this once."""
    from integration.workspaces import key_store

    with database() as settings:
        transactions, now, _ = parts(settings)
        with transactions.begin() as session:
            secret = key_store.replace_key(
                session, workspace_id, key_id, both_for=timedelta(hours=hours), actor=ACTOR,
                now=now,
            )  # fmt: skip
    click.echo(json.dumps({"key": secret}) if as_json else secret)
    if not as_json:
        click.echo(f"The old key {key_id} works for {hours:g} more hours.", err=True)


@keys.command("revoke")
@click.argument("workspace_id")
@click.argument("key_id")
def revoke_key(workspace_id: str, key_id: str) -> None:
    """End a key now. A web process may still take it for two seconds."""
    from integration.workspaces import key_store

    with database() as settings:
        transactions, now, _ = parts(settings)
        with transactions.begin() as session:
            key_store.end_key(session, workspace_id, key_id, at=now, actor=ACTOR, now=now)
    click.echo(f"Key {key_id} has ended.")


@keys.command("seal-again")
def seal_again() -> None:
    """Seal stored tokens under the newest STORYMETER_SECRET_KEY; the older ones can go then."""
    from integration.assembly import secret_box
    from integration.workspaces import key_store

    with database() as settings:
        transactions, _, _ = parts(settings)
        with transactions.begin() as session:
            count = key_store.seal_again(session, secret_box(settings))
    click.echo(f"The secrets of {count} connections are sealed under the newest key.")
