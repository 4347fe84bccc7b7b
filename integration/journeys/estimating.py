"""How a story is estimated at a moment: one way for its versions and for what-if."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.backlog.sprint_at import sprint_at
from integration.estimation import forecast
from integration.journeys.team_history import calibration_of, team_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Membership
    from integration.estimation.similarity import StoryTraits
    from integration.estimation.workload import Estimate
    from integration.journeys.books import Books
    from integration.workspaces.workspace import Workspace


def estimating(
    session: Session, workspace: Workspace, traits: StoryTraits | None,
    memberships: Sequence[Membership], books: Books, now: datetime,
) -> Callable[..., Estimate]:  # fmt: skip
    """Return `forecast.estimate` with all that is known of a story beside what it plans to run.

    That is the workspace's region, its prices and factors as of now, and what closed Sprints teach
    of the team that has the story now.
    """
    sprint = backlog.sprint(session, workspace.workspace_id, sprint_at(memberships, now))
    return partial(
        forecast.estimate,
        at=now,
        price_book=books.prices,
        carbon_book=books.carbon,
        default_region=workspace.default_region,
        traits=traits,
        team=team_of(sprint),
        calibration=calibration_of(session, workspace.workspace_id),
    )
