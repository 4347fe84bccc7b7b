"""Finds what webhooks missed: every story that changed since the last time, read again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.jobs.drain_inbox import follow_sprint, follow_story
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from integration.jobs.house import House

OVERLAP = timedelta(minutes=10)
"""Jira's search index lags, and its clock is not ours."""


def catch_up(
    house: House, workspace_id: str, *, everything: bool = False,
    tick: Callable[[], object] = lambda: None,
) -> int:  # fmt: skip
    """Read the workspace's changed stories, oldest change first, and its running Sprints.

    How far it came is kept after each hundred, so that a run cut short goes on from there.
    Returns how many stories were read.
    """
    gateway = house.outside.jira(workspace_id)
    began = house.clock.now()
    with house.transactions.begin() as session:
        since = None if everything else workspaces.synced_until(session, workspace_id)
    projects = ", ".join(f'"{key}"' for key in gateway.connection.project_keys)
    changed = f" AND updated >= {_relative(since, began)}" if since else ""
    read = 0
    for story in gateway.stories(f"project IN ({projects}){changed} ORDER BY updated ASC"):
        follow_story(house, workspace_id, story)
        read += 1
        tick()
        if read % 100 == 0:
            _note(house, workspace_id, story.updated_at)
    for project in gateway.connection.project_keys:
        for board in gateway.boards(project):
            for sprint in gateway.sprints_of_board(board.board_id, ("active", "future")):
                follow_sprint(house, workspace_id, sprint.sprint_id)
    _note(house, workspace_id, began)
    return read


def _relative(since: datetime, now: datetime) -> str:
    """JQL's dates are in the asking account's time zone; minutes ago are the same everywhere."""
    minutes = int((now - since + OVERLAP) / timedelta(minutes=1)) + 1
    return f'"-{minutes}m"'


def _note(house: House, workspace_id: str, until: datetime) -> None:
    with house.transactions.begin() as session:
        workspaces.note_synced(session, workspace_id, until)
