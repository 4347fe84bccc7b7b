"""`storymeter workspace export` and `erase`, `people forget`: taking data along, and its end."""

from __future__ import annotations

import json
from pathlib import Path

import click

from integration.cli.start_up import database
from integration.cli.workspace_commands import parts


@click.command("export")
@click.argument("workspace_id")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
def export(workspace_id: str, folder: Path) -> None:
    """Write everything kept of a workspace into a folder: a file of JSON lines for each table.

    Tokens and raw webhook bodies are left out.
    """
    from integration.journeys.leave import export_workspace

    def tell(table: str, count: int) -> None:
        if count:
            click.echo(f"{table:<28} {count:>12,}", err=True)

    with database() as settings:
        transactions, _, _ = parts(settings)
        total = export_workspace(transactions, workspace_id, folder, tell)
    click.echo(f"{total:,} rows of {workspace_id} are in {folder}")


@click.command("erase")
@click.argument("workspace_id")
@click.option("--confirm", prompt="Type the workspace's id to erase it", help="Its id once more.")
def erase(workspace_id: str, confirm: str) -> None:
    """Delete everything kept of a workspace, books and audit log included. There is no way back."""
    from integration.journeys.leave import erase_workspace

    if confirm != workspace_id:
        raise click.ClickException("That is not the workspace's id; nothing was erased")
    with database() as settings:
        transactions, _, _ = parts(settings)
        gone = erase_workspace(transactions, workspace_id)
    click.echo(f"{gone:,} rows of {workspace_id} are gone. What Jira and Slack show stays there.")


@click.command("forget")
@click.argument("workspace_id")
@click.argument("person")
@click.option("--json", "as_json", is_flag=True)
def forget(workspace_id: str, person: str, as_json: bool) -> None:
    """Forget a person by e-mail address or id: role, pseudonym on calls, name in the audit log."""
    from integration.journeys.leave import forget_person

    with database() as settings:
        transactions, now, _ = parts(settings)
        found = forget_person(transactions, workspace_id, person, actor="cli", now=now)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.items()))
