"""Journeys: a story's inputs changed, or what its estimate rests on did; Jira shall show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.backlog.sprint_at import sprint_at
from integration.estimation import queries as estimate_queries
from integration.estimation import store as estimates
from integration.estimation.advice import Advice, SuggestedInput, as_written
from integration.estimation.stated_inputs import StatedInputs, read_story
from integration.estimation.suggestion import suggest
from integration.estimation.whatif import best_offers, what_if
from integration.journeys.estimating import estimating
from integration.journeys.finished_stories import finished_stories, traits_of
from integration.journeys.show_story import promise_story
from integration.journeys.team_history import calibration_of
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Membership, Sprint, Story
    from integration.estimation.similarity import StoryTraits
    from integration.estimation.workload import Estimate
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.journeys.show_story import Seen
    from integration.workspaces.workspace import Workspace

USUAL_SPRINT_DAYS = 10


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is estimated: the story's traits, its Sprint history, what it and its parts state."""

    traits: StoryTraits
    memberships: Sequence[Membership]
    stated: StatedInputs
    parts: Mapping[str, StatedInputs]


def estimate(
    session: Session, workspace: Workspace, story: Story, books: Books, *,
    stated: StatedInputs, seen: Seen, now: datetime,
) -> None:  # fmt: skip
    """Save a version of the estimate when anything it rests on changed, and promise Jira's view.

    A finished story keeps the estimate it was finished with: a later one has seen its actual.
    """
    workspace_id = workspace.workspace_id
    if story.status_category == "done" and estimates.latest(session, workspace_id, story.story_key):
        promise_story(session, workspace_id, story.story_key, now)
        return
    estimates.keep_inputs(session, workspace_id, story.story_key, stated, now)
    parts = parts_of(session, workspace_id, story.story_key)
    subject = _Subject(traits_of(story), story.memberships, stated, parts)
    _estimate(session, workspace, subject, books, seen=seen, now=now)


def parts_of(session: Session, workspace_id: str, story_key: str) -> dict[str, StatedInputs]:
    """Return what a story's sub-tasks state, by their keys."""
    subtasks = backlog_queries.subtasks_of(session, workspace_id, story_key)
    return estimate_queries.inputs_of(session, workspace_id, subtasks) if subtasks else {}


def estimate_parent(
    session: Session, workspace_id: str, parent_key: str, books: Books, now: datetime
) -> None:
    """Estimate a story anew whose sub-tasks state something else than before.

    One that we do not know yet is estimated when it is read; a finished one keeps its estimate.
    """
    story = backlog.story(session, workspace_id, parent_key)
    if story is None:
        return
    is_estimated = estimates.latest(session, workspace_id, parent_key) is not None
    if not (story.status_category == "done" and is_estimated):
        estimates.begin_inputs(session, workspace_id, parent_key, now)
        _re_estimate_one(session, workspace_id, parent_key, books, now)


def re_estimate(
    transactions: Transactions, workspace_id: str, books: Books, *, now: datetime
) -> list[str]:
    """Estimate every unfinished story of a running or future Sprint anew.

    Prices, factors or the team's history may have changed since; where nothing that an estimate
    rests on did, no version is saved and nothing is said. Returns the stories with a new version.
    """
    with transactions.begin() as session:
        open_stories = list(_open_stories(session, workspace_id, now))
        calibration_of(session, workspace_id)
    changed = []
    for story_key in open_stories:
        with transactions.begin() as session:
            if _re_estimate_one(session, workspace_id, story_key, books, now):
                changed.append(story_key)
    return changed


def _open_stories(session: Session, workspace_id: str, now: datetime) -> Iterator[str]:
    for sprint in backlog.sprints(session, workspace_id, states=("active", "future")):
        story_keys = backlog.stories_in(session, workspace_id, sprint.sprint_id)
        history = backlog.memberships(session, workspace_id, story_keys)
        for row in backlog.stories(session, workspace_id, story_keys):
            is_here = sprint_at(history.get(row.story_key, ()), now) == sprint.sprint_id
            if is_here and row.deleted_at is None and row.status_category != "done":
                yield row.story_key


def _re_estimate_one(
    session: Session, workspace_id: str, story_key: str, books: Books, now: datetime
) -> bool:
    stated = estimates.kept_inputs(session, workspace_id, story_key)
    story = backlog.story(session, workspace_id, story_key)
    if stated is None or story is None:
        return False
    history = backlog.memberships(session, workspace_id, [story_key])
    parts = parts_of(session, workspace_id, story_key)
    subject = _Subject(traits_of(story), history.get(story_key, ()), stated, parts)
    workspace = workspaces.find(session, workspace_id)
    return _estimate(session, workspace, subject, books, seen=None, now=now)


def _estimate(
    session: Session, workspace: Workspace, subject: _Subject, books: Books, *,
    seen: Seen | None, now: datetime,
) -> bool:  # fmt: skip
    """Save and promise; returns whether there is a new version."""
    workspace_id, traits = workspace.workspace_id, subject.traits
    sprint = backlog.sprint(session, workspace_id, sprint_at(subject.memberships, now))
    reading = read_story(subject.stated, subject.parts, sprint_days=_sprint_days(sprint))
    estimated = estimating(session, workspace, traits, subject.memberships, books, now)
    found = estimated(reading.workloads, reading.problems, assumptions=reading.assumptions)
    _, is_new = estimates.save_if_changed(session, workspace_id, traits.story_key, found, now)
    tried = what_if(found, estimates.options_of(session, workspace_id), estimated)
    cheapest, greenest = best_offers(tried)
    suggested = _suggested(session, workspace_id, traits, found)
    advice = Advice(cheapest, greenest, suggested, reading.conflicts)
    promise_story(session, workspace_id, traits.story_key, now, seen=seen, advice=advice)
    return is_new


def _suggested(
    session: Session, workspace_id: str, traits: StoryTraits, found: Estimate
) -> tuple[SuggestedInput, ...]:
    """What could stand where an input is missing."""
    if not found.missing:
        return ()
    finished = finished_stories(session, workspace_id)
    return tuple(map(as_written, suggest(traits, found.workloads, found.missing, finished)))


def _sprint_days(sprint: Sprint | None) -> int:
    """Working days (Monday to Friday) of a Sprint; ten when there is none."""
    if sprint is None or sprint.starts_at is None or sprint.ends_at is None:
        return USUAL_SPRINT_DAYS
    length = (sprint.ends_at.date() - sprint.starts_at.date()).days
    days = (sprint.starts_at.date() + timedelta(days=passed) for passed in range(length))
    return max(1, sum(day.isoweekday() <= 5 for day in days))
