"""Journeys: what metrics tell in sum is kept, and compared with the calls that were metered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.ledger import queries as ledger
from integration.metering import queries as metering_queries
from integration.metering import store as metering
from integration.metering.check_total import told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.metering.check_total import CheckTotal


class DayCheck(msgspec.Struct, frozen=True):
    """What one source's metrics told of a UTC day, beside all that was metered then.

    Other sources meter too, so only what is *missing* says anything: tokens that a source counted
    and no call accounts for.
    """

    day: str
    source: str
    told_input_tokens: int
    told_output_tokens: int
    metered_input_tokens: int
    metered_output_tokens: int
    missing_input_tokens: int
    missing_output_tokens: int
    told_cost_usd: str


def keep_totals(
    transactions: Transactions, workspace_id: str, totals: Iterable[CheckTotal]
) -> None:
    """Keep what metrics tell."""
    with transactions.begin() as session:
        metering.keep_totals(session, workspace_id, totals)


def compare_totals(session: Session, workspace_id: str, first: date, last: date) -> list[DayCheck]:
    """Compare from `first` to `last`, both included."""
    sums = told(metering_queries.series_sums(session, workspace_id, first, last))
    checks = []
    for each in sums:
        metered = ledger.total_between(session, workspace_id, each.day, each.day)
        checks.append(
            DayCheck(
                each.day.isoformat(), each.source, each.input_tokens, each.output_tokens,
                metered.input_tokens, metered.output_tokens,
                max(0, each.input_tokens - metered.input_tokens),
                max(0, each.output_tokens - metered.output_tokens),
                f"{each.cost_usd.normalize():f}",
            )
        )  # fmt: skip
    return checks
