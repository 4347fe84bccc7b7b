"""Reads of the metering room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from integration.metering.check_total import SeriesSum
from integration.metering.models import CheckTotalRow

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session


def series_sums(session: Session, workspace_id: str, first: date, last: date) -> list[SeriesSum]:
    """What metrics told from `first` to `last`, both included, by UTC day, source and kind.

    A cumulative series tells of a day what it has grown by since the day before it was heard of.
    """
    row = CheckTotalRow
    before = func.lag(row.amount).over(partition_by=row.series, order_by=row.day)
    grown = case((row.cumulative, row.amount - func.coalesce(before, 0)), else_=row.amount)
    by_series = (
        select(row.day, row.source, row.unit, row.token_type, grown.label("amount"))
        .where(row.workspace_id == workspace_id)
        .subquery()
    )
    kept = by_series.c
    keys = (kept.day, kept.source, kept.unit, kept.token_type)
    rows = session.execute(
        select(*keys, func.sum(kept.amount))
        .where(kept.day.between(first, last))
        .group_by(*keys)
        .order_by(*keys)
    )
    return [SeriesSum(*found) for found in rows]
