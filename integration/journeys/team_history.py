"""What the workspace's closed Sprints teach its estimates."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.estimation.calibration import MOST_OUTCOMES, Calibration, Outcome
from integration.estimation.subject import subject_of
from integration.journeys.finished_stories import traits_of
from integration.ledger import queries as ledger
from integration.reconciliation import store as reconciliation

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.estimation.similarity import StoryTraits
    from integration.estimation.store import EstimateVersion


class _Learnt(NamedTuple):
    revisions: int
    calibration: Calibration | None


_learnt: WeakKeyDictionary[Engine | Connection, dict[str, _Learnt]] = WeakKeyDictionary()
_lock = Lock()


def history_mark(session: Session, workspace_id: str) -> int:
    """Return a number that grows whenever a Sprint is reconciled, for the first time or anew."""
    return reconciliation.revisions_made(session, workspace_id)


def calibration_of(session: Session, workspace_id: str) -> Calibration | None:
    """Return the calibration from the workspace's own closed Sprints; None while there is none.

    It is worked out once per process and revision of any Sprint's report, as of the newest closing:
    the same history gives the same correction on any day.
    """
    revisions = history_mark(session, workspace_id)
    with _lock:
        known = _learnt.setdefault(session.get_bind(), {}).get(workspace_id)
    if known is not None and known.revisions == revisions:
        return known.calibration
    outcomes = outcomes_of(session, workspace_id) if revisions else []
    found = Calibration(outcomes, max(each.closed_at for each in outcomes)) if outcomes else None
    if found is not None:
        found.correction(subject_of(()))  # Fits now, so that no later estimate waits for it.
    with _lock:
        _learnt[session.get_bind()][workspace_id] = _Learnt(revisions, found)
    return found


class _Spent(NamedTuple):
    """What a story spent in closed Sprints, from its first to its last one."""

    list_cost_nanousd: int
    unpriced_calls: int
    first: Sprint
    last: Sprint


def outcomes_of(session: Session, workspace_id: str) -> list[Outcome]:
    """Return the newest closed stories: the estimate at their first Sprint's start, and the actual.

    Left out: stories that are in a running or future Sprint, that used nothing, that used a model
    without a price, or that had no dollar estimate before their last Sprint closed.
    """
    spent = _spent(session, workspace_id)
    for story_key in _unfinished(session, workspace_id):
        spent.pop(story_key, None)
    stated = _stated(session, workspace_id, spent)
    stories = backlog.stories(session, workspace_id, spent.keys())
    traits = {story.story_key: traits_of(story) for story in stories}
    outcomes = [
        outcome
        for story_key, found in sorted(spent.items())
        if (version := stated.get(story_key))
        and (outcome := _outcome(version, found, traits.get(story_key)))
    ]
    return sorted(outcomes, key=lambda outcome: outcome.closed_at)[-MOST_OUTCOMES:]


def _spent(session: Session, workspace_id: str) -> dict[str, _Spent]:
    """Add up each story's spend, Sprint by Sprint from the newest, until there are enough."""
    found: dict[str, _Spent] = {}
    closed = backlog.sprints(session, workspace_id, states=("closed",))
    reconciled = reconciliation.reconciled_sprints(session, workspace_id)
    dated = [each for each in closed if each.completed_at and each.sprint_id in reconciled]
    for sprint in sorted(dated, key=_completed_at, reverse=True):
        if len(found) >= MOST_OUTCOMES:
            break
        for row in ledger.spend_in_sprint(session, workspace_id, sprint.sprint_id):
            if row.story_key and row.spend.calls + row.spend.accelerator_seconds > 0:
                later = found.get(row.story_key)
                found[row.story_key] = _Spent(
                    row.spend.list_cost_nanousd + (later.list_cost_nanousd if later else 0),
                    row.spend.unpriced_calls + (later.unpriced_calls if later else 0),
                    sprint,
                    later.last if later else sprint,
                )
    return found


def _unfinished(session: Session, workspace_id: str) -> set[str]:
    return {
        story_key
        for sprint in backlog.sprints(session, workspace_id, states=("active", "future"))
        for story_key in backlog.stories_in(session, workspace_id, sprint.sprint_id)
    }


def _stated(
    session: Session, workspace_id: str, spent: dict[str, _Spent]
) -> dict[str, EstimateVersion]:
    """The estimate as it stood when the story's first Sprint began, else its first one."""
    stated: dict[str, EstimateVersion] = {}
    by_sprint: dict[Sprint, list[str]] = {}
    for story_key, found in spent.items():
        by_sprint.setdefault(found.first, []).append(story_key)
    for sprint, story_keys in by_sprint.items():
        if sprint.starts_at is not None:
            stated |= estimates.at_of(session, workspace_id, story_keys, sprint.starts_at)
    late = estimates.first_of(session, workspace_id, spent.keys() - stated.keys())
    return stated | {
        story_key: version
        for story_key, version in late.items()
        if version.created_at < _completed_at(spent[story_key].last)
    }


def team_of(sprint: Sprint | None) -> str:
    """Return what stands for a team in the history: the board of its Sprints; empty if unknown."""
    return str(sprint.board_id or "") if sprint else ""


def _outcome(version: EstimateVersion, found: _Spent, traits: StoryTraits | None) -> Outcome | None:
    estimate = version.estimate
    cost = estimate.list_cost_nanousd
    if cost is None or not estimate.workloads or found.unpriced_calls:
        return None
    return Outcome(
        subject=subject_of(estimate.workloads, traits, team_of(found.last)),
        estimate_central=cost.central,
        estimate_low=cost.low,
        estimate_high=cost.high,
        actual=found.list_cost_nanousd,
        closed_at=_completed_at(found.last),
        log_shift=estimate.calibration.log_shift if estimate.calibration else 0.0,
    )


def _completed_at(sprint: Sprint) -> datetime:
    assert sprint.completed_at is not None  # noqa: S101 -- Only Sprints with it get here.
    return sprint.completed_at
