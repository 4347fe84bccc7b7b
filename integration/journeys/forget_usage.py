"""Journey: raw usage older than its workspace keeps it is forgotten, day by day.

What was spent stays known by story, Sprint, model and day; single calls are not. A report whose
calls were forgotten says that nobody can recount it any more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.foundation.row_wall import across, only
from integration.ledger import forget_store
from integration.ledger.entry import day_of
from integration.workspaces import queries as workspaces

if TYPE_CHECKING:
    from datetime import date, datetime

    from integration.foundation.database import Transactions

DAYS_AT_ONCE = 200


def forget_usage(transactions: Transactions, *, now: datetime) -> int:
    """Forget what nobody keeps; returns from how many days something went."""
    today = day_of(now)
    with across(transactions).begin() as session:
        kept = workspaces.usage_kept(session)
        limits = [days for days in kept.values() if days is not None]
        if not limits:
            return 0
        days = forget_store.days_before(session, today - timedelta(days=min(limits)))
    touched = 0
    for day in days[:DAYS_AT_ONCE]:
        touched += _forget(transactions, day, (today - day).days, kept)
    return touched


def _forget(
    transactions: Transactions, day: date, age_days: int, kept: dict[str, int | None]
) -> bool:
    with across(transactions).begin() as session:
        present = forget_store.workspaces_of_day(session, day)
        over = {
            name for name in present if (limit := kept.get(name)) is not None and age_days > limit
        }
        if over == present:
            forget_store.drop_day(session, day)
            return True
    for workspace_id in sorted(over):
        with only(transactions, workspace_id).begin() as session:
            forget_store.forgetting(session)
            forget_store.forget_day(session, workspace_id, day)
    return bool(over)
