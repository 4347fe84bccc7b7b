"""Finds what webhooks missed: stories that changed or are gone, Sprints that moved on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.foundation.errors import DeliveryFailed
from integration.jobs.follow_jira import (
    begin_reading,
    follow_sprint,
    follow_story,
    forget_story,
    read_sprint,
)
from integration.jobs.keep_webhooks import keep_webhooks
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from integration.backlog.story import Sprint
    from integration.jira.gateway import JiraGateway
    from integration.jobs.house import House

log = structlog.get_logger()

OVERLAP = timedelta(minutes=10)
"""Jira's search index lags, and its clock is not ours."""
NOTED_EVERY = 100
READ_AT_ONCE = 100

_at_work = threading.Lock()


def catch_up_everyone(house: House) -> None:
    """Catch up in every workspace, in a thread of its own: other jobs of the clock keep time.

    What a stopping process leaves undone the next one finds again.
    """
    if _at_work.locked():
        return
    threading.Thread(target=_catch_up_everyone, args=(house,), name="catch-up", daemon=True).start()


def _catch_up_everyone(house: House) -> None:
    with _at_work:
        for workspace_id in house.workspace_ids():
            try:
                catch_up_quietly(house, workspace_id)
                keep_webhooks(house, workspace_id)
            except Exception:
                log.exception("catch_up.fault", workspace_id=workspace_id)


def catch_up_quietly(house: House, workspace_id: str) -> None:
    """Catch up unless the workspace waits for Jira; a failure is logged, and may make it wait."""
    house, now = house.within(workspace_id), house.clock.now()
    with house.transactions.begin() as session:
        projects = workspaces.project_keys(session, workspace_id)
        waits = mailbox_queries.paused_until(session, workspace_id, "jira", now)
    if waits or not projects:
        return
    try:
        catch_up(house, workspace_id)
    except DeliveryFailed as failure:
        log.warning("catch_up.failed", workspace_id=workspace_id, reason=failure.message)
        if failure.workspace_wide and failure.retry_after:
            until = house.clock.now() + failure.retry_after
            with house.transactions.begin() as session:
                mailbox.pause(session, workspace_id, "jira", until, failure.message)


@dataclass(slots=True)
class _Round:
    """One catch-up of one workspace."""

    house: House
    workspace_id: str
    gateway: JiraGateway
    since: datetime | None
    tick: Callable[[], object]
    met: set[int] = field(default_factory=set)
    """Sprints that stories have named."""
    read: int = 0

    @property
    def projects(self) -> str:
        """The workspace's projects as JQL."""
        quoted = ", ".join(f'"{key}"' for key in self.gateway.connection.project_keys)
        return f"project IN ({quoted})"

    def follow(self, jql: str, *, is_noted: bool = False) -> None:
        """Take in what a JQL finds; how far it came is kept, so that a later run goes on there."""
        for story in self.gateway.stories(jql):
            follow_story(self.house, self.workspace_id, story, self.met)
            self.read += 1
            self.tick()
            if is_noted and self.read % NOTED_EVERY == 0:
                _note(self.house, self.workspace_id, story.updated_at)


def catch_up(
    house: House, workspace_id: str, *, everything: bool = False,
    tick: Callable[[], object] = lambda: None,
) -> int:  # fmt: skip
    """Read the workspace's changed stories, oldest change first, then what is gone, then Sprints.

    Returns how many stories were read.
    """
    house, gateway = house.within(workspace_id), house.outside.jira(workspace_id)
    began = house.clock.now()
    with house.transactions.begin() as session:
        since = None if everything else workspace_queries.synced_until(session, workspace_id)
    if since is not None and since > began:
        since = None  # A clock was set back, so what we noted says nothing.
    here = _Round(house, workspace_id, gateway, since, tick)
    if not gateway.connection.project_keys:
        return 0
    changed = f" AND updated >= {_relative(since, began)}" if since else ""
    here.follow(f"{here.projects}{changed} ORDER BY updated ASC", is_noted=True)
    _compare_ids(here)
    _follow_sprints(here)
    _note(house, workspace_id, began)
    return here.read


def _compare_ids(here: _Round) -> None:
    """Find stories that are gone, or that we never heard of, by their ids alone.

    The search index lags, so what is missing there is asked for by name. A Jira that shows us
    nothing at all has not lost its stories; we have lost our rights.
    """
    with here.house.transactions.begin() as session:
        known = backlog_queries.living_ids(session, here.workspace_id)
    listed = set(here.gateway.issue_ids(here.projects))
    if not listed:
        return
    unknown, missing = sorted(listed - known), sorted(known - listed)
    for start in range(0, len(unknown), READ_AT_ONCE):
        some = ", ".join(map(str, unknown[start : start + READ_AT_ONCE]))
        here.follow(f"id IN ({some}) ORDER BY key")
    there = here.gateway.existing(missing) if missing else set()
    for issue_id in missing:
        if issue_id not in there:
            forget_story(here.house, here.workspace_id, str(issue_id), None)


def _follow_sprints(here: _Round) -> None:
    """Follow Sprints that are open, that we thought open, and that closed since the last time."""
    with here.house.transactions.begin() as session:
        thought = backlog.sprints(session, here.workspace_id, states=("active", "future"))
    reading = begin_reading(here.house)
    listed = {sprint.sprint_id: sprint for sprint in _open_sprints(here.gateway)}
    for sprint in listed.values():
        follow_sprint(here.house, here.workspace_id, sprint, reading)
    for sprint_id in sorted({sprint.sprint_id for sprint in thought} - listed.keys()):
        read_sprint(here.house, here.workspace_id, sprint_id, None)
    with here.house.transactions.begin() as session:
        closed = [
            sprint
            for sprint in (backlog.sprint(session, here.workspace_id, each) for each in here.met)
            if sprint and sprint.state == "closed" and _closed_since(sprint, here.since)
        ]
    for sprint in sorted(closed, key=lambda each: each.sprint_id):
        read_sprint(here.house, here.workspace_id, sprint.sprint_id, None)


def _closed_since(sprint: Sprint, since: datetime | None) -> bool:
    return bool(since and sprint.completed_at and sprint.completed_at >= since - OVERLAP)


def _open_sprints(gateway: JiraGateway) -> Iterator[Sprint]:
    for project in gateway.connection.project_keys:
        for board in gateway.boards(project):
            yield from gateway.sprints_of_board(board.board_id, ("active", "future"))


def _relative(since: datetime, now: datetime) -> str:
    """JQL's dates are in the asking account's time zone; minutes ago are the same everywhere."""
    minutes = int((now - since + OVERLAP) / timedelta(minutes=1)) + 1
    return f'"-{minutes}m"'


def _note(house: House, workspace_id: str, until: datetime) -> None:
    with house.transactions.begin() as session:
        workspaces.note_synced(session, workspace_id, until)
