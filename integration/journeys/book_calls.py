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
from uuid import UUID

import msgspec

from integration.caps import queries as cap_queries
from integration.foundation.round_trip import round_trip
from integration.journeys import book_entries, capture_holds
from integration.journeys.held_stories import HeldStories
from integration.journeys.known_calls import KnownCalls
from integration.journeys.value_usage import Place
from integration.ledger import store as ledger
from integration.ledger.blocks import blocks_of
from integration.mailbox import store as mailbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.policy import Cap
    from integration.journeys.arrived_calls import Arrival, Call, Lot
    from integration.journeys.known_calls import Outcome
    from integration.journeys.usage_settings import SettingsMemory, UsageSettings
    from integration.ledger.blocks import Block
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
    blocks: list[Block]
    """The calls as they would stand if nobody had reported them before."""


def book_calls(
    session: Session, workspace_id: str, arrivals: Sequence[Arrival], memory: SettingsMemory,
    now: datetime,
) -> list[Outcome]:  # fmt: skip
    """Write what is new, correct what is known better now; answer per call."""
    calls = [call for each in arrivals for call in each.calls]
    owners: dict[bytes, Call] = {}
    for call in calls:
        for mark in call.marks.values():
            owners.setdefault(mark, call)
    lots = [lot for each in arrivals for lot in each.lots]
    standing = _find(session, workspace_id, calls, lots, owners, memory)
    known_marks = standing.known_marks
    memory.note_known(workspace_id, met=bool(known_marks))
    is_all_new = not known_marks and len(owners) == sum([len(call.marks) for call in calls])
    if is_all_new and not standing.has_authorized:
        blocks = standing.blocks
        closed = book_entries.book_blocks(session, workspace_id, blocks, now, standing.caps)
        note_late_usage(session, workspace_id, blocks, closed, now)
        return ["accepted"] * len(calls)
    links = ledger.recognise(session, workspace_id, known_marks) if known_marks else {}
    known = KnownCalls(standing.stories, links, owners)
    _make_entries(calls, standing.blocks)
    outcomes = known.settle_all(session, workspace_id, calls)
    if standing.has_authorized:
        events = [call.event for call in calls]
        capture_holds.capture(session, workspace_id, events, now, known.entries)
    blocks = blocks_of(known.entries)
    closed = book_entries.book_blocks(session, workspace_id, blocks, now, standing.caps)
    ledger.point_to(session, workspace_id, known.moved_marks)
    if known.conflicts:
        conflicts = [
            ledger.Contradiction(*name, call.digest, msgspec.json.encode(call.event).decode())
            for name, call in known.conflicts
        ]
        ledger.keep_conflicts(session, workspace_id, conflicts, now)
    note_late_usage(session, workspace_id, blocks, closed, now)
    return outcomes


def _make_entries(calls: Sequence[Call], blocks: Sequence[Block]) -> None:
    """Give each call the entry of its own."""
    entries = {entry.entry_id.bytes: entry for block in blocks for entry in block.entries()}
    for call in calls:
        call.entry = entries[call.entry_id]


def _find(
    session: Session, workspace_id: str, calls: Sequence[Call], lots: Sequence[Lot],
    owners: dict[bytes, Call], memory: SettingsMemory,
) -> _Standing:  # fmt: skip
    settings = memory.last_seen(session, workspace_id)
    attributed = _attributed(lots, settings)
    stories = HeldStories(session, workspace_id)
    names = capture_holds.named([call.event for call in calls])
    marks = {mark: (call.entry_id, call.at.date(), call.digest) for mark, call in owners.items()}
    with round_trip(session) as trip:
        take_stories = stories.ask(trip, _keys(attributed))
        trip.ask(cap_queries.steady(workspace_id))
        told_caps = trip.ask(cap_queries.in_force(workspace_id))
        told_mark = memory.ask(trip, workspace_id)
        told_names = trip.ask(cap_queries.any_known(workspace_id, names)) if names else None
        expected = memory.expects_new(workspace_id)
        told_known = trip.ask(ledger.remembering(workspace_id, marks, all_new_probably=expected))
    take_stories()
    if told_mark() != settings.mark:
        settings = memory.read(session, workspace_id)
        attributed = _attributed(lots, settings)
    stories.hold(_keys(attributed))
    blocks = [
        block
        for lot, attribution in attributed
        for part in lot.split(stories.turns(attribution.story_key))
        for block in _valued(part, attribution, stories, settings.default_region)
    ]
    has_authorized = told_names is not None and told_names()
    return _Standing(stories, told_caps(), told_known(), has_authorized, blocks)


def _attributed(lots: Sequence[Lot], settings: UsageSettings) -> list[tuple[Lot, Attribution]]:
    ladder = settings.ladder
    if ladder.turns:
        lots = [part for lot in lots for part in lot.split(ladder.turns)]
    return [(lot, ladder.attribute(lot.event)) for lot in lots]


def _keys(attributed: Sequence[tuple[Lot, Attribution]]) -> list[str]:
    """The stories that calls are attributed to, in one order."""
    return sorted({attribution.story_key for _, attribution in attributed} - {""})


def _valued(
    lot: Lot, attribution: Attribution, stories: HeldStories, default_region: str
) -> list[Block]:
    story_key, sprint_id = stories.place_at(attribution.story_key, lot.calls[0].at)
    return lot.valued(Place(story_key, attribution.reason, sprint_id, default_region))


def note_late_usage(
    session: Session, workspace_id: str, blocks: Sequence[Block], closed: Sequence[int],
    now: datetime,
) -> None:  # fmt: skip
    """Let the worker revise the closed Sprints that these entries still fall into."""
    by_sprint = {block.words.sprint_id: block for block in blocks} if closed else {}
    for sprint_id in closed:
        entry_id = by_sprint[sprint_id].rows[-1][0]
        mailbox.receive(
            session, workspace_id, source="ledger", event="late_usage",
            delivery_id=str(UUID(bytes=entry_id)), subject=f"sprint:{sprint_id}",
            body=b"", now=now,
        )  # fmt: skip
