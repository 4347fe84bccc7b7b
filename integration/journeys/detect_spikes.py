"""Journey: the recent spend of each story is looked at; what is unusual is named with its cause."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import msgspec

from integration.anomalies import store as spikes
from integration.anomalies.causes import causes_of, scaled
from integration.anomalies.detection import Settings, Spike, scan
from integration.backlog import store as backlog
from integration.foundation.periods import day_in
from integration.ledger import queries as ledger
from integration.mailbox import store as mailbox
from integration.pricing.cost_change import CostBasis, GroupUsage
from integration.reports.spike_figures import spike_figures
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.ledger.queries import HourSpend

LOOK_BACK = timedelta(days=28)
SERIES = Settings(min_amount=2e9)
"""At least two dollars over the usual: nobody is called for cents."""
KIND = "slack.spike"


def detect_spikes(
    transactions: Transactions, workspace_id: str, books: Books, *, now: datetime
) -> int:
    """Open, extend or end the spikes of stories in running Sprints; returns how many are open."""
    with transactions.begin() as session:
        sprints = backlog.sprints(session, workspace_id)
        if not sprints:
            return 0
        keys = {
            key: sprint
            for sprint in sprints
            for key in backlog.stories_in(session, workspace_id, sprint.sprint_id)
        }
        by_story: dict[str, list[HourSpend]] = defaultdict(list)
        for row in ledger.hourly_spend(session, workspace_id, now - LOOK_BACK, now):
            if row.story_key in keys:
                by_story[row.story_key].append(row)
        standing = {
            spike.subject: spike
            for spike in spikes.open_spikes(session, workspace_id)
            if spike.subject_kind == "story"
        }
        for story_key in sorted({*by_story, *standing}):
            _judge(
                session, workspace_id, story_key, by_story[story_key], keys.get(story_key), books,
                now,
            )  # fmt: skip
        return len(spikes.open_spikes(session, workspace_id))


def _judge(
    session: Session, workspace_id: str, story_key: str, rows: Sequence[HourSpend],
    sprint: Sprint | None, books: Books, now: datetime,
) -> None:  # fmt: skip
    series, share_elapsed = hourly_series(rows, now)
    found = scan(series, SERIES, share_elapsed=share_elapsed) if series else []
    newest = found[-1] if found else None
    if newest is None or not newest.is_open:
        ended_at = newest.end if newest else now
        ended = spikes.close(session, workspace_id, "story", story_key, ended_at=ended_at)
        if ended is not None:
            _promise(session, workspace_id, ended, sprint, now)
        return
    sighting = spikes.Sighting(
        subject_kind="story",
        subject=story_key,
        started_at=newest.start,
        peak_at=newest.peak,
        seen_at=newest.end,
        amount_nanousd=round(newest.amount),
        usual_nanousd=round(newest.usual),
        score=newest.score,
        causes=_causes(rows, newest, books),
    )
    spike_id, _ = spikes.open_or_extend(session, workspace_id, sighting, now)
    _promise(session, workspace_id, spike_id, sprint, now)


def hourly_series(
    rows: Sequence[HourSpend], now: datetime
) -> tuple[list[tuple[datetime, float]], float]:
    """List cost of every hour since the first spend, and how much of the last hour is over."""
    if not rows:
        return [], 1.0
    by_hour: dict[datetime, int] = defaultdict(int)
    for row in rows:
        by_hour[row.hour] += row.spend.list_cost_nanousd
    first = datetime.combine(min(by_hour).astimezone(UTC).date(), time(), UTC)
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = int((last - first) / timedelta(hours=1)) + 1
    series = [
        (hour, float(by_hour.get(hour, 0)))
        for hour in (first + timedelta(hours=passed) for passed in range(hours))
    ]
    return series, max(1 / 60, (now - last) / timedelta(hours=1))


def _causes(
    rows: Sequence[HourSpend], spike: Spike, books: Books
) -> tuple[spikes.Cause, ...]:
    inside = [row for row in rows if spike.start <= row.hour <= spike.end]
    before = [row for row in rows if row.hour < spike.start]
    usual = scaled(_basis(before, books, spike.start), round(spike.usual))
    return causes_of(usual, _basis(inside, books, spike.end))


def _basis(rows: Sequence[HourSpend], books: Books, at: datetime) -> CostBasis:
    calls = [row for row in rows if not row.spend.accelerator_seconds]
    by_model: dict[tuple[str, str], ledger.Spend] = {}
    for row in calls:
        place = (row.provider_name, row.model)
        by_model[place] = by_model.get(place, ledger.Spend()).plus(row.spend)
    prices = {
        model: found
        for provider, model in by_model
        if (found := books.prices.class_prices(provider, model, at)) is not None
    }
    return CostBasis(
        groups=tuple(
            GroupUsage(
                model=model,
                calls=spend.calls,
                input_tokens=spend.input_tokens,
                cache_read_input_tokens=spend.cache_read_input_tokens,
                cache_write_input_tokens=spend.cache_write_input_tokens,
                output_tokens=spend.output_tokens,
                list_cost_nanousd=spend.list_cost_nanousd,
            )
            for (_, model), spend in by_model.items()
        ),
        gpu_nanousd=sum(
            row.spend.list_cost_nanousd for row in rows if row.spend.accelerator_seconds
        ),
        prices=prices,
    )


def _promise(
    session: Session, workspace_id: str, spike_id: int, sprint: Sprint | None, now: datetime
) -> None:
    stored = spikes.spike(session, workspace_id, spike_id)
    if stored is None:
        return
    titles = {
        row.story_key: row.summary
        for row in backlog.stories(session, workspace_id, [stored.subject])
    }
    team = next(
        (
            team
            for team in workspaces.teams(session, workspace_id)
            if sprint is not None and team.board_id == sprint.board_id
        ),
        None,
    )
    body = {
        "team_id": team.team_id if team else "",
        "digest_subject": (
            f"{day_in(team.time_zone, now)}:{team.team_id}:{sprint.sprint_id}"
            if team and sprint
            else ""
        ),
        "spike": msgspec.to_builtins(spike_figures(stored, titles.get(stored.subject, ""))),
    }
    mailbox.promise(session, workspace_id, KIND, f"spike:{spike_id}", body, now)
