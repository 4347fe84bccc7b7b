"""`storymeter report …`: a Sprint's report as a file or on screen."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from integration.cli.start_up import database
from integration.foundation.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.reports.shapes import SprintReport
    from integration.web.service import Service

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRINT_TIMEOUT_S = 60


@click.group()
def report() -> None:
    """Reports."""


@report.command()
@click.argument("sprint_id", type=int)
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
@click.option("--format", "kind", type=click.Choice(["md", "html", "pdf", "png", "csv", "json"]),
              default="md", show_default=True)  # fmt: skip
@click.option("--chart", type=click.Choice(["burn-up", "stories"]), default="burn-up",
              help="Which chart a PNG shows.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="A file; without it, standard output.")  # fmt: skip
def sprint(sprint_id: int, workspace_id: str, kind: str, chart: str, output: Path | None) -> None:
    """Write a Sprint's estimates against its actuals.

    A closed Sprint is shown as its newest revision has it; a running one as it stands now. A PDF
    needs a Chromium on this machine, which prints the same page that `html` writes.
    """
    from integration.app import service_of

    with database() as settings:
        service = service_of(settings)
        workspace_id = workspace_id or _only_workspace(service)
        if kind in {"html", "pdf"}:
            page = _page(service, workspace_id, sprint_id)
            made = page if kind == "html" else _printed(page)
        else:
            write = _WRITERS[kind]
            made = write(_report(service, workspace_id, sprint_id), chart)
    if output is None:
        sys.stdout.buffer.write(made)
    else:
        output.write_bytes(made)


def _only_workspace(service: Service) -> str:
    from integration.workspaces import store as workspaces

    with service.transactions.begin() as session:
        known = workspaces.all_ids(session)
    if len(known) != 1:
        raise InvalidInput(f"Name one with --workspace: {', '.join(known) or 'there is none'}")
    return known[0]


def _report(service: Service, workspace_id: str, sprint_id: int) -> SprintReport:
    from integration.reports.standing import standing_report

    prices = service.books.for_workspace(workspace_id).prices
    with service.transactions.begin() as session:
        return standing_report(session, workspace_id, sprint_id, prices, now=service.clock.now())


def _page(service: Service, workspace_id: str, sprint_id: int) -> bytes:
    """The page to print, from the same door that serves it to browsers."""
    from integration.app import app_with
    from integration.web.login import Loopback

    # Whoever may run this command may read the database anyway.
    client = app_with(replace(service, login=Loopback())).test_client()
    answer = client.get(f"/{workspace_id}/reports/{sprint_id}")
    if answer.status_code == 404:
        raise NotFound(f"There is no Sprint {sprint_id} in {workspace_id}")
    return bytes(answer.data)


def _printed(page: bytes) -> bytes:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise InvalidInput("A PDF needs Chromium on this machine; or write html and print that")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_bytes(page)
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-sync", "--no-pdf-header-footer",
                f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", source.as_uri(),
            ],
            check=True, capture_output=True, timeout=PRINT_TIMEOUT_S,
        )  # fmt: skip
        return target.read_bytes()


def _worded(kind: str) -> Callable[[SprintReport, str], bytes]:
    def write(found: SprintReport, _: str) -> bytes:
        from integration.foundation.wording import environment

        template = environment("reports").get_template(f"sprint.{kind}.j2")
        return (template.render(report=found).strip() + "\n").encode()

    return write


def _json(found: SprintReport, _: str) -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(found)) + b"\n"


def _png(found: SprintReport, chart: str) -> bytes:
    from integration.reports.chart_specs import burn_up_spec, stories_spec
    from integration.reports.pictures import png

    return png(burn_up_spec(found) if chart == "burn-up" else stories_spec(found))


_WRITERS: dict[str, Callable[[SprintReport, str], bytes]] = {
    "md": _worded("md"), "csv": _worded("csv"), "json": _json, "png": _png,
}  # fmt: skip
