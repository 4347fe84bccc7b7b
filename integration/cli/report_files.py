"""Makes the file of a Sprint's report that a command asks for, and puts it on a Jira issue."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from integration.foundation.errors import NotFound
from integration.foundation.worded_figures import Figures
from integration.jira.report_links import attach_report, link_report
from integration.journeys.what_to_change import what_to_change
from integration.reports import documents
from integration.reports.chart_specs import burn_up_spec, stories_spec
from integration.reports.chart_words import chart_words
from integration.reports.standing import revision_report, standing_report
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from integration.foundation.wording import Wording
    from integration.jira.gateway import JiraGateway
    from integration.reports.chart_words import ChartWords
    from integration.reports.retrospective import Retrospective
    from integration.reports.shapes import SprintReport
    from integration.web.service import Service
    from integration.workspaces.workspace import Workspace


def report_file(
    service: Service, workspace_id: str, sprint_id: int, kind: str, *,
    revision: int | None = None, chart: str = "burn-up",
) -> bytes:  # fmt: skip
    """Return the report in a format: md, html, pdf, png, csv or json.

    Raises:
        NotFound: there is no such Sprint or revision.
        InvalidInput: a PDF, and nothing on this machine prints.
    """
    if kind in {"html", "pdf"}:
        page = _page(service, workspace_id, sprint_id, revision)
        if kind == "html":
            return page
        from integration.reports.pdf import pdf

        return pdf(page)
    with service.transactions.begin() as session:
        report = _report(service, session, workspace_id, sprint_id, revision)
        workspace = workspaces.find(session, workspace_id)
        if kind == "csv":
            return documents.csv(report).encode()
        if kind == "png":
            words = chart_words(service.wordings, workspace_id, workspace.locale)
            return _png(report, chart, words)
        material = _material(service, session, workspace_id, report)
        if kind == "json":
            return documents.json(report, material).encode()
    books = service.books.for_workspace(workspace_id)
    return documents.markdown(
        report, material, zone=workspace.time_zone, price_version=books.prices.price_version,
        factor_version=books.carbon.factor_version, wording=words_of(service, workspace),
    ).encode()  # fmt: skip


def words_of(service: Service, workspace: Workspace) -> Wording:
    """How a workspace's report files are worded."""
    found = service.wordings
    return found.of(workspace.workspace_id, workspace.locale, "reports", "words")


def publish_report(
    service: Service, gateway: JiraGateway, workspace_id: str, sprint_id: int, key: str,
    kinds: Sequence[str],
) -> None:  # fmt: skip
    """Link an issue to the report's page and attach it in these formats.

    Raises:
        NotFound: there is no such Sprint.
        JiraFailure: Jira did not take it.
    """
    files = {kind: report_file(service, workspace_id, sprint_id, kind) for kind in kinds}
    with service.transactions.begin() as session:
        report = _report(service, session, workspace_id, sprint_id, None)
        locale = workspaces.find(session, workspace_id).locale
    usd = Figures(locale).usd
    stands = f"revision {report.revision}" if report.revision else "so far"
    link_report(
        gateway, key, global_id=f"storymeter:{workspace_id}:sprint:{sprint_id}",
        url=f"{service.public_url}/{workspace_id}/reports/{sprint_id}",
        title=f"{report.sprint.name}: AI cost and carbon",
        summary=f"{usd(report.totals.list_cost_nanousd)}, {stands}",
    )  # fmt: skip
    for kind, content in files.items():
        attach_report(gateway, key, f"sprint-{sprint_id}-ai-cost.{kind}", content)


def _report(
    service: Service, session: Session, workspace_id: str, sprint_id: int, revision: int | None
) -> SprintReport:
    if revision is None:
        prices = service.books.for_workspace(workspace_id).prices
        return standing_report(session, workspace_id, sprint_id, prices, now=service.clock.now())
    found = revision_report(session, workspace_id, sprint_id, revision)
    if found is None:
        raise NotFound(f"Sprint {sprint_id} has no revision {revision}")
    return found


def _material(
    service: Service, session: Session, workspace_id: str, report: SprintReport
) -> Retrospective:
    books = service.books.for_workspace(workspace_id)
    return what_to_change(session, workspace_id, report, books, now=service.clock.now())


def _page(service: Service, workspace_id: str, sprint_id: int, revision: int | None) -> bytes:
    """The page to print, from the same door that serves it to browsers."""
    from integration.app import app_with
    from integration.web.login import Loopback

    # Whoever may run this command may read the database anyway.
    client = app_with(replace(service, login=Loopback())).test_client()
    asked = f"?revision={revision}" if revision else ""
    answer = client.get(f"/{workspace_id}/reports/{sprint_id}{asked}")
    if answer.status_code == 404:
        said = f"Sprint {sprint_id}" + (f" with a revision {revision}" if revision else "")
        raise NotFound(f"There is no {said} in {workspace_id}")
    return bytes(answer.data)


def _png(report: SprintReport, chart: str, words: ChartWords) -> bytes:
    from integration.reports.pictures import png

    spec = burn_up_spec if chart == "burn-up" else stories_spec
    return png(spec(report, "light", words))
