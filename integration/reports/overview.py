"""A workspace at a glance: its running Sprints, those that come, and what recent ones came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.reconciliation import queries as revisions
from integration.reports.cap_report import header_of
from integration.reports.shapes import Totals
from integration.reports.sprint_page import sprint_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.pricing.price_book import PriceBook
    from integration.reconciliation.queries import Outcome
    from integration.reports.shapes import SprintHeader, SprintReport, StoryLine
    from integration.reports.sprint_page import SprintPage

RECENT = 8


@dataclass(frozen=True, slots=True)
class RunningSprint:
    """A running Sprint and its stories above their range, furthest first."""

    report: SprintReport
    over_estimate: tuple[StoryLine, ...]
    more_over: int


@dataclass(frozen=True, slots=True)
class PastSprint:
    """A closed Sprint and what it came to; None when it was never reconciled.

    `share_pct` is its cost's share of the dearest Sprint's beside it.
    """

    sprint: SprintHeader
    outcome: Outcome | None = None
    totals: Totals | None = None
    share_pct: float = 0.0


@dataclass(frozen=True, slots=True)
class Overview:
    """A workspace at a glance."""

    running: tuple[RunningSprint, ...]
    coming: tuple[SprintHeader, ...]
    past: tuple[PastSprint, ...]


def overview(session: Session, workspace_id: str, prices: PriceBook, *, now: datetime) -> Overview:
    """Assemble the overview."""
    known = backlog.sprints(session, workspace_id, states=("future", "active", "closed"))
    closed = [sprint for sprint in known if sprint.state == "closed"][-RECENT:]
    return Overview(
        running=tuple(
            _running(
                sprint_page(session, workspace_id, sprint.sprint_id, prices, shown=0, now=now)
            )
            for sprint in known
            if sprint.state == "active"
        ),
        coming=tuple(
            header_of(session, workspace_id, sprint) for sprint in known
            if sprint.state == "future"
        ),
        past=_past(session, workspace_id, closed[::-1]),
    )  # fmt: skip


def _running(found: SprintPage) -> RunningSprint:
    over = found.over_estimate
    return RunningSprint(found.report, over, found.over_count - len(over))


def _past(session: Session, workspace_id: str, closed: Sequence[Sprint]) -> tuple[PastSprint, ...]:
    """Return these Sprints with what each came to, on a scale that they share."""
    outcomes = revisions.outcomes_of(session, workspace_id, [each.sprint_id for each in closed])
    totals = {
        sprint_id: msgspec.json.decode(outcome.totals, type=Totals, strict=False)
        for sprint_id, outcome in outcomes.items()
    }
    dearest = max((each.list_cost_nanousd for each in totals.values()), default=0)
    return tuple(
        PastSprint(
            header, outcomes.get(header.sprint_id), came_to := totals.get(header.sprint_id),
            100 * came_to.list_cost_nanousd / dearest if came_to and dearest else 0.0,
        )
        for header in (header_of(session, workspace_id, each) for each in closed)
    )  # fmt: skip
