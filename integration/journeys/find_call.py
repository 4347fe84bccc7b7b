"""Journey: find everything the book says about one call, by any id that somebody knows it by."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from integration.foundation.errors import NotFound
from integration.ledger import queries as ledger_queries
from integration.ledger import store as ledger
from integration.ledger.better_record import merged_into
from integration.ledger.entry import first_of
from integration.metering.identity import marks_named

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from integration.ledger.entry import LedgerEntry

    CallName = tuple[UUID, date]


def find_call(session: Session, workspace_id: str, name: str) -> list[list[LedgerEntry]]:
    """Return the history of each call that goes by a name: ours, or the sender's.

    A call that turned out to be another one is followed by that one's history.

    Raises:
        NotFound: no call goes by it.
    """
    wanted = _named(session, workspace_id, name)
    found: dict[UUID, list[LedgerEntry]] = {}
    while wanted:
        histories = ledger.histories(session, workspace_id, wanted)
        found |= {first: history for first, history in histories.items() if history}
        further = {call for history in histories.values() if (call := merged_into(history))}
        wanted = {call for call in further if call[0] not in found}
    if not found:
        raise NotFound(f"There is no event {name!r}")
    return list(found.values())


def _named(session: Session, workspace_id: str, name: str) -> set[CallName]:
    known = ledger.recognise(session, workspace_id, marks_named(name))
    wanted = {(mark.entry_id, mark.occurred_on) for mark in known.values()}
    try:
        entry_id = UUID(name)
    except ValueError:
        return wanted
    first = first_of(entry_id)
    days = ledger_queries.days_of_entry(session, workspace_id, first)
    return wanted | {(first, day) for day in days}
