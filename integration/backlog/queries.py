"""Reads of many stories at once: what a list shows of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from integration.backlog.models import MembershipRow, StoryRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


class Title(NamedTuple):
    """How a story is named, and how it stands in Jira."""

    summary: str
    status: str
    is_ai_work: bool


def living_ids(session: Session, workspace_id: str) -> set[int]:
    """Return the issue ids of all stories that Jira has, as far as we know."""
    rows = session.scalars(
        select(StoryRow.issue_id).where(
            StoryRow.workspace_id == workspace_id, StoryRow.deleted_at.is_(None)
        )
    )
    return {int(issue_id) for issue_id in rows if issue_id.isdigit()}


def stories_of_epic(session: Session, workspace_id: str, epic_key: str) -> list[str]:
    """Return the keys of an epic's stories, deleted ones included: their spend is the epic's."""
    rows = session.scalars(
        select(StoryRow.story_key)
        .where(StoryRow.workspace_id == workspace_id, StoryRow.epic_key == epic_key)
        .order_by(StoryRow.story_key)
    )
    return list(rows)


def is_storys() -> ColumnElement[bool]:
    """Whether a membership is a story's, as part of a query: sub-tasks come along with theirs."""
    part = select(StoryRow.issue_id).where(
        StoryRow.workspace_id == MembershipRow.workspace_id,
        StoryRow.story_key == MembershipRow.story_key,
        StoryRow.is_subtask,
    )
    return ~part.exists()


def keys_in(session: Session, workspace_id: str, sprint_id: int) -> set[str]:
    """Return the keys of all stories that ever were in a Sprint."""
    return set(
        session.scalars(
            select(MembershipRow.story_key).where(
                MembershipRow.workspace_id == workspace_id,
                MembershipRow.sprint_id == sprint_id,
                is_storys(),
            )
        )
    )


def open_in(session: Session, workspace_id: str, sprint_id: int) -> set[str]:
    """Return the keys of the stories that are in a Sprint now and not done."""
    here = select(MembershipRow.story_key).where(
        MembershipRow.workspace_id == workspace_id,
        MembershipRow.sprint_id == sprint_id,
        MembershipRow.left_at.is_(None),
    )
    return set(
        session.scalars(
            select(StoryRow.story_key).where(
                StoryRow.workspace_id == workspace_id,
                StoryRow.story_key.in_(here),
                StoryRow.status_category != "done",
                StoryRow.deleted_at.is_(None),
            )
        )
    )


def other_work(session: Session, workspace_id: str, story_keys: Collection[str]) -> frozenset[str]:
    """Return which of these stories are known not to be AI work."""
    return frozenset(
        session.scalars(
            select(StoryRow.story_key).where(
                StoryRow.workspace_id == workspace_id,
                StoryRow.story_key == func.any(list(story_keys)),
                ~StoryRow.is_ai_work,
            )
        )
    )


def subtasks_of(session: Session, workspace_id: str, story_key: str) -> list[str]:
    """Return the keys of the sub-tasks that a story has now."""
    rows = session.scalars(
        select(StoryRow.story_key)
        .where(
            StoryRow.workspace_id == workspace_id, StoryRow.parent_key == story_key,
            StoryRow.is_subtask, StoryRow.deleted_at.is_(None),
        )
        .order_by(StoryRow.story_key)
    )  # fmt: skip
    return list(rows)


def titles_of(session: Session, workspace_id: str, story_keys: Collection[str]) -> dict[str, Title]:
    """Return the titles of the stories that we know, deleted ones included."""
    rows = session.execute(
        select(StoryRow.story_key, StoryRow.summary, StoryRow.status, StoryRow.is_ai_work).where(
            StoryRow.workspace_id == workspace_id,
            StoryRow.story_key == func.any(list(story_keys)),
        )
    )
    return {row[0]: Title(row[1], row[2], row[3]) for row in rows}
