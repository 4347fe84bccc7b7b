"""Reads and writes of the backlog room. Callers own the transaction."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from integration.backlog.models import MembershipRow, SprintRow, StoryRow
from integration.backlog.story import Membership, Sprint, Story

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

KEPT = (
    "issue_id", "story_key", "project_key", "summary", "issue_type", "status", "status_category",
    "parent_key", "epic_key", "is_subtask", "story_points", "created_at", "updated_at",
)  # fmt: skip


def save_story(session: Session, workspace_id: str, story: Story, *, is_ai_work: bool) -> bool:
    """Keep a story and its whole Sprint history; False when we already know a newer state."""
    values = {name: getattr(story, name) for name in KEPT} | {
        "labels": list(story.labels),
        "components": list(story.components),
        "is_ai_work": is_ai_work,
        "deleted_at": None,
    }
    row = insert(StoryRow).values(workspace_id=workspace_id, **values)
    saved = session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "issue_id"],
            set_=values,
            where=StoryRow.updated_at <= row.excluded.updated_at,
        ).returning(StoryRow.issue_id)
    )
    if saved.scalar() is None:
        return False
    _replace_memberships(session, workspace_id, story)
    return True


def _replace_memberships(session: Session, workspace_id: str, story: Story) -> None:
    session.execute(
        delete(MembershipRow).where(
            MembershipRow.workspace_id == workspace_id, MembershipRow.story_key == story.story_key
        )
    )
    if story.memberships:
        session.execute(
            insert(MembershipRow).on_conflict_do_nothing(),
            [
                {"workspace_id": workspace_id, "story_key": story.story_key, **asdict(membership)}
                for membership in story.memberships
            ],
        )


def mark_deleted(session: Session, workspace_id: str, issue_id: str, now: datetime) -> str | None:
    """Note that Jira no longer has the story; what it spent stays. Returns its key if known."""
    return session.scalar(
        update(StoryRow)
        .where(StoryRow.workspace_id == workspace_id, StoryRow.issue_id == issue_id)
        .values(deleted_at=now)
        .returning(StoryRow.story_key)
    )


def save_sprint(session: Session, workspace_id: str, sprint: Sprint) -> None:
    """Keep a Sprint as Jira tells it now."""
    values = asdict(sprint)
    row = insert(SprintRow).values(workspace_id=workspace_id, **values)
    session.execute(
        row.on_conflict_do_update(index_elements=["workspace_id", "sprint_id"], set_=values)
    )


def sprint(session: Session, workspace_id: str, sprint_id: int) -> Sprint | None:
    """Return a Sprint; None when we have not met it."""
    row = session.get(SprintRow, (workspace_id, sprint_id), populate_existing=True)
    return _sprint(row) if row else None


def sprints(
    session: Session, workspace_id: str, *, states: Collection[str] = ("active",)
) -> list[Sprint]:
    """Return the Sprints in these states, in order of their start."""
    rows = session.scalars(
        select(SprintRow)
        .where(SprintRow.workspace_id == workspace_id, SprintRow.state.in_(states))
        .order_by(SprintRow.starts_at, SprintRow.sprint_id)
    )
    return [_sprint(row) for row in rows]


def closed_among(session: Session, workspace_id: str, sprint_ids: Collection[int]) -> list[int]:
    """Return which of these Sprints have closed."""
    if not sprint_ids:
        return []
    return list(
        session.scalars(
            select(SprintRow.sprint_id).where(
                SprintRow.workspace_id == workspace_id,
                SprintRow.sprint_id.in_(list(sprint_ids)),
                SprintRow.state == "closed",
            )
        )
    )


def story(session: Session, workspace_id: str, story_key: str) -> StoryRow | None:
    """Return a story's last known state; None when we have not met it or it was deleted."""
    return session.scalar(
        select(StoryRow).where(
            StoryRow.workspace_id == workspace_id,
            StoryRow.story_key == story_key,
            StoryRow.deleted_at.is_(None),
        )
    )


def stories(session: Session, workspace_id: str, story_keys: Collection[str]) -> list[StoryRow]:
    """Return the known stories among these keys, deleted ones included, by key."""
    return list(
        session.scalars(
            select(StoryRow)
            .where(StoryRow.workspace_id == workspace_id, StoryRow.story_key.in_(story_keys))
            .order_by(StoryRow.story_key)
        )
    )


def stories_in(session: Session, workspace_id: str, sprint_id: int) -> list[str]:
    """Return the keys of all stories that ever were in a Sprint, sorted."""
    return list(
        session.scalars(
            select(MembershipRow.story_key)
            .where(MembershipRow.workspace_id == workspace_id, MembershipRow.sprint_id == sprint_id)
            .distinct()
            .order_by(MembershipRow.story_key)
        )
    )


def memberships(
    session: Session, workspace_id: str, story_keys: Collection[str]
) -> dict[str, list[Membership]]:
    """Return the Sprint histories of these stories, each in order of joining.

    A closed Sprint ends every membership in it: what a finished story spends later, in production,
    is not the Sprint's.
    """
    closed_at = case((SprintRow.state == "closed", SprintRow.completed_at))
    rows = session.execute(
        select(
            MembershipRow.story_key, MembershipRow.sprint_id, MembershipRow.joined_at,
            func.least(MembershipRow.left_at, closed_at),
        )
        .outerjoin(
            SprintRow,
            (SprintRow.workspace_id == MembershipRow.workspace_id)
            & (SprintRow.sprint_id == MembershipRow.sprint_id),
        )
        .where(
            MembershipRow.workspace_id == workspace_id,
            MembershipRow.story_key.in_(list(story_keys)),
        )
        .order_by(MembershipRow.joined_at)
    )  # fmt: skip
    histories: dict[str, list[Membership]] = {}
    for story_key, sprint_id, joined_at, left_at in rows:
        histories.setdefault(story_key, []).append(Membership(sprint_id, joined_at, left_at))
    return histories


def parents(session: Session, workspace_id: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the parent story of each sub-task among these keys."""
    rows = session.execute(
        select(StoryRow.story_key, StoryRow.parent_key).where(
            StoryRow.workspace_id == workspace_id,
            StoryRow.story_key.in_(list(keys)),
            StoryRow.is_subtask,
            StoryRow.parent_key != "",
        )
    )
    return dict(rows.tuples().all())


def _sprint(row: SprintRow) -> Sprint:
    return Sprint(
        row.sprint_id, row.board_id, row.name,
        row.state,  # type: ignore[arg-type]  # Written only from a Sprint, which has the literal.
        row.goal, row.starts_at, row.ends_at, row.completed_at,
    )  # fmt: skip
