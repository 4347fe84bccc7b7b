"""Turns an entry back into its event, as far as the book keeps it, and values it once more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from integration.carbon.live_grid import KeptFactor, LiveFactor
from integration.journeys.kept_attributes import KEPT_ATTRIBUTES
from integration.journeys.value_usage import Place, value
from integration.metering.usage import UsageEvent

if TYPE_CHECKING:
    from integration.journeys.books import Books
    from integration.ledger.entry import LedgerEntry

_ATTRIBUTES = msgspec.json.Decoder(dict[str, msgspec.Raw])


def event_of(entry: LedgerEntry) -> UsageEvent:
    """The event an entry was made from, as far as the book keeps it."""
    kept = _ATTRIBUTES.decode(entry.attributes)
    fields = {name: kept[name] for name in KEPT_ATTRIBUTES if name in kept}
    known = {
        "source": entry.source, "occurred_at": entry.occurred_at,
        "provider_name": entry.provider_name, "region": entry.region,
        "outcome": "completed" if entry.kind == "expired_hold" else entry.outcome,
        "calls": entry.calls, "input_tokens": entry.input_tokens,
        "cache_read_input_tokens": entry.cache_read_input_tokens,
        "cache_write_input_tokens": entry.cache_write_input_tokens,
        "output_tokens": entry.output_tokens,
        "reasoning_output_tokens": entry.reasoning_output_tokens,
        "team": entry.team, "feature": entry.feature,
    }  # fmt: skip
    if "accelerator" not in kept:
        known["response_model"] = entry.model
    return msgspec.json.decode(msgspec.json.encode(fields | known), type=UsageEvent)


def kept_factor(entry: LedgerEntry) -> LiveFactor | None:
    """The hour's grid intensity that an entry was worked out with; None: the book's factor."""
    kept = _ATTRIBUTES.decode(entry.attributes).get("grid")
    return None if kept is None else msgspec.json.decode(kept, type=LiveFactor)


def valued_again(entry: LedgerEntry, books: Books) -> LedgerEntry:
    """An entry as it would stand had these books been there; only its amounts mean anything.

    The hour's grid intensity is the one the entry keeps, whatever is known of the hour by now.
    """
    kept = kept_factor(entry)
    then = replace(books, live=None if kept is None else KeptFactor(kept))
    place = Place(entry.story_key, entry.attribution, entry.sprint_id, entry.region)
    return value(event_of(entry), place, then)
