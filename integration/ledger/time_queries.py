"""Reads of the ledger room: spend by the time of day, from the entries themselves. Never locks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from integration.ledger.models import LedgerEntryRow
from integration.ledger.queries import Spend, summed, sums_of

if TYPE_CHECKING:
    from datetime import date, timedelta

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


class TimedCost(NamedTuple):
    """What one story, team and feature cost on one model in one stretch of time (UTC)."""

    start: datetime
    story_key: str
    team: str
    feature: str
    model: str
    calls: int
    list_cost_nanousd: int


class TimedSpend(NamedTuple):
    """What one story, team and feature spent on one model in one stretch of time (UTC)."""

    start: datetime
    story_key: str
    team: str
    feature: str
    provider_name: str
    model: str
    spend: Spend


def cost_by_time(
    session: Session, workspace_id: str, day: date, step: timedelta, since: datetime | None = None
) -> list[TimedCost]:
    """List cost of one UTC day, or of what is left of it, by stretches of time and whose it is.

    A step divides the day; `since` lies between two steps.
    """
    entry = LedgerEntryRow
    keys = (_start(step), entry.story_key, entry.team, entry.feature, entry.model)
    wanted = [entry.workspace_id == workspace_id, entry.occurred_on == day]
    if since is not None:
        wanted.append(entry.occurred_at >= since)
    sums = (summed(entry.calls), summed(entry.list_cost_nanousd))
    rows = session.execute(select(*keys, *sums).where(*wanted).group_by(*keys))
    return [TimedCost._make(row) for row in rows]


def spend_by_time(
    session: Session, workspace_id: str, day: date, step: timedelta
) -> list[TimedSpend]:
    """Spend of one UTC day by stretches of time, story, team, feature and model.

    A step divides the day.
    """
    entry = LedgerEntryRow
    start = _start(step)
    keys = (start, entry.story_key, entry.team, entry.feature, entry.provider_name, entry.model)
    rows = session.execute(
        select(*keys, *sums_of(entry))
        .where(entry.workspace_id == workspace_id, entry.occurred_on == day)
        .group_by(*keys)
        .order_by(start)
    )
    return [TimedSpend._make((*row[:6], Spend._make(row[6:]))) for row in rows]


def _start(step: timedelta) -> ColumnElement[datetime]:
    return func.date_bin(step, LedgerEntryRow.occurred_at, datetime(1970, 1, 1, tzinfo=UTC))
