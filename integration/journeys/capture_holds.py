"""The usage of an authorized call arrives: what was held for it is released."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.journeys import book_entries
from integration.ledger import queries as ledger_queries
from integration.ledger.entry import reversal_of
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.queries import Authorization
    from integration.ledger.entry import LedgerEntry
    from integration.metering.usage import UsageEvent

AFTER_FAILURE = timedelta(minutes=1)
"""How long a hold waits for a gateway's next attempt when one has failed."""


def capture(
    session: Session, workspace_id: str, events: Sequence[UsageEvent], now: datetime,
    entries: Sequence[LedgerEntry] = (),
) -> None:  # fmt: skip
    """Settle the authorizations that these events name, by authorization id or by call id.

    The spend itself is booked by the event, for less or more than was held. A hold that expired
    before its usage came had become estimated spend; that is taken back now. A failed attempt may
    be followed by another one, so its hold ends only a minute later. With the booked `entries`,
    spend above the hold is noted in the audit log.
    """
    happened = _named(event for event in events if event.outcome in {"completed", "cache_hit"})
    failed = _named(event for event in events if event.outcome == "failed") - happened
    if not happened and not failed:
        return
    found = cap_queries.authorizations(session, workspace_id, happened | failed)
    seen = {
        name: each for name, each in found.items()
        if each.state == "held" or (each.state == "expired" and name in happened)
    }  # fmt: skip
    if seen:
        captured = _settle(session, workspace_id, seen, failed, now)
        _note_overruns(session, workspace_id, captured, entries, now)


def _named(events: Iterable[UsageEvent]) -> set[str]:
    return {event.authorization_id or event.call_id for event in events} - {""}


def _settle(
    session: Session, workspace_id: str, seen: dict[str, Authorization], failed: set[str],
    now: datetime,
) -> list[Authorization]:  # fmt: skip
    """Capture under the locks of caps and authorizations, which come after all booking.

    Estimates are therefore taken back first, and the locks say whether that was right: where
    another process has settled an authorization meanwhile, this is undone and begun again.
    """
    while seen:
        with session.begin_nested() as point:
            for each in seen.values():
                if each.state == "expired":
                    take_back_estimate(session, workspace_id, each, now)
            lock_for(session, workspace_id, list(seen))
            locked = cap_queries.authorizations(session, workspace_id, seen, lock=True)
            if all(locked[name].state == each.state for name, each in seen.items()):
                captured = [each for name, each in seen.items() if name not in failed]
                names = [each.authorization_id for each in captured]
                caps.settle(session, workspace_id, names, "captured", now)
                caps.note_failed(session, workspace_id, failed & set(seen), now + AFTER_FAILURE)
                return captured
            point.rollback()
        seen = {
            name: each for name, each in locked.items()
            if each.state == "held" or (each.state == "expired" and name not in failed)
        }  # fmt: skip
    return []


def lock_for(session: Session, workspace_id: str, authorization_ids: Collection[str]) -> None:
    """Lock every cap under which these authorizations hold something."""
    cap_queries.keep_steady(session, workspace_id)
    found = cap_queries.authorizations(session, workspace_id, authorization_ids)
    cap_ids = {cap_id for each in found.values() for cap_id in each.holds}
    caps.lock_caps(session, workspace_id, cap_ids)


def take_back_estimate(
    session: Session, workspace_id: str, authorization: Authorization, now: datetime
) -> None:
    """Reverse the spend that was estimated when a hold expired, wherever it stands now."""
    where = authorization.expired_entry
    if where is None:
        return
    day = date.fromisoformat(where["occurred_on"])
    estimated = ledger_queries.entry(session, workspace_id, UUID(where["entry_id"]), day)
    if estimated is None:
        return
    # A change of the story's Sprint history reverses the entry and writes it anew.
    standing = [
        entry
        for part in ledger_queries.standing_entries(
            session, workspace_id, days=[day], story_key=estimated.story_key
        )
        for entry in part
        if entry.kind == "expired_hold"
        and entry.authorization_id == authorization.authorization_id
    ]
    reversals = [reversal_of(entry, "usage_came_after_expiry") for entry in standing]
    if reversals:
        book_entries.book(session, workspace_id, reversals, now)


def _note_overruns(
    session: Session, workspace_id: str, captured: Collection[Authorization],
    entries: Sequence[LedgerEntry], now: datetime,
) -> None:  # fmt: skip
    spent: dict[str, int] = {}
    for entry in entries:
        name = entry.authorization_id
        spent[name] = spent.get(name, 0) + (entry.contracted_cost_nanousd or 0)
    for each in captured:
        held = each.call.amounts.nanousd
        if held is not None and spent.get(each.authorization_id, 0) > held:
            workspaces.audit(
                session, workspace_id, at=now, actor="usage", action="authorization.overrun",
                subject=f"authorization:{each.authorization_id}", held_nanousd=held,
                spent_nanousd=spent[each.authorization_id],
            )  # fmt: skip
