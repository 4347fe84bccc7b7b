"""Where money goes: a story, what names no story, and how the workspace is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.mailbox import queries as mailbox
from integration.reports.story_page import story_page
from integration.reports.unattributed import unattributed
from integration.web.access import people
from integration.web.page_frame import now, page, page_blueprint
from integration.web.service import service
from integration.workspaces import queries as keys
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from flask import Response

spend_pages = page_blueprint("spend_pages")


@spend_pages.get("/<workspace_id>/stories/<story_key>")
@people()
def show_story(workspace_id: str, story_key: str) -> Response:
    """Show a story's estimates over time and what it used."""
    books = service().books.for_workspace(workspace_id)
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        found = story_page(session, workspace_id, story_key.upper())
        return page(
            "story.html", session, workspace, now(), story=found,
            factor_version=books.carbon.factor_version,
            price_version=books.prices.price_version,
        )  # fmt: skip


@spend_pages.get("/<workspace_id>/unattributed")
@people()
def show_unattributed(workspace_id: str) -> Response:
    """Show what was spent on no story, and who sent it."""
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        found = unattributed(session, workspace_id, now=now())
        return page("unattributed.html", session, workspace, now(), unattributed=found)


@spend_pages.get("/<workspace_id>/settings")
@people()
def show_settings(workspace_id: str) -> Response:
    """Show how the workspace is set up, without any secret."""
    here = service()
    books = here.books.for_workspace(workspace_id)
    with here.transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        return page(
            "settings.html", session, workspace, now(),
            jira=workspaces.jira_account(session, workspace_id, here.box),
            slack=workspaces.slack_account(session, workspace_id, here.box),
            synced_until=workspace_queries.synced_until(session, workspace_id),
            teams=workspaces.teams(session, workspace_id),
            keys=keys.keys_of(session, workspace_id),
            inbox=mailbox.inbox_counts(session, workspace_id),
            waiting=mailbox.open_promises(session, workspace_id),
            failed=mailbox.failed_promises(session, workspace_id),
            factor_version=books.carbon.factor_version,
            price_version=books.prices.price_version,
        )  # fmt: skip
