"""`storymeter doctor`: what is wrong with this deployment, why, and what to do."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from integration.cli.start_up import database

if TYPE_CHECKING:
    from integration.foundation.findings import Finding
    from integration.jobs.house import House

NOTHING_BEHIND = {"connection", "schema"}
"""Where one of these is ill, nothing else can be looked at."""
Found = dict[str, list["Finding"]]


@click.command()
@click.argument("workspace_id", default="")
@click.option("--json", "as_json", is_flag=True)
def doctor(workspace_id: str, as_json: bool) -> None:
    """Look at the database and at each workspace's Slack and Jira; ends with 1 where one is ill.

    Changes nothing and posts nothing. With a workspace's id, at that workspace alone.
    """
    from integration.worker import house_from

    with database() as settings:
        found = examine(house_from(settings), workspace_id)
    tell(found, as_json=as_json)
    if not all(finding.is_well for findings in found.values() for finding in findings):
        sys.exit(1)


def examine(house: House, workspace_id: str = "") -> Found:
    """Return what was found, by what was looked at."""
    from integration.foundation.row_wall import only
    from integration.jobs.diagnose_database import diagnose_database
    from integration.jobs.diagnose_intensity import diagnose_intensity
    from integration.jobs.diagnose_outside import diagnose_outside
    from integration.jobs.diagnose_wording import diagnose_wording
    from integration.workspaces import store as workspaces

    found = {"Database": diagnose_database(house)}
    if any(not each.is_well for each in found["Database"] if each.kind in NOTHING_BEHIND):
        return found
    found["Grid intensity"] = diagnose_intensity(house)
    if workspace_id:
        with only(house.transactions, workspace_id).begin() as session:
            workspaces.find(session, workspace_id)
    for each in [workspace_id] if workspace_id else house.workspace_ids():
        outside = diagnose_outside(house, each)
        found |= {f"{what} of {each}": findings for what, findings in outside.items()}
        worded = diagnose_wording(house, each)
        found |= {f"Own words of {each}": worded} if worded else {}
    return found


def tell(found: Found, *, as_json: bool) -> None:
    """Print what was found, for people or for programs."""
    if as_json:
        click.echo(json.dumps({what: [asdict(f) for f in fs] for what, fs in found.items()}))
        return
    for what, findings in found.items():
        click.echo(what)
        for finding in findings:
            click.echo(f"  {' ' if finding.is_well else '!'} {finding.sentence}")
    ill = sum(not finding.is_well for findings in found.values() for finding in findings)
    click.echo(f"{ill} to mend." if ill else "All is well.")
