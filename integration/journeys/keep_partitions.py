"""Journey: the book's day partitions are made ahead, so that no usage waits for one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.foundation.row_wall import across
from integration.ledger import store as ledger
from integration.ledger.entry import day_of

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions

BEHIND = 35
AHEAD = 7


def keep_partitions(transactions: Transactions, *, now: datetime) -> int:
    """Make the partitions of the last five weeks and the next; returns how many were missing."""
    today = day_of(now)
    days = [today + timedelta(days=offset) for offset in range(-BEHIND, AHEAD + 1)]
    with across(transactions).begin() as session:
        missing = ledger.missing_days(session, days)
    if missing:
        with across(transactions).begin() as session:
            ledger.make_partitions(session, missing)
    return len(missing)
