"""Journey: usage arrives from any source and lands, once, on the story that spent it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from integration.backlog import store as backlog
from integration.backlog.sprint_at import sprint_at
from integration.journeys import book_entries, capture_holds
from integration.journeys.value_usage import value
from integration.ledger import queries as ledger_queries
from integration.ledger import store as ledger
from integration.ledger.entry import LedgerEntry, reversal_of
from integration.mailbox import store as mailbox
from integration.metering.attribution import attribute
from integration.metering.identity import detail, identities
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from integration.backlog.story import Membership
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.metering.attribution import Attribution
    from integration.metering.usage import UsageEvent


Outcome = Literal["accepted", "duplicate", "improved"]
"""What became of an event: counted, known already, or known but made better."""


@dataclass(frozen=True, slots=True)
class _Call:
    """An event on its way into the book."""

    place: int
    event: UsageEvent
    entry: LedgerEntry
    marks: tuple[UUID, ...]


def record_usage(
    transactions: Transactions,
    workspace_id: str,
    events: Sequence[UsageEvent],
    books: Books,
    *,
    now: datetime,
) -> list[Outcome]:
    """Count each call exactly once, price it, attribute it, capture its hold; answer per event.

    The sources have checked the events. Acknowledged means committed. A better record of a call that is known already takes the earlier
    entry back and writes a new one.
    """
    if not events:
        return []
    outcomes: list[Outcome] = ["accepted"] * len(events)
    _make_room(transactions, events)
    with transactions.begin() as session:
        calls = _value_all(session, workspace_id, events, books)
        fresh, known = _tell_apart(session, workspace_id, calls)
        book_entries.book(session, workspace_id, [call.entry for call in fresh], now)
        # One by one and after the fresh ones: a batch may improve on its own earlier event.
        for call in known:
            improvement = _improvement(session, workspace_id, call)
            book_entries.book(session, workspace_id, improvement, now)
            outcomes[call.place] = "improved" if improvement else "duplicate"
        capture_holds.capture(session, workspace_id, [call.event for call in calls], now)
        _note_late_usage(session, workspace_id, [call.entry for call in fresh], now)
    return outcomes


def _make_room(transactions: Transactions, events: Sequence[UsageEvent]) -> None:
    """Make partitions for days nobody foresaw, such as those of very late usage."""
    days = {ledger.day_of(event.occurred_at) for event in events}
    with transactions.begin() as session:
        missing = ledger.missing_days(session, days)
    if missing:
        with transactions.begin() as session:
            ledger.make_partitions(session, missing)


def _value_all(
    session: Session, workspace_id: str, events: Sequence[UsageEvent], books: Books
) -> list[_Call]:
    workspace = workspaces.find(session, workspace_id)
    attributed = attributions(session, workspace_id, events)
    history = backlog.memberships(
        session, workspace_id, {found.story_key for found in attributed if found.story_key}
    )
    return [
        _Call(
            place, event,
            value(
                event, found, _sprint(history, found, event.occurred_at), books,
                workspace.default_region,
            ),
            tuple(identities(event)),
        )
        for place, (event, found) in enumerate(zip(events, attributed, strict=True))
    ]  # fmt: skip


def attributions(
    session: Session, workspace_id: str, events: Sequence[UsageEvent]
) -> list[Attribution]:
    """Say to which story each event belongs; a sub-task's spend rolls up to its parent."""
    projects = workspaces.project_keys(session, workspace_id)
    found = [attribute(event, (), projects) for event in events]
    keys = sorted({each.story_key for each in found if each.story_key})
    parents = backlog.parents(session, workspace_id, keys) if keys else {}
    return [
        replace(each, story_key=parents.get(each.story_key, each.story_key)) for each in found
    ]


def _sprint(
    history: Mapping[str, Sequence[Membership]], found: Attribution, occurred_at: datetime
) -> int:
    return sprint_at(history.get(found.story_key, ()), occurred_at)


def _note_late_usage(
    session: Session, workspace_id: str, entries: Sequence[LedgerEntry], now: datetime
) -> None:
    """Let the worker revise the closed Sprints that these entries still fall into."""
    by_sprint = {entry.sprint_id: entry for entry in entries if entry.sprint_id}
    for sprint_id in backlog.closed_among(session, workspace_id, by_sprint):
        mailbox.receive(
            session, workspace_id, source="ledger", event="late_usage",
            delivery_id=str(by_sprint[sprint_id].entry_id), subject=f"sprint:{sprint_id}",
            body=b"", now=now,
        )  # fmt: skip


def _tell_apart(
    session: Session, workspace_id: str, calls: Sequence[_Call]
) -> tuple[list[_Call], list[_Call]]:
    """Part the calls met for the first time from those known by at least one of their marks."""
    marks = [
        ledger.Mark(mark, call.entry.entry_id, call.entry.occurred_on, detail(call.event))
        for call in calls
        for mark in call.marks
    ]
    mine = ledger.remember(session, workspace_id, marks)
    fresh, known = [], []
    for call in calls:
        is_fresh = all(mine.get(mark) == call.entry.entry_id for mark in call.marks)
        (fresh if is_fresh else known).append(call)
    return fresh, known


def _improvement(session: Session, workspace_id: str, call: _Call) -> list[LedgerEntry]:
    """The reversing and the new entry that a further record of a call is worth; often none.

    Its marks that nobody had seen yet join the ones it was recognised by.
    """
    seen = ledger.recognise(session, workspace_id, call.marks)
    standing = next(
        seen[mark]
        for mark in call.marks
        if mark in seen and seen[mark].entry_id != call.entry.entry_id
    )
    ledger.point_to(session, workspace_id, call.marks, standing)
    return _improve(session, workspace_id, call, standing)


def _improve(
    session: Session, workspace_id: str, call: _Call, standing: ledger.Recognised
) -> list[LedgerEntry]:
    earlier = ledger_queries.entry(
        session, workspace_id, standing.entry_id, standing.occurred_on
    )
    if earlier is None:
        return []
    knows_more = detail(call.event) > standing.detail
    finds_story = not earlier.story_key and bool(call.entry.story_key)
    if not knows_more and not finds_story:
        return []
    amounts, owner = (call.entry, earlier) if knows_more else (earlier, call.entry)
    if not owner.story_key:
        owner = amounts
    better = amounts._replace(
        entry_id=call.entry.entry_id,
        occurred_on=earlier.occurred_on,
        occurred_at=earlier.occurred_at,
        story_key=owner.story_key,
        attribution=owner.attribution,
        sprint_id=owner.sprint_id,
        team=owner.team or amounts.team,
        feature=owner.feature or amounts.feature,
    )
    ledger.repoint(
        session, workspace_id, standing.entry_id,
        ledger.Recognised(
            better.entry_id, better.occurred_on, max(detail(call.event), standing.detail)
        ),
    )  # fmt: skip
    return [reversal_of(earlier, "better_record"), better]
