"""What a story or a Sprint would cost and emit otherwise: read only, nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.estimation.whatif import what_if
from integration.foundation.errors import NotFound
from integration.journeys.estimating import estimating
from integration.journeys.finished_stories import traits_of
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.estimation.store import EstimateVersion
    from integration.estimation.whatif import Alternative, WhatIf
    from integration.estimation.workload import Estimate
    from integration.journeys.books import Books


@dataclass(frozen=True, slots=True)
class StoryWhatIf:
    """A story's newest version, what it would say today, and the alternatives to that."""

    version: EstimateVersion
    found: WhatIf

    @property
    def story_key(self) -> str:
        """The story."""
        return self.version.story_key

    @property
    def today(self) -> Estimate:
        """The planned work estimated now: the history, prices or factors may have changed."""
        return self.found.today

    @property
    def offered(self) -> tuple[Alternative, ...]:
        """The alternatives that save money, the most first, then those that only save CO₂e."""
        return tuple(dict.fromkeys((*self.found.cheapest, *self.found.greenest)))


def alternatives_of_story(
    session: Session, workspace_id: str, story_key: str, books: Books, *, now: datetime
) -> StoryWhatIf:
    """Work out a story's alternatives from its newest estimate.

    Raises:
        NotFound: the story has no estimate.
    """
    found = alternatives_of_stories(session, workspace_id, [story_key], books, now=now)
    if story_key not in found:
        raise NotFound(f"There is no estimate of {story_key!r}")
    return found[story_key]


def alternatives_of_stories(
    session: Session, workspace_id: str, story_keys: Collection[str], books: Books, *, now: datetime
) -> dict[str, StoryWhatIf]:
    """Work out the alternatives of each of these stories that is estimated, by story key."""
    workspace = workspaces.find(session, workspace_id)
    options = estimates.options_of(session, workspace_id)
    stories = {row.story_key: row for row in backlog.stories(session, workspace_id, story_keys)}
    histories = backlog.memberships(session, workspace_id, story_keys)
    found = {}
    for key, version in sorted(estimates.latest_of(session, workspace_id, story_keys).items()):
        traits = traits_of(stories[key]) if key in stories else None
        history = histories.get(key, ())
        estimated = estimating(session, workspace, traits, history, books, now)
        found[key] = StoryWhatIf(version, what_if(version.estimate, options, estimated))
    return found
