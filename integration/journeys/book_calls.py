"""One workspace's calls enter the book, inside the caller's transaction.

Everything a decision needs is held still and read in one round trip; then the entries are copied
in; then what adds up over them follows in another one. Only a call that is known already, or
that was authorized, costs more.

Locks, always in this order, so that nobody waits in a circle: the histories of the stories, the
caps as a whole, the marks of the calls, the calls themselves, then what `book_entries` takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from integration.caps import queries as cap_queries
from integration.foundation.round_trip import round_trip
from integration.journeys import book_entries, capture_holds
from integration.journeys.held_stories import HeldStories
from integration.journeys.known_calls import KnownCalls
from integration.ledger import store as ledger
from integration.mailbox import store as mailbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.policy import Cap
    from integration.journeys.known_calls import Call, Outcome
    from integration.journeys.usage_settings import SettingsMemory, UsageSettings
    from integration.ledger.entry import LedgerEntry
    from integration.metering.attribution import Attribution


@dataclass(slots=True)
class _Standing:
    """What a transaction finds; none of it changes until the commit."""

    stories: HeldStories
    caps: Sequence[Cap]
    known_marks: Sequence[bytes]
    """Those of the calls' marks that were met before."""
    has_authorized: bool
    """Whether a call that happened may have been authorized."""


def book_calls(
    session: Session, workspace_id: str, calls: Sequence[Call], memory: SettingsMemory,
    now: datetime,
) -> list[Outcome]:  # fmt: skip
    """Write what is new, correct what is known better now; answer per call."""
    owners: dict[bytes, Call] = {}
    for call in calls:
        for mark in call.marks.values():
            owners.setdefault(mark, call)
    standing = _find(session, workspace_id, calls, owners, memory)
    before = standing.known_marks
    links = ledger.recognise(session, workspace_id, before) if before else {}
    known = KnownCalls(standing.stories, links, owners)
    outcomes = known.settle_all(session, workspace_id, calls)
    if standing.has_authorized:
        events = [call.event for call in calls]
        capture_holds.capture(session, workspace_id, events, now, known.entries)
    closed = book_entries.book(session, workspace_id, known.entries, now, standing.caps)
    ledger.point_to(session, workspace_id, known.moved_marks)
    for name, call in known.conflicts:
        ledger.keep_conflict(
            session, workspace_id, *name, call.digest,
            record=msgspec.json.encode(call.event).decode(), now=now,
        )  # fmt: skip
    note_late_usage(session, workspace_id, known.entries, closed, now)
    return outcomes


def _find(
    session: Session, workspace_id: str, calls: Sequence[Call], owners: dict[bytes, Call],
    memory: SettingsMemory,
) -> _Standing:  # fmt: skip
    settings = memory.last_seen(session, workspace_id)
    found = _attributions(calls, settings)
    stories = HeldStories(session, workspace_id)
    names = capture_holds.named(call.event for call in calls)
    marks = {mark: (*call.name, call.digest) for mark, call in owners.items()}
    with round_trip(session) as trip:
        take_stories = stories.ask(trip, _keys(found))
        trip.ask(cap_queries.steady(workspace_id))
        told_caps = trip.ask(cap_queries.in_force(workspace_id))
        told_mark = memory.ask(trip, workspace_id)
        told_names = trip.ask(cap_queries.any_known(workspace_id, names)) if names else None
        told_known = trip.ask(ledger.remembering(workspace_id, marks))
    take_stories()
    if told_mark() != settings.mark:
        settings = memory.read(session, workspace_id)
        found = _attributions(calls, settings)
    stories.hold(_keys(found))
    for call, attribution in zip(calls, found, strict=True):
        call.put_on(attribution, stories, settings.default_region)
    return _Standing(stories, told_caps(), told_known(), told_names is not None and told_names())


def _attributions(calls: Sequence[Call], settings: UsageSettings) -> list[Attribution]:
    attribute = settings.ladder.attribute
    return [attribute(call.event) for call in calls]


def _keys(found: Sequence[Attribution]) -> list[str]:
    """The stories that calls are attributed to, in one order."""
    return sorted({each.story_key for each in found} - {""})


def note_late_usage(
    session: Session, workspace_id: str, entries: Sequence[LedgerEntry], closed: Sequence[int],
    now: datetime,
) -> None:  # fmt: skip
    """Let the worker revise the closed Sprints that these entries still fall into."""
    by_sprint = {entry.sprint_id: entry for entry in entries} if closed else {}
    for sprint_id in closed:
        mailbox.receive(
            session, workspace_id, source="ledger", event="late_usage",
            delivery_id=str(by_sprint[sprint_id].entry_id), subject=f"sprint:{sprint_id}",
            body=b"", now=now,
        )  # fmt: skip
