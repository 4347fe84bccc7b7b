"""The first pages: choosing a workspace, its overview, and short addresses into the only one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect

from integration.foundation.errors import NotFound
from integration.reports.overview import overview
from integration.web.access import people, visible_workspaces
from integration.web.page_frame import now, page, page_blueprint, render
from integration.web.service import service
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

pages = page_blueprint("pages")


class SeveralWorkspaces(NotFound):
    """A short address does not say which workspace is meant."""

    code = "several_workspaces"


@pages.get("/")
@people()
def choose() -> AnyResponse:
    """Lead to the only workspace, or let the person choose."""
    with service().transactions.begin() as session:
        found = [workspaces.find(session, name) for name in visible_workspaces(session)]
    if len(found) == 1:
        return redirect(f"/{found[0].workspace_id}/")
    return render("choose.html", workspaces=found)


@pages.get("/<workspace_id>/")
@people()
def show_overview(workspace_id: str) -> Response:
    """Show how the running Sprints stand, and what the recent ones came to."""
    books = service().books.for_workspace(workspace_id)
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        found = overview(session, workspace_id, books.prices, now=now())
        return page("overview.html", session, workspace, now(), overview=found)


@pages.get("/sprints/<int:sprint_id>")
@people()
def short_sprint(sprint_id: int) -> AnyResponse:
    """Lead to a Sprint of the only workspace."""
    return _in_only_workspace(f"sprints/{sprint_id}")


@pages.get("/stories/<story_key>")
@people()
def short_story(story_key: str) -> AnyResponse:
    """Lead to a story of the only workspace."""
    return _in_only_workspace(f"stories/{story_key}")


@pages.get("/reports/<int:sprint_id>")
@people()
def short_report(sprint_id: int) -> AnyResponse:
    """Lead to a Sprint's report in the only workspace."""
    return _in_only_workspace(f"reports/{sprint_id}")


@pages.get("/unattributed")
@people()
def short_unattributed() -> AnyResponse:
    """Lead to what was spent on no story in the only workspace."""
    return _in_only_workspace("unattributed")


@pages.get("/caps")
@people()
def short_caps() -> AnyResponse:
    """Lead to the caps of the only workspace."""
    return _in_only_workspace("caps")


def _in_only_workspace(path: str) -> AnyResponse:
    """Redirect to a page of the only workspace.

    Raises:
        NotFound: there is none yet, or several of which the address names none.
    """
    with service().transactions.begin() as session:
        ids = visible_workspaces(session)
    if not ids:
        raise NotFound("There is no workspace yet")
    if len(ids) > 1:
        raise SeveralWorkspaces(f"There are {len(ids)} workspaces: put one before /{path}")
    return redirect(f"/{ids[0]}/{path}")
