"""The usage of an authorized call arrives: what was held for it is released."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.foundation.round_trip import ask
from integration.ledger import queries as ledger_queries
from integration.ledger.better_record import ids_in
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
    entries: list[LedgerEntry],
) -> None:  # fmt: skip
    """Settle the authorizations that these events name, by authorization id or by call id.

    Comes before the booking, as the caps' locks do. The spend itself is booked by the event, for
    less or more than was held. A hold that expired before its usage came had become estimated
    spend; that is taken back now. A failed attempt may be followed by another one, so its hold ends
    only a minute later.

    `entries` are those that the caller is about to book: what is taken back is added to them, and
    spend above a hold is noted in the audit log.
    """
    happened = named(event for event in events if event.outcome in {"completed", "cache_hit"})
    failed = named(event for event in events if event.outcome == "failed") - happened
    if not happened and not failed:
        return
    locked = locked_with_caps(session, workspace_id, happened | failed)
    captured = [
        each for name, each in locked.items()
        if name in happened and each.state in {"held", "expired"}
    ]  # fmt: skip
    taken_back = [
        entry for each in captured if each.state == "expired"
        for entry in _reversals(session, workspace_id, each)
    ]  # fmt: skip
    names = [each.authorization_id for each in captured]
    caps.settle(session, workspace_id, names, "captured", now)
    caps.note_failed(session, workspace_id, failed & locked.keys(), now + AFTER_FAILURE)
    _note_overruns(session, workspace_id, captured, entries, now)
    entries += taken_back


def named(events: Iterable[UsageEvent]) -> set[str]:
    """The names under which calls may have been authorized."""
    return {event.authorization_id or event.call_id for event in events} - {""}


def locked_with_caps(
    session: Session, workspace_id: str, authorization_ids: Collection[str]
) -> dict[str, Authorization]:
    """Return the stored ones among these authorizations, locked after every cap they hold under."""
    ask(session, cap_queries.steady(workspace_id))
    found = cap_queries.authorizations(session, workspace_id, authorization_ids)
    if not found:
        return {}
    cap_ids = {cap_id for each in found.values() for cap_id in each.holds}
    if cap_ids:
        ask(session, cap_queries.locking(workspace_id, cap_ids))
    # Read again: another process may have settled them while this one waited.
    return cap_queries.authorizations(session, workspace_id, found, lock=True)


def _reversals(
    session: Session, workspace_id: str, authorization: Authorization
) -> list[LedgerEntry]:
    """What takes back the spend that was estimated when a hold expired, wherever it stands now."""
    where = authorization.expired_entry
    if where is None:
        return []
    day = date.fromisoformat(where["occurred_on"])
    estimated = ledger_queries.entry(session, workspace_id, UUID(where["entry_id"]), day)
    if estimated is None:
        return []
    # A change of the story's Sprint history reverses the entry and writes it anew.
    return [
        reversal_of(entry, "usage_came_after_expiry")
        for part in ledger_queries.standing_entries(
            session, workspace_id, days=[day], story_key=estimated.story_key
        )
        for entry in part
        if entry.kind == "expired_hold" and entry.authorization_id == authorization.authorization_id
    ]


def _note_overruns(
    session: Session, workspace_id: str, captured: Collection[Authorization],
    entries: Sequence[LedgerEntry], now: datetime,
) -> None:  # fmt: skip
    if not captured:
        return
    spent = _spent_by_name(entries)
    for each in captured:
        held = each.call.amounts
        nanousd, tokens = spent.get(each.authorization_id, (0, 0))
        if tokens > held.tokens or nanousd > (held.nanousd or nanousd):
            workspaces.audit(
                session, workspace_id, at=now, actor="usage", action="authorization.overrun",
                subject=f"authorization:{each.authorization_id}", held_nanousd=held.nanousd,
                spent_nanousd=nanousd, held_tokens=held.tokens, spent_tokens=tokens,
            )  # fmt: skip


def _spent_by_name(entries: Sequence[LedgerEntry]) -> dict[str, tuple[int, int]]:
    """Nano-USD and tokens by the name that a call was authorized under."""
    spent: dict[str, tuple[int, int]] = {}
    for entry in entries:
        name = entry.authorization_id or ids_in(entry).get("call_id", "")
        nanousd, tokens = spent.get(name, (0, 0))
        spent[name] = (
            nanousd + (entry.contracted_cost_nanousd or 0),
            tokens + entry.input_tokens + entry.output_tokens,
        )
    return spent
