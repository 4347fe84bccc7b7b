"""A line of the ledger, and how it is reversed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
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
    source_cost_nanousd: int | None
    energy_uwh: int | None
    location_low_ugco2e: int | None
    location_central_ugco2e: int | None
    location_high_ugco2e: int | None
    market_ugco2e: int | None
    unpriced_calls: int
    calls_without_factor: int
    avoided_calls: int
    price_version: str
    factor_version: str
    unpriced_reason: str
    attributes: str
    """JSON: the rest of the event, without any content."""


def entry_id_at(instant: datetime) -> UUID:
    """Make a version-7 UUID: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562).

    Ids that grow with time keep the key index's hot pages few.
    """
    milliseconds = int(instant.timestamp() * 1000) & (2**48 - 1)
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62 & 0xFFF) << 64
    return UUID(int=value | 0b10 << 62 | random & (2**62 - 1))


def reversal_of(entry: LedgerEntry, reason: str) -> LedgerEntry:
    """The entry that takes another back: same day, story and Sprint, all amounts negated."""
    negated: dict[str, Any] = {
        name: -amount if (amount := getattr(entry, name)) is not None else None for name in AMOUNTS
    }
    return entry._replace(
        **negated,
        entry_id=entry_id_at(entry.occurred_at),
        kind="reversal",
        reverses=entry.entry_id,
        attribution=reason,
    )
