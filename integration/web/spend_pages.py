"""Where money goes: a story, and what names no story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.journeys.alternatives import alternatives_of_story
from integration.reports.epic_page import epic_page
from integration.reports.story_bars import story_bars
from integration.reports.story_page import story_page
from integration.web.access import people
from integration.web.page_frame import now, page, page_blueprint
from integration.web.service import service
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
        what_if = (
            alternatives_of_story(session, workspace_id, found.story_key, books, now=now())
            if found.versions
            else None
        )
        return page(
            "story.html", session, workspace, now(), story=found, what_if=what_if,
            factor_version=books.carbon.factor_version,
            price_version=books.prices.price_version,
        )  # fmt: skip


@spend_pages.get("/<workspace_id>/epics/<epic_key>")
@people()
def show_epic(workspace_id: str, epic_key: str) -> Response:
    """Show what an epic's stories make together."""
    books = service().books.for_workspace(workspace_id)
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        found = epic_page(session, workspace_id, epic_key.upper())
        return page(
            "epic.html", session, workspace, now(), epic=found, bars=story_bars(found.stories),
            factor_version=books.carbon.factor_version,
            price_version=books.prices.price_version,
        )  # fmt: skip
