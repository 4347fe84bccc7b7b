"""Calls on their way into the book, and the lots that they make."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import UTC
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from integration.journeys.value_usage import KIND, Place, value, value_all
from integration.ledger.entry import entry_ids_at
from integration.metering.identity import content_digest, marks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime

    from integration.journeys.books import Books
    from integration.ledger.blocks import Block
    from integration.ledger.entry import LedgerEntry
    from integration.metering.usage import UsageEvent

CallName = tuple[UUID, "date"]
"""The id and the day of the first entry about a call."""
_kind_of = attrgetter(*KIND)


class Call:
    """An event on its way into the book."""

    __slots__ = ("at", "books", "digest", "entry", "entry_id", "event", "marks")

    entry_id: bytes
    """Of the first entry about the call, if this record is the first about it."""
    entry: LedgerEntry
    """As it would stand if nobody had reported the call before; made where somebody may have."""

    def __init__(self, event: UsageEvent, books: Books) -> None:
        self.event = event
        self.books = books
        at = event.occurred_at
        self.at = at if at.tzinfo is UTC else at.astimezone(UTC)
        self.marks = marks(event)
        self.digest = content_digest(event)

    @property
    def name(self) -> CallName:
        """The call, if this record is the first about it."""
        return UUID(bytes=self.entry_id), self.at.date()

    def valued_at(self, moment: datetime) -> LedgerEntry:
        """The same record, had the call been made at another moment."""
        then = msgspec.structs.replace(self.event, occurred_at=moment)
        entry = self.entry
        place = Place(entry.story_key, entry.attribution, entry.sprint_id, entry.region)
        return value(then, place, self.books, self.entry_id)


class Lot:
    """Calls of one kind and one UTC day that came together; the first speaks for all of them."""

    __slots__ = ("calls", "event")

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.event = calls[0].event

    def split(self, turns: Collection[datetime]) -> list[Lot]:
        """Split the lot at moments from which on something is decided otherwise."""
        moments = [call.at for call in self.calls]
        first, last = min(moments), max(moments)
        inside = sorted(turn for turn in turns if first < turn <= last)
        if not inside:
            return [self]
        parts: dict[int, list[Call]] = defaultdict(list)
        for call in self.calls:
            parts[bisect_right(inside, call.at)].append(call)
        return [Lot(part) for part in parts.values()]

    def valued(self, place: Place) -> list[Block]:
        """The calls as they stand in the book, on the story that they belong to."""
        calls = [(call.entry_id, call.at, call.event) for call in self.calls]
        return value_all(calls, place, self.calls[0].books)


class Arrival:
    """What came with one request: its calls in order, and the lots that these make."""

    __slots__ = ("calls", "days", "lots")

    def __init__(self, events: Iterable[UsageEvent], books: Books, now: datetime) -> None:
        self.calls = [Call(event, books) for event in events]
        alike: dict[tuple[date, object], list[Call]] = defaultdict(list)
        for call in self.calls:
            alike[call.at.date(), _kind_of(call.event)].append(call)
        self.lots = [Lot(calls) for calls in alike.values()]
        self.days = {lot.calls[0].at.date() for lot in self.lots}
        ids = entry_ids_at(now)
        for lot in self.lots:
            for call in lot.calls:
                call.entry_id = next(ids)
