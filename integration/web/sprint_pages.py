"""A Sprint on screen: the page for the review, its chart, and the report to print."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from flask import Response, request
from markupsafe import Markup

from integration.foundation.errors import InvalidInput, NotFound
from integration.journeys.what_to_change import what_to_change
from integration.reconciliation import queries as revisions
from integration.reports.cap_events import cap_events
from integration.reports.chart_words import chart_words
from integration.reports.page_charts import burn_up_svg, stories_svg
from integration.reports.revision_diff import revision_diff
from integration.reports.sprint_page import sprint_page
from integration.reports.standing import revision_report, standing_report
from integration.reports.story_bars import story_bars
from integration.reports.variance_causes import main_causes
from integration.web.access import people
from integration.web.headers import content_policy
from integration.web.page_frame import now, page, page_blueprint, style_hash, stylesheet
from integration.web.service import service
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.journeys.books import Books
    from integration.reports.chart_words import ChartWords
    from integration.reports.shapes import SprintReport
    from integration.reports.sprint_page import SprintPage
    from integration.workspaces.workspace import Workspace

sprint_pages = page_blueprint("sprint_pages")

SHOWN = 15
"""Stories on a Sprint's page unless all are asked for."""
REPORTED = 100
"""Stories in the report to print."""
ALL = 10_000


@sprint_pages.get("/<workspace_id>/sprints/<int:sprint_id>")
@people()
def show_sprint(workspace_id: str, sprint_id: int) -> Response:
    """Show the page that the team puts on screen at the Sprint Review."""
    books = service().books.for_workspace(workspace_id)
    shown = ALL if request.args.get("stories") == "all" else SHOWN
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        found = _sprint(session, workspace_id, sprint_id, books, shown)
        return page(
            "sprint.html", session, workspace, found.report.as_of,
            report=found.report,
            revisions=found.revisions,
            story_count=found.story_count,
            ai_story_count=found.ai_story_count,
            bars=story_bars(found.report.stories),
            main_causes=main_causes,
            cap_events=cap_events(session, workspace_id, found.report.caps),
            factor_version=books.carbon.factor_version,
            price_version=books.prices.price_version,
        )  # fmt: skip


@sprint_pages.get("/<workspace_id>/sprints/<int:sprint_id>/burn-up.svg")
@people()
def show_burn_up(workspace_id: str, sprint_id: int) -> Response:
    """Draw the Sprint's spend against its cap, for one theme and width."""
    theme, width = request.args.get("theme", "light"), request.args.get("width", "wide")
    if theme not in {"light", "dark"} or width not in {"wide", "narrow"}:
        raise InvalidInput("theme is light or dark, width is wide or narrow")
    books = service().books.for_workspace(workspace_id)
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        report = _sprint(session, workspace_id, sprint_id, books, 0).report
        events = cap_events(session, workspace_id, report.caps)
    drawn = burn_up_svg(
        report, "dark" if theme == "dark" else "light", "narrow" if width == "narrow" else "wide",
        _words(workspace), events,
    )  # fmt: skip
    response = Response(drawn, content_type="image/svg+xml")
    response.set_etag(sha256(drawn.encode()).hexdigest()[:16])
    response.make_conditional(request)
    return response


@sprint_pages.get("/<workspace_id>/reports/<int:sprint_id>")
@people()
def show_report(workspace_id: str, sprint_id: int) -> Response:
    """Show the report in one file, to print or to keep: it needs nothing else to be read.

    `?revision=` shows an earlier one of a closed Sprint.
    """
    books = service().books.for_workspace(workspace_id)
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        whole = _whole(session, workspace_id, sprint_id, books)
        shown = msgspec.structs.replace(whole, stories=whole.stories[:REPORTED])
        events = cap_events(session, workspace_id, whole.caps)
        response = page(
            "report.html", session, workspace, whole.as_of,
            report=shown,
            story_count=len(whole.stories),
            revisions=tuple(revisions.revision_heads(session, workspace_id, sprint_id)),
            retrospective=what_to_change(session, workspace_id, whole, books, now=now()),
            main_causes=main_causes,
            cap_events=events,
            burn_up=_embedded(burn_up_svg(whole, "light", "wide", _words(workspace), events)),
            stories_chart=_embedded(stories_svg(whole, "light", _words(workspace))),
            style=Markup(stylesheet()),  # noqa: S704  # Ours, and without any tag.
            factor_version=books.carbon.factor_version,
            price_version=books.prices.price_version,
        )  # fmt: skip
    response.headers["Content-Security-Policy"] = content_policy(style_hash(stylesheet()))
    return response


@sprint_pages.get("/<workspace_id>/sprints/<int:sprint_id>/changes")
@people()
def show_changes(workspace_id: str, sprint_id: int) -> Response:
    """Show what changed between two revisions of the report: without numbers, the last two."""
    before, after = (request.args.get(name, type=int) for name in ("from", "to"))
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        found = revision_diff(session, workspace_id, sprint_id, before, after)
        return page("changes.html", session, workspace, now(), diff=found)


def _sprint(
    session: Session, workspace_id: str, sprint_id: int, books: Books, shown: int
) -> SprintPage:
    return sprint_page(session, workspace_id, sprint_id, books.prices, shown=shown, now=now())


def _whole(session: Session, workspace_id: str, sprint_id: int, books: Books) -> SprintReport:
    """The report with all its stories: the revision that is asked for, or the one that stands."""
    asked = request.args.get("revision", type=int)
    if asked is None:
        return standing_report(session, workspace_id, sprint_id, books.prices, now=now())
    found = revision_report(session, workspace_id, sprint_id, asked)
    if found is None:
        raise NotFound(f"Sprint {sprint_id} has no revision {asked}")
    return found


def _words(workspace: Workspace) -> ChartWords:
    return chart_words(service().wordings, workspace.workspace_id, workspace.locale)


def _embedded(drawing: str) -> str:
    """A drawing as an address that carries it."""
    return f"data:image/svg+xml;base64,{b64encode(drawing.encode()).decode()}"
