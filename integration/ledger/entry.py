"""A line of the ledger, the family of lines about one call, and how a line is reversed."""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from random import getrandbits
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from integration.foundation.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

EntryKind = Literal["usage", "reversal", "expired_hold"]

AMOUNTS = (
    "calls", "input_tokens", "cache_read_input_tokens", "cache_write_input_tokens",
    "output_tokens", "reasoning_output_tokens", "accelerator_seconds",
    "list_cost_nanousd", "contracted_cost_nanousd", "energy_uwh",
    "location_low_ugco2e", "location_central_ugco2e", "location_high_ugco2e", "market_ugco2e",
    "unpriced_calls", "calls_without_factor", "avoided_calls",
)  # fmt: skip
"""What is added up in the roll-ups and negated in a reversal."""

LAST_REVISION = 0xFFFF
"""The low 16 bits of an entry id count the lines about one call: 0 is the first; a reversal and the
entry that takes its place are the next two. So a call's whole history is one short range of the
key, and no entry can be reversed twice."""


class LedgerEntry(NamedTuple):
    """One metered call or job as it stands in the book. Field order is column order.

    `sprint_id` 0 is "in no Sprint", `story_key` "" is "unattributed"; the amounts that can be
    unknown (costs, energy, emissions) are None then and count in `unpriced_calls` or
    `calls_without_factor`.
    """

    entry_id: UUID
    occurred_on: date
    occurred_at: datetime
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
    calls: int
    input_tokens: int
    cache_read_input_tokens: int
    cache_write_input_tokens: int
    output_tokens: int
    reasoning_output_tokens: int
    accelerator_seconds: int
    list_cost_nanousd: int | None
    contracted_cost_nanousd: int | None
    energy_uwh: int | None
    location_low_ugco2e: int | None
    location_central_ugco2e: int | None
    location_high_ugco2e: int | None
    market_ugco2e: int | None
    unpriced_calls: int
    calls_without_factor: int
    avoided_calls: int
    source_cost_nanousd: int | None
    books_version: int
    """Stands for the price and the factor version; see `version_number`."""
    unpriced_reason: str
    attributes: str
    """JSON: the rest of the event, without any content."""


def entry_ids_at(instant: datetime) -> Iterator[bytes]:
    """Make ids for calls that come into the book together: version-7 UUIDs (RFC 9562), as bytes.

    48 bits are Unix milliseconds, 57 of the first one random; each further one is the next higher,
    at revision 0. Taken at the moment of recording, ids lie in the key's index in the order in
    which rows are written: a new row's place is at the index's end, not anywhere in it.
    """
    milliseconds = int(instant.timestamp() * 1000) & (2**48 - 1)
    # Of 46 bits that are counted up, the highest begins as 0: there is always room.
    lowest = 0b10 << 62 | getrandbits(45) << 16
    first = milliseconds << 80 | 0x7 << 76 | getrandbits(12) << 64 | lowest
    return (number.to_bytes(16, "big") for number in count(first, LAST_REVISION + 1))


def entry_id_at(instant: datetime) -> UUID:
    """Make one id."""
    return UUID(bytes=next(entry_ids_at(instant)))


def day_of(instant: datetime) -> date:
    """The day of the book, in UTC, on which an instant falls."""
    return instant.astimezone(UTC).date()


def first_of(entry_id: UUID) -> UUID:
    """The id of the first line about the same call, by which its marks know it."""
    return UUID(int=entry_id.int & ~LAST_REVISION)


def last_possible(entry_id: UUID) -> UUID:
    """The highest id that a line about the same call can have."""
    return UUID(int=entry_id.int | LAST_REVISION)


def reversal_of(entry: LedgerEntry, reason: str) -> LedgerEntry:
    """The entry that takes another one back: the same day, story and Sprint, amounts negated."""
    negated: dict[str, Any] = {
        name: -amount if (amount := getattr(entry, name)) is not None else None for name in AMOUNTS
    }
    return entry._replace(
        **negated,
        entry_id=_revision_after(entry, 1),
        kind="reversal",
        reverses=entry.entry_id,
        attribution=reason,
    )


def replacement_of(entry: LedgerEntry, **changes: Any) -> LedgerEntry:
    """The entry that stands for the call once `entry` is reversed: the same but for `changes`."""
    return entry._replace(**{"kind": "usage", **changes, "entry_id": _revision_after(entry, 2)})


def _revision_after(entry: LedgerEntry, steps: int) -> UUID:
    revision = entry.entry_id.int & LAST_REVISION
    if revision + steps > LAST_REVISION:
        raise Conflict(f"Entry {entry.entry_id} was corrected too often")
    return UUID(int=entry.entry_id.int + steps)


VERSIONS: dict[int, tuple[str, str]] = {}
"""The version numbers this process has met, with the price and the factor version of each."""


@lru_cache(maxsize=1024)
def version_number(price_version: str, factor_version: str) -> int:
    """A short number for a pair of versions: 8 bytes in each entry instead of both names.

    The names are kept in the table `books_version`, written together with the first entry.
    """
    digest = blake2b(f"{price_version}\0{factor_version}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True)
    VERSIONS[number] = (price_version, factor_version)
    return number
