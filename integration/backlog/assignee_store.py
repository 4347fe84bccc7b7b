"""Whose stories are whose, by Jira's account ids alone. Callers own the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, select, update

from integration.backlog.models import StoryRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def stories_of(session: Session, workspace_id: str, account_id: str) -> frozenset[str]:
    """Return the stories that an account works on: assigned to it, or with a sub-task that is."""
    theirs = case((StoryRow.is_subtask, StoryRow.parent_key), else_=StoryRow.story_key)
    return frozenset(
        session.scalars(
            select(theirs).where(
                StoryRow.workspace_id == workspace_id, StoryRow.assignee_id == account_id,
                StoryRow.assignee_id != "", StoryRow.deleted_at.is_(None),
            )
        )
    )  # fmt: skip


def forget_assignee(session: Session, workspace_id: str, account_id: str) -> int:
    """Forget which stories an account works on; returns how many. Jira's next news tell anew."""
    row = StoryRow
    changed = session.execute(
        update(row)
        .where(row.workspace_id == workspace_id, row.assignee_id == account_id)
        .where(row.assignee_id != "")
        .values(assignee_id="")
        .returning(row.issue_id)
    )
    return len(changed.all())
