"""Reads of many stories at once: what a list shows of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from integration.backlog.models import StoryRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session


class Title(NamedTuple):
    """How a story is named, and how it stands in Jira."""

    summary: str
    status: str
    is_ai_work: bool


def titles_of(session: Session, workspace_id: str, story_keys: Collection[str]) -> dict[str, Title]:
    """Return the titles of the stories that we know, deleted ones included."""
    rows = session.execute(
        select(StoryRow.story_key, StoryRow.summary, StoryRow.status, StoryRow.is_ai_work).where(
            StoryRow.workspace_id == workspace_id,
            StoryRow.story_key == func.any(list(story_keys)),
        )
    )
    return {row[0]: Title(row[1], row[2], row[3]) for row in rows}
