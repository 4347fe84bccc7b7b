"""What a team sees at stand-up: burn, forecast, spikes with their causes, stories over estimate."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from integration.foundation.periods import day_in
from integration.ledger import queries as ledger
from integration.reports.shapes import DailyDigest
from integration.reports.spend import added_up, totals_of
from integration.reports.sprint_report import sprint_report

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from integration.pricing.price_book import PriceBook
    from integration.reports.shapes import SprintReport
    from integration.workspaces.workspace import Team

TOP = 3


def daily_digest(
    session: Session, team: Team, sprint_id: int, prices: PriceBook, *, now: datetime
) -> DailyDigest:
    """Assemble a team's digest of one running Sprint. "Yesterday" is since the last workday."""
    report = sprint_report(session, team.workspace_id, sprint_id, prices, now=now)
    today = day_in(team.time_zone, now)
    since = last_workday_before(today, team.workdays)
    recent = ledger.daily_spend(
        session, team.workspace_id, since, now.astimezone(UTC).date() - timedelta(days=1),
        sprint_id=sprint_id,
    )  # fmt: skip
    passed, length = _days(report, today)
    return DailyDigest(
        sprint=report.sprint,
        day=today,
        as_of=now,
        sprint_day=passed,
        sprint_days=length,
        since=since,
        yesterday=totals_of(added_up(row.spend for row in recent)),
        to_date=report.totals,
        unattributed=report.unattributed,
        caps=report.caps,
        forecast_nanousd=report.forecast_nanousd,
        spikes=tuple(
            spike for spike in report.spikes
            if spike.ended_at is None or spike.ended_at.date() >= since
        ),
        over_estimate=tuple(
            line
            for line in report.stories
            if line.estimate
            and (cost := line.estimate.list_cost_nanousd)
            and line.actual.list_cost_nanousd > cost.high
        ),
        top_stories=tuple(line for line in report.stories if line.actual.calls)[:TOP],
    )  # fmt: skip


def last_workday_before(day: date, workdays: tuple[int, ...]) -> date:
    """The team's last working day before a day: on Monday, usually Friday."""
    earlier = day - timedelta(days=1)
    while workdays and earlier.isoweekday() not in workdays:
        earlier -= timedelta(days=1)
    return earlier


def _days(report: SprintReport, today: date) -> tuple[int, int]:
    starts_at, ends_at = report.sprint.starts_at, report.sprint.ends_at
    if starts_at is None or ends_at is None:
        return 0, 0
    length = max(1, (ends_at.date() - starts_at.date()).days)
    return min(length, (today - starts_at.date()).days + 1), length
