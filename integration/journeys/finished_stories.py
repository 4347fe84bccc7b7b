"""The finished stories that missing inputs may be suggested from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.estimation.similarity import StoryTraits
from integration.estimation.suggestion import FinishedStory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session


class _Compared(Protocol):
    """What is compared of a story, as read from Jira or from our own table."""

    @property
    def story_key(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def labels(self) -> Iterable[str]: ...
    @property
    def components(self) -> Iterable[str]: ...
    @property
    def epic_key(self) -> str: ...


NEWEST_SPRINTS = 12
"""Older stories say little about today's models and habits, and reading them takes time."""


def traits_of(story: _Compared) -> StoryTraits:
    """Return what of a story is compared with others."""
    return StoryTraits(
        story.story_key, story.summary, frozenset(story.labels), frozenset(story.components),
        story.epic_key,
    )  # fmt: skip


def finished_stories(session: Session, workspace_id: str) -> list[FinishedStory]:
    """Return the estimated stories of the newest closed Sprints with their workloads as planned."""
    closed = backlog.sprints(session, workspace_id, states=("closed",))[-NEWEST_SPRINTS:]
    story_keys = {
        story_key
        for sprint in closed
        for story_key in backlog.stories_in(session, workspace_id, sprint.sprint_id)
    }
    versions = estimates.latest_of(session, workspace_id, story_keys)
    return [
        FinishedStory(traits_of(row), versions[row.story_key].estimate.workloads)
        for row in backlog.stories(session, workspace_id, versions.keys())
        if row.status_category == "done"
    ]
