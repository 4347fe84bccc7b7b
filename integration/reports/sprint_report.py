"""A Sprint's estimates against its actuals: while it runs, and when it closes."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from integration.anomalies import store as spikes
from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.backlog.queries import titles_of
from integration.forecasting.sprint_forecast import SprintSoFar, forecast
from integration.foundation.errors import NotFound
from integration.foundation.periods import Period
from integration.ledger import queries as ledger
from integration.reconciliation.accuracy import Judged, team_accuracy
from integration.reports.cap_report import cap_statuses, header_of
from integration.reports.shapes import (
    BurnPoint,
    EstimateFigures,
    Spread,
    SprintReport,
)
from integration.reports.spend import added_up, totals_of
from integration.reports.spike_figures import spike_figures
from integration.reports.sprint_comparison import (
    at_start_coverage_pct,
    savings_of,
    summed_variance,
    with_estimates_at_start,
    with_shares,
)
from integration.reports.story_lines import UNKNOWN, story_lines
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.pricing.price_book import PriceBook
    from integration.reports.shapes import SpikeFigures, StoryLine


def sprint_report(
    session: Session, workspace_id: str, sprint_id: int, prices: PriceBook, *, now: datetime,
    spent: Sequence[ledger.ModelSpend] | None = None,
) -> SprintReport:  # fmt: skip
    """Assemble a Sprint's report from the roll-ups, or from `spent` where it was counted otherwise.

    Raises:
        NotFound: we have not met the Sprint.
    """
    sprint = backlog.sprint(session, workspace_id, sprint_id)
    if sprint is None:
        raise NotFound(f"There is no Sprint {sprint_id}")
    if spent is None:
        spent = ledger.spend_in_sprint(session, workspace_id, sprint_id)
    rule = workspaces.find(session, workspace_id).allocation_rule
    unattributed = totals_of(unattributed_in(session, workspace_id, sprint, now))
    totals = totals_of(added_up(row.spend for row in spent))
    lines = story_lines(
        session, workspace_id, sprint_id, spent, prices, now=now,
        estimated_until=sprint.completed_at if sprint.state == "closed" else None,
    )  # fmt: skip
    lines = with_estimates_at_start(session, workspace_id, sprint, lines)
    lines = with_shares(lines, unattributed, rule)
    burn = burn_of(session, workspace_id, sprint, now)
    planned = _planned(lines, backlog_queries.open_in(session, workspace_id, sprint_id))
    accuracy = team_accuracy(_judged(lines))
    return SprintReport(
        sprint=header_of(session, workspace_id, sprint),
        revision=0,
        as_of=now,
        stories=lines,
        totals=totals,
        unattributed=unattributed,
        estimated=_summed(lines, lambda line: line.estimate),
        at_start=_summed(lines, lambda line: line.at_start),
        variance=summed_variance(lines),
        savings=savings_of(session, workspace_id, sprint, totals),
        allocation_rule=rule,
        caps=cap_statuses(session, workspace_id, sprint_id, only_its_own=sprint.state == "closed"),
        spikes=spikes_of(session, workspace_id, sprint, [line.story_key for line in lines], now),
        burn=burn,
        forecast_nanousd=forecast_of(sprint, burn, planned, now),
        interval_coverage_pct=accuracy.interval_coverage_pct,
        median_error_pct=accuracy.median_error_pct,
        at_start_coverage_pct=at_start_coverage_pct(lines),
    )


def burn_of(
    session: Session, workspace_id: str, sprint: Sprint, now: datetime
) -> tuple[BurnPoint, ...]:
    """Return the list cost of every UTC day of the Sprint, days without spend included."""
    if sprint.starts_at is None:
        return ()
    first = sprint.starts_at.astimezone(UTC).date()
    last = max(first, min(now, sprint.completed_at or now).astimezone(UTC).date())
    by_day = ledger.day_marks(session, workspace_id, first, last, sprint.sprint_id)
    days = ((first + timedelta(days=passed)) for passed in range((last - first).days + 1))
    return tuple(
        BurnPoint(day, by_day[day].list_cost_nanousd if day in by_day else 0) for day in days
    )


def unattributed_in(
    session: Session, workspace_id: str, sprint: Sprint, now: datetime
) -> ledger.Spend:
    """What was spent on no story while the Sprint ran."""
    if sprint.starts_at is None:
        return ledger.Spend()
    end = sprint.completed_at or now
    rows = ledger.daily_spend(
        session, workspace_id, sprint.starts_at.date(), end.date(), story_key=""
    )
    return added_up(row.spend for row in rows)


def spikes_of(
    session: Session, workspace_id: str, sprint: Sprint, story_keys: Collection[str], now: datetime
) -> tuple[SpikeFigures, ...]:
    """Return the spikes on the Sprint's stories, or on no story, while it ran, by start."""
    if sprint.starts_at is None:
        return ()
    period = Period(sprint.starts_at, sprint.completed_at or now)
    known = set(story_keys)
    found = [
        spike
        for spike in spikes.spikes_in(session, workspace_id, period)
        if spike.subject_kind != "story" or spike.subject in known
    ]
    titles = titles_of(session, workspace_id, {spike.subject for spike in found}) if found else {}
    return tuple(
        spike_figures(spike, titles.get(spike.subject, UNKNOWN).summary) for spike in found
    )


def forecast_of(
    sprint: Sprint, burn: Sequence[BurnPoint], planned: Sequence[tuple[Spread, int]], now: datetime
) -> Spread | None:
    """Forecast the list cost at the Sprint's end; None without dates or once it has closed.

    `planned` are the open stories' estimates, each with what it has spent so far, in nano-USD.
    """
    if sprint.starts_at is None or sprint.ends_at is None or sprint.state != "active":
        return None
    today = now.astimezone(UTC)
    so_far = SprintSoFar(
        first_day=sprint.starts_at.astimezone(UTC).date(),
        last_day=max(sprint.ends_at.astimezone(UTC).date(), sprint.starts_at.date()),
        today=today.date(),
        share_of_today=(today.hour * 60 + today.minute) / (24 * 60),
        spent_by_day={point.day: point.list_cost_nanousd for point in burn},
    )
    found = forecast(so_far, planned)
    return Spread(found.low, found.central, found.high) if found else None


def _planned(lines: Sequence[StoryLine], is_open: Collection[str]) -> list[tuple[Spread, int]]:
    return [
        (cost, line.actual.list_cost_nanousd)
        for line in lines
        if line.story_key in is_open
        if line.estimate and (cost := line.estimate.list_cost_nanousd)
    ]


def _judged(lines: Sequence[StoryLine]) -> list[Judged]:
    return [
        Judged(
            low=cost.low, central=cost.central, high=cost.high,
            actual=line.actual.list_cost_nanousd,
        )
        for line in lines
        if line.estimate and (cost := line.estimate.list_cost_nanousd) and line.actual.calls
    ]  # fmt: skip


def _summed(
    lines: Sequence[StoryLine], version: Callable[[StoryLine], EstimateFigures | None]
) -> EstimateFigures | None:
    """Add the estimates of all stories that have one, quantity by quantity."""
    estimated = [found for line in lines if (found := version(line))]
    if not estimated:
        return None

    def total(of: Callable[[EstimateFigures], Spread | None]) -> Spread | None:
        spreads = [found for estimate in estimated if (found := of(estimate))]
        if not spreads:
            return None
        return Spread(
            *(sum(getattr(s, end) for s in spreads) for end in ("low", "central", "high"))
        )

    return EstimateFigures(
        version=0,
        tokens=total(lambda estimate: estimate.tokens),
        list_cost_nanousd=total(lambda estimate: estimate.list_cost_nanousd),
        location_based_ugco2e=total(lambda estimate: estimate.location_based_ugco2e),
        missing=tuple(
            line.story_key
            for line in lines
            if line.is_ai_work and not ((found := version(line)) and found.list_cost_nanousd)
        ),
    )
