"""Reads of the ledger room: spend by the time of day, from the entries themselves. Never locks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from integration.ledger.models import LedgerEntryRow
from integration.ledger.queries import Spend, sums_of

if TYPE_CHECKING:
    from datetime import date, timedelta

    from sqlalchemy.orm import Session


class TimedSpend(NamedTuple):
    """What one story, team and feature spent on one model in one stretch of time (UTC)."""

    start: datetime
    story_key: str
    team: str
    feature: str
    provider_name: str
    model: str
    spend: Spend


def spend_by_time(
    session: Session, workspace_id: str, day: date, step: timedelta
) -> list[TimedSpend]:
    """Spend of one UTC day by stretches of time, story, team, feature and model.

    A step divides the day.
    """
    entry = LedgerEntryRow
    start = func.date_bin(step, entry.occurred_at, datetime(1970, 1, 1, tzinfo=UTC))
    keys = (start, entry.story_key, entry.team, entry.feature, entry.provider_name, entry.model)
    rows = session.execute(
        select(*keys, *sums_of(entry))
        .where(entry.workspace_id == workspace_id, entry.occurred_on == day)
        .group_by(*keys)
        .order_by(start)
    )
    return [TimedSpend._make((*row[:6], Spend._make(row[6:]))) for row in rows]
