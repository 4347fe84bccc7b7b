"""`storymeter report …`: a Sprint's report as a file, on screen, or on a Jira issue."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from integration.cli.start_up import database

if TYPE_CHECKING:
    from integration.web.service import Service

FORMATS = ("md", "html", "pdf", "png", "csv", "json")


@click.group()
def report() -> None:
    """Reports."""


@report.command()
@click.argument("sprint_id", type=int)
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="md", show_default=True)
@click.option("--revision", type=int, help="An earlier one; the newest when left out.")
@click.option("--chart", type=click.Choice(["burn-up", "stories"]), default="burn-up",
              help="Which chart a PNG shows.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="A file; without it, standard output.")  # fmt: skip
def sprint(
    sprint_id: int, workspace_id: str, kind: str, revision: int | None, chart: str,
    output: Path | None,
) -> None:  # fmt: skip
    """Write a Sprint's estimates against its actuals, and what the team may change.

    A closed Sprint is shown as its newest revision has it; a running one as it stands now. A PDF
    needs the extra `pdf`, or a Chromium on this machine.
    """
    from integration.app import service_of
    from integration.cli.report_files import report_file

    with database() as settings:
        service = service_of(settings)
        here = workspace_id or only_workspace(service)
        made = report_file(service, here, sprint_id, kind, revision=revision, chart=chart)
    if output is None:
        sys.stdout.buffer.write(made)
    else:
        output.write_bytes(made)


@report.command()
@click.argument("sprint_id", type=int)
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
@click.option("--from", "before", type=int, help="A revision; the one before when left out.")
@click.option("--to", "after", type=int, help="A later revision; the newest when left out.")
@click.option("--json", "as_json", is_flag=True)
def diff(
    sprint_id: int, workspace_id: str, before: int | None, after: int | None, as_json: bool
) -> None:
    """Say what changed between two revisions of a closed Sprint's report."""
    import msgspec

    from integration.app import service_of
    from integration.cli.report_files import words_of
    from integration.reports.documents import diff_markdown
    from integration.reports.revision_diff import revision_diff
    from integration.workspaces import store as workspaces

    with database() as settings:
        service = service_of(settings)
        here = workspace_id or only_workspace(service)
        with service.transactions.begin() as session:
            found = revision_diff(session, here, sprint_id, before, after)
            words = words_of(service, workspaces.find(session, here))
    told = msgspec.json.encode(found).decode() if as_json else diff_markdown(found, words)
    click.echo(told, nl=as_json)


@report.command()
@click.argument("sprint_id", type=int)
@click.option("--issue", "key", required=True, help="A Jira issue, such as the team's review page.")
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
@click.option("--attach", "kinds", type=click.Choice(FORMATS), multiple=True,
              help="Attach it as a file too; repeat.")  # fmt: skip
def publish(sprint_id: int, key: str, workspace_id: str, kinds: tuple[str, ...]) -> None:
    """Link a Jira issue to a Sprint's report; a later revision replaces the link."""
    from integration.app import service_of
    from integration.cli.report_files import publish_report
    from integration.worker import house_from

    with database() as settings:
        service = service_of(settings)
        here = workspace_id or only_workspace(service)
        gateway = house_from(settings).outside.jira(here)
        publish_report(service, gateway, here, sprint_id, key, kinds)
    click.echo(f"{key} links to the report{' and has ' + ', '.join(kinds) if kinds else ''}.")


def only_workspace(service: Service) -> str:
    """Return the one workspace there is.

    Raises:
        InvalidInput: there are several, or none.
    """
    from integration.foundation.errors import InvalidInput
    from integration.workspaces import store as workspaces

    with service.transactions.begin() as session:
        known = workspaces.all_ids(session)
    if len(known) != 1:
        raise InvalidInput(f"Name one with --workspace: {', '.join(known) or 'there is none'}")
    return known[0]
