"""Entries in columns: those that agree in all their words stand in one block, as rows of numbers.

A batch of usage comes from a few services that work on a few stories with a few models. What its
entries have in common is rendered, added up and covered by caps once for a block, not once each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast
from uuid import UUID

from integration.ledger.entry import AMOUNTS, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from integration.ledger.entry import EntryKind

NUMBERS = (*AMOUNTS, "source_cost_nanousd")
Numbers = tuple[int | None, ...]
"""An entry's NUMBERS, in their order."""
Row = tuple[bytes, "datetime", Numbers, bytes]
"""What an entry has for itself: the 16 bytes of its id, its moment, its numbers, its attributes."""


class Words(NamedTuple):
    """What all entries of a block have in common, in the order of an entry's fields."""

    occurred_on: date
    kind: EntryKind
    reverses: UUID | None
    source: str
    outcome: str
    provider_name: str
    model: str
    region: str
    story_key: str
    attribution: str
    sprint_id: int
    team: str
    feature: str
    authorization_id: str
    books_version: int
    unpriced_reason: str


class Block:
    """Entries with the same words, of which each number is known in all or unknown in all."""

    __slots__ = ("_sums", "columns", "rows", "words")

    def __init__(self, words: Words, rows: Sequence[Row]) -> None:
        self.words = words
        self.rows = rows
        self.columns = tuple(zip(*(numbers for _, _, numbers, _ in rows), strict=True))
        """The numbers of all rows, one after the other of NUMBERS."""
        self._sums: list[int] = []

    def sums(self) -> list[int]:
        """The AMOUNTS of all entries together; unknown ones add nothing."""
        if not self._sums:
            self._sums = [0 if column[0] is None else sum(column) for column in self.columns[:-1]]
        return self._sums

    def entries(self) -> list[LedgerEntry]:
        """The same, one by one."""
        day, *words = self.words
        return [
            LedgerEntry._make(
                (UUID(bytes=entry_id), day, at, *words[:-2], *numbers, *words[-2:],
                 attributes.decode())
            )
            for entry_id, at, numbers, attributes in self.rows
        ]  # fmt: skip


_KIND, _CALLS, _VERSION = (
    LedgerEntry._fields.index(name) for name in ("kind", "calls", "books_version")
)


def blocks_of(entries: Iterable[LedgerEntry]) -> list[Block]:
    """Put entries into as few blocks as they make, in the order of their first ones."""
    found: dict[tuple[Words, tuple[bool, ...]], list[Row]] = {}
    for entry in entries:
        numbers = cast("Numbers", entry[_CALLS:_VERSION])
        words = Words._make(
            (entry.occurred_on, *entry[_KIND:_CALLS], entry.books_version, entry.unpriced_reason)
        )
        row = (entry.entry_id.bytes, entry.occurred_at, numbers, entry.attributes.encode())
        unknown = tuple([number is None for number in numbers])
        found.setdefault((words, unknown), []).append(row)
    return [Block(words, rows) for (words, _), rows in found.items()]
