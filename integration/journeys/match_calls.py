"""Journey: records that share no id with others are recognised by their figures, after the fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.caps import queries as cap_queries
from integration.journeys import book_entries
from integration.journeys.book_calls import note_late_usage
from integration.journeys.held_stories import HeldStories
from integration.ledger import store as ledger
from integration.ledger import unnamed_queries
from integration.ledger.blocks import blocks_of
from integration.ledger.match_by_figures import joining, same_calls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.ledger.entry import LedgerEntry
    from integration.ledger.unnamed_queries import Sighting


def match_calls(
    transactions: Transactions, workspace_id: str, *, since: datetime, now: datetime
) -> int:
    """Join records taken in since then to the calls they are about; returns how many gave way.

    Until then such a call counts twice. What gives way is reversed, because of `same_figures`.
    """
    with transactions.begin() as session:
        unnamed = unnamed_queries.unnamed_since(session, workspace_id, since)
        if not unnamed:
            return 0
        in_force = cap_queries.caps_of(session, workspace_id)  # Before the calls, as usage does.
        found = unnamed_queries.alike(session, workspace_id, unnamed)
        groups = same_calls(
            _standing(session, workspace_id, [*unnamed, *found]),
            unnamed_queries.taken(session, workspace_id, unnamed),
        )
        stories = HeldStories(session, workspace_id)
        lines = [line for group in groups for line in joining(group, stories.sprint_at)]
        closed = book_entries.book(session, workspace_id, lines, now, in_force)
        note_late_usage(session, workspace_id, blocks_of(lines), closed, now)
    return sum(len(group) - 1 for group in groups)


def _standing(session: Session, workspace_id: str, seen: Sequence[Sighting]) -> list[LedgerEntry]:
    """Lock the calls and return the entry that counts for each now, where a record still does."""
    names = {(each.first, each.occurred_on) for each in seen}
    ledger.lock_calls(session, workspace_id, names)
    last = [history[-1] for history in ledger.histories(session, workspace_id, names).values()]
    return [each for each in last if each.kind == "usage" and each.outcome == "completed"]
