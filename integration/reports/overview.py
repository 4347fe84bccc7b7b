"""A workspace at a glance: its running Sprints, those that come, and what recent ones came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.reconciliation import queries as revisions
from integration.reports.cap_report import header_of
from integration.reports.sprint_page import sprint_page

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.pricing.price_book import PriceBook
    from integration.reconciliation.queries import RevisionHead
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
    """A closed Sprint and its newest revision; None when it was never reconciled."""

    sprint: SprintHeader
    revision: RevisionHead | None


@dataclass(frozen=True, slots=True)
class Overview:
    """A workspace at a glance."""

    running: tuple[RunningSprint, ...]
    coming: tuple[SprintHeader, ...]
    past: tuple[PastSprint, ...]


def overview(session: Session, workspace_id: str, prices: PriceBook, *, now: datetime) -> Overview:
    """Assemble the overview."""
    known = backlog.sprints(session, workspace_id, states=("future", "active", "closed"))
    newest = {head.sprint_id: head for head in revisions.revision_heads(session, workspace_id)}
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
        past=tuple(
            PastSprint(header_of(session, workspace_id, sprint), newest.get(sprint.sprint_id))
            for sprint in reversed(closed)
        ),
    )  # fmt: skip


def _running(found: SprintPage) -> RunningSprint:
    over = found.over_estimate
    return RunningSprint(found.report, over, found.over_count - len(over))
