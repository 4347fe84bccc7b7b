"""Follows Jira: reads a story or Sprint again and takes in what it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.foundation.row_wall import across
from integration.jira.failures import JiraFailure
from integration.jira.field_catalogue import chosen_class, stated_inputs
from integration.jira.story_template import digest_of, find_section, read_rows
from integration.jobs.read_sprint_caps import read_sprint_caps
from integration.jobs.restore_figures import restore_figures
from integration.journeys import close_sprint, keep_backlog
from integration.journeys.estimate_story import re_estimate

if TYPE_CHECKING:
    from datetime import datetime

    from integration.backlog.story import Sprint, Story
    from integration.jobs.house import House

NOT_THERE = 404


def read_story(house: House, workspace_id: str, issue_id: str, at: datetime | None) -> str:
    """Read a story again; one that Jira does not show us any more is taken for deleted.

    `at` is when Jira said something about it. Returns a note for the delivery.
    """
    try:
        story = house.outside.jira(workspace_id).story(issue_id)
    except JiraFailure as failure:
        if failure.status != NOT_THERE:
            raise
        forget_story(house, workspace_id, issue_id, at)
        return "Jira does not have it any more"
    follow_story(house, workspace_id, story)
    return ""


def forget_story(house: House, workspace_id: str, issue_id: str, at: datetime | None) -> None:
    """Note that Jira deleted a story, `at` or just now."""
    books = house.books.for_workspace(workspace_id)
    now = at or house.clock.now()
    keep_backlog.forget_story(house.transactions, workspace_id, issue_id, books, now=now)


def follow_story(
    house: House, workspace_id: str, story: Story, met: set[int] | None = None
) -> None:
    """Take in a story that was read from Jira just now, and the Sprints it names.

    `met` are Sprints that are known for certain; those met here are added to it.
    """
    met = set() if met is None else met
    for sprint_id in {each.sprint_id for each in story.memberships} - met:
        _know_sprint(house, workspace_id, sprint_id)
        met.add(sprint_id)
    connection = house.outside.jira(workspace_id).connection
    field_ids = connection.fields_of(story.story_key)
    keep_backlog.take_in_story(
        house.transactions,
        workspace_id,
        story,
        house.books.for_workspace(workspace_id),
        rows=read_rows(story.description),
        has_section=find_section(story.description) is not None,
        now=house.clock.now(),
        fields=stated_inputs(story.fields, field_ids),
        description=digest_of(story.description),
        workload_class=chosen_class(story.fields, field_ids),
    )
    restore_figures(house, connection, story)


def read_sprint(house: House, workspace_id: str, sprint_id: int, at: datetime | None) -> str:
    """Read a Sprint again and follow it; returns a note for the delivery."""
    reading = begin_reading(house)
    try:
        sprint = house.outside.jira(workspace_id).sprint(sprint_id)
    except JiraFailure as failure:
        if failure.status != NOT_THERE:
            raise
        now = house.clock.now()
        keep_backlog.end_sprint(
            house.transactions, workspace_id, sprint_id, at=at or now, now=now, reading=reading
        )
        return f"Sprint {sprint_id} is not there any more; its spend stays"
    follow_sprint(house, workspace_id, sprint, reading)
    return ""


def begin_reading(house: House) -> int:
    """Number a look at Jira's Sprints before Jira is asked: the later look counts."""
    with across(house.transactions).begin() as session:
        return backlog.begin_reading(session)


def follow_sprint(house: House, workspace_id: str, sprint: Sprint, reading: int) -> None:
    """Take in a Sprint that a reading of Jira saw; a closed one with its stories.

    New dates change what "per day" amounts to, so estimates are made anew. What a later reading
    has seen already stays.
    """
    with house.transactions.begin() as session:
        known = backlog.sprint(session, workspace_id, sprint.sprint_id)
    if sprint.state == "closed":
        _read_stories(house, workspace_id, sprint.sprint_id, {sprint.sprint_id} if known else set())
    now, books = house.clock.now(), house.books.for_workspace(workspace_id)
    is_news = keep_backlog.take_in_sprint(
        house.transactions, workspace_id, sprint, now=now, reading=reading
    )
    if not is_news:
        return
    if sprint.state != "closed":
        read_sprint_caps(house, workspace_id, sprint.sprint_id)
    if sprint.state == "closed":
        close_sprint.close_sprint(
            house.transactions, workspace_id, sprint.sprint_id, books, reason="closed",
            now=now,
        )  # fmt: skip
    elif known and (known.starts_at, known.ends_at) != (sprint.starts_at, sprint.ends_at):
        re_estimate(house.transactions, workspace_id, books, now=now)


def _read_stories(house: House, workspace_id: str, sprint_id: int, met: set[int]) -> None:
    """Read a closed Sprint's stories again, also those that we think are in it and Jira does not.

    Such a story has left without our knowing; what it spent since is not the Sprint's.
    """
    gateway = house.outside.jira(workspace_id)
    with house.transactions.begin() as session:
        thought = backlog.stories_in(session, workspace_id, sprint_id)
        rows = backlog.stories(session, workspace_id, thought)
    known = [int(row.issue_id) for row in rows if row.issue_id.isdigit()]
    listed = set()
    # The search index lags behind the closing that just moved these stories.
    for story in gateway.stories_of_sprint(sprint_id, reconcile_issues=known):
        follow_story(house, workspace_id, story, met)
        listed.add(story.story_key)
    with house.transactions.begin() as session:
        keys = set(backlog.stories_in(session, workspace_id, sprint_id)) - listed
        left = [row.issue_id for row in backlog.stories(session, workspace_id, keys)
                if row.deleted_at is None]  # fmt: skip
    for issue_id in left:
        read_story(house, workspace_id, issue_id, None)


def _know_sprint(house: House, workspace_id: str, sprint_id: int) -> None:
    """Meet a Sprint that a story names before its own webhook has come."""
    with house.transactions.begin() as session:
        known = backlog.sprint(session, workspace_id, sprint_id) is not None
    if known:
        return
    reading = begin_reading(house)
    try:
        sprint = house.outside.jira(workspace_id).sprint(sprint_id)
    except JiraFailure as failure:
        if failure.status != NOT_THERE:
            raise
        return  # The story's history names a Sprint that was deleted.
    keep_backlog.take_in_sprint(
        house.transactions, workspace_id, sprint, now=house.clock.now(), reading=reading
    )
