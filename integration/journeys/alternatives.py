"""What a story or a Sprint would cost and emit otherwise: read only, nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.backlog.sprint_at import sprint_at
from integration.estimation import forecast
from integration.estimation import store as estimates
from integration.estimation.whatif import Alternative, Offer, WhatIf, best_offers, what_if
from integration.foundation.errors import NotFound
from integration.journeys.finished_stories import traits_of
from integration.journeys.team_history import calibration_of, team_of
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.estimation.workload import Estimate
    from integration.journeys.books import Books
    from integration.workspaces.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StoryAlternative:
    """One alternative, and the whole story's estimate were it taken."""

    alternative: Alternative
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class StoryWhatIf:
    """A story's present estimate, and its alternatives: those that save money, then the greener."""

    story_key: str
    version: int
    today: Estimate
    cheapest: tuple[StoryAlternative, ...]
    greenest: tuple[StoryAlternative, ...]


def offers_for(
    session: Session, workspace: Workspace, found: Estimate, books: Books, now: datetime
) -> tuple[Offer | None, Offer | None]:
    """Return the cheapest and the greenest alternative to an estimate; None: there is none."""
    return best_offers(_what_if(session, workspace, found, books, now))


def alternatives_of_story(
    session: Session, workspace_id: str, story_key: str, books: Books, *, now: datetime
) -> StoryWhatIf:
    """Work out a story's alternatives from its newest estimate.

    Raises:
        NotFound: the story has no estimate.
    """
    version = estimates.latest(session, workspace_id, story_key)
    if version is None:
        raise NotFound(f"There is no estimate of {story_key!r}")
    workspace = workspaces.find(session, workspace_id)
    found = _what_if(session, workspace, version.estimate, books, now)
    story = backlog.story(session, workspace_id, story_key)
    calibration = calibration_of(session, workspace_id)
    history = backlog.memberships(session, workspace_id, [story_key]).get(story_key, ())
    team = team_of(backlog.sprint(session, workspace_id, sprint_at(history, now)))

    def whole(alternative: Alternative) -> StoryAlternative:
        changed = [
            alternative.changed if each.name == alternative.workload else each
            for each in version.estimate.workloads
        ]
        estimate = forecast.estimate(
            changed, at=now, price_book=books.prices, carbon_book=books.carbon,
            default_region=workspace.default_region, calibration=calibration,
            traits=traits_of(story) if story else None, team=team,
        )  # fmt: skip
        return StoryAlternative(alternative, estimate)

    return StoryWhatIf(
        story_key=story_key,
        version=version.version,
        today=version.estimate,
        cheapest=tuple(whole(each) for each in found.cheapest),
        greenest=tuple(whole(each) for each in found.greenest),
    )


def alternatives_of_sprint(
    session: Session, workspace_id: str, sprint_id: int, books: Books, *, now: datetime
) -> dict[str, WhatIf]:
    """Work out the alternatives of each estimated story that ever was in a Sprint, by story key."""
    workspace = workspaces.find(session, workspace_id)
    story_keys = backlog.stories_in(session, workspace_id, sprint_id)
    return {
        story_key: _what_if(session, workspace, version.estimate, books, now)
        for story_key, version in sorted(
            estimates.latest_of(session, workspace_id, story_keys).items()
        )
    }


def _what_if(
    session: Session, workspace: Workspace, found: Estimate, books: Books, now: datetime
) -> WhatIf:
    return what_if(
        found.workloads,
        estimates.options_of(session, workspace.workspace_id),
        at=now,
        price_book=books.prices,
        carbon_book=books.carbon,
        default_region=workspace.default_region,
        log_shift=found.calibration.log_shift if found.calibration else 0.0,
    )
