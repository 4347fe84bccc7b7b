"""What will be spent under a Sprint's cap when the Sprint ends, in the cap's own unit."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date
from typing import TYPE_CHECKING

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.estimation import queries as estimates
from integration.forecasting.sprint_forecast import SprintSoFar, forecast
from integration.ledger import queries as ledger
from integration.reports.shapes import Spread

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.caps.policy import Cap, Unit

UNITS = ("tokens", "usd", "kgco2e")
"""In the order in which an estimate's figures come."""


def forecast_under(session: Session, cap: Cap, sprint: Sprint, now: datetime) -> Spread | None:
    """Forecast what a cap on a whole running Sprint will have spent at its end; else None.

    As the digest's forecast: from the days so far and what open stories' estimates have left.
    """
    has_dates = sprint.starts_at is not None and sprint.ends_at is not None
    if cap.scope_kind != "sprint" or sprint.state != "active" or not has_dates:
        return None
    assert sprint.starts_at is not None  # noqa: S101 -- seen above.
    assert sprint.ends_at is not None  # noqa: S101 -- likewise.
    today = now.astimezone(UTC)
    first = sprint.starts_at.astimezone(UTC).date()
    by_day, by_story = _spent(session, cap, sprint.sprint_id, today.date())
    estimated = _estimated(session, cap, sprint.sprint_id)
    so_far = SprintSoFar(
        first_day=first,
        last_day=max(sprint.ends_at.astimezone(UTC).date(), first),
        today=today.date(),
        share_of_today=(today.hour * 60 + today.minute) / (24 * 60),
        spent_by_day=by_day,
    )
    is_open = backlog_queries.open_in(session, cap.workspace_id, sprint.sprint_id)
    planned = [(plan, by_story.get(key, 0)) for key, plan in estimated.items() if key in is_open]
    found = forecast(so_far, planned)
    return Spread(found.low, found.central, found.high) if found else None


def _spent(
    session: Session, cap: Cap, sprint_id: int, today: date
) -> tuple[dict[date, int], dict[str, int]]:
    """The Sprint's spend by UTC day and by story."""
    by_day: dict[date, int] = defaultdict(int)
    by_story: dict[str, int] = defaultdict(int)
    for row in ledger.daily_spend(session, cap.workspace_id, date.min, today, sprint_id=sprint_id):
        amount = _amount(row.spend, cap.unit)
        by_day[row.day] += amount
        by_story[row.story_key] += amount
    return dict(by_day), dict(by_story)


def _amount(spend: ledger.Spend, unit: Unit) -> int:
    if unit == "tokens":
        return spend.input_tokens + spend.output_tokens
    return spend.list_cost_nanousd if unit == "usd" else spend.location_central_ugco2e


def _estimated(session: Session, cap: Cap, sprint_id: int) -> dict[str, Spread]:
    figures = estimates.figures_of(
        session, cap.workspace_id, backlog.stories_in(session, cap.workspace_id, sprint_id)
    )
    first = 3 * UNITS.index(cap.unit)
    ends = {key: each[first : first + 3] for key, each in figures.items()}
    return {
        key: Spread(low, central, high)
        for key, (low, central, high) in ends.items()
        if low is not None and central is not None and high is not None
    }
