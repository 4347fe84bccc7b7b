"""A story and a Sprint as Jira last told them, free of Jira's JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime

SprintState = Literal["future", "active", "closed"]


@dataclass(frozen=True, slots=True)
class Membership:
    """In a Sprint from `joined_at` (inclusive) until `left_at` (exclusive; None: still)."""

    sprint_id: int
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoryHistory:
    """A story and the Sprints it has been in, in order of joining."""

    story_key: str
    memberships: list[Membership]


@dataclass(frozen=True, slots=True)
class Story:
    """A Product Backlog item. `issue_id` never changes; `story_key` may when it moves project."""

    issue_id: str
    story_key: str
    project_key: str
    summary: str
    issue_type: str
    status: str
    status_category: Literal["new", "indeterminate", "done"]
    updated_at: datetime
    created_at: datetime
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    parent_key: str = ""
    epic_key: str = ""
    is_subtask: bool = False
    assignee_id: str = ""
    """Jira's id of the account that works on it; never shown, and no name comes with it."""
    story_points: float | None = None
    description: dict[str, Any] | None = None
    """ADF; None when empty."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Our own fields' current values by field id."""
    memberships: tuple[Membership, ...] = ()


@dataclass(frozen=True, slots=True)
class Sprint:
    """A Sprint of one board. `completed_at` is set by Jira when it closes."""

    sprint_id: int
    board_id: int | None
    name: str
    state: SprintState
    goal: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    completed_at: datetime | None = None
