"""Turns a usage event into a ledger entry: what it cost, what it emitted, and what is unknown."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from integration.carbon.footprint import Footprint, NoFactor
from integration.carbon.live_grid import LiveFactor, at_hour  # msgspec resolves field types.
from integration.foundation.money import nanousd
from integration.ledger.entry import LedgerEntry, entry_id_at, version_number
from integration.metering.usage import NO_HOURS
from integration.pricing.hourly_rates import accelerator_cost
from integration.pricing.price_book import Priced

if TYPE_CHECKING:
    from uuid import UUID

    from integration.carbon.carbon_book import CarbonBook
    from integration.carbon.resolution import Amounts
    from integration.journeys.books import Books
    from integration.metering.usage import UsageEvent


class Kept(msgspec.Struct, omit_defaults=True, gc=False):
    """What the book keeps of an event besides its columns; what is as usual is left out."""

    request_model: str = ""
    response_id: str = ""
    call_id: str = ""
    event_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    operation_name: str = "chat"
    service_tier: str = "standard"
    cache_write_1h_input_tokens: int = 0
    branch: str = ""
    key_alias: str = ""
    user: str = ""
    session: str = ""
    environment: str = ""
    prompt_version: str = ""
    workload_class: str = ""
    tags: tuple[str, ...] = ()
    accelerator: str = ""
    gpu_count: int = 0
    gpu_hours: float = NO_HOURS
    gpu_utilisation: float | None = None
    energy_wh: float | None = None
    grid: LiveFactor | None = None
    """The hour's grid intensity that counted; None: the factor of the book's version did."""


KEPT_ATTRIBUTES = tuple(name for name in Kept.__struct_fields__ if name != "grid")
_KEPT = attrgetter(*KEPT_ATTRIBUTES)
_TO_JSON = msgspec.json.Encoder().encode
LARGEST_SOURCE_COST_USD = Decimal(1_000_000_000)
"""More than this for one call is a mistake of the source's, not a cost to compare with."""


_NO_COUNTS = (0, 0, 0, 0, 0, 0, 0)


class Place(NamedTuple):
    """Where a call belongs: the story and why, its Sprint, the region where the event names none.

    `reason` is an attribution's: `tag`, `rule:<id>`, `branch` or `none`.
    """

    story_key: str
    reason: str
    sprint_id: int
    default_region: str


def value(
    event: UsageEvent, place: Place, books: Books, entry_id: UUID | None = None
) -> LedgerEntry:
    """Price a call at its own time and region. Unknown stays None and is counted, never 0.

    A gateway's cache hit costs and emits nothing and counts as avoided; failed and blocked calls
    are kept for the audit with no amounts at all.
    """
    happened = event.outcome == "completed"
    region = event.region or place.default_region
    costs, why_unpriced = _costs(event, books) if happened else ((0, 0), "")
    live = books.live_factor(region, event.occurred_at) if books.live and happened else None
    footprint = _footprint(event, region, books, live) if happened else _NOTHING
    energy, low, central, high, market = footprint or _UNKNOWN
    listed, contracted = costs or (None, None)
    occurred_at = event.occurred_at.astimezone(UTC)
    # By position, in the order of the fields: half the time of keywords, once per event.
    return LedgerEntry(
        entry_id or entry_id_at(occurred_at),
        occurred_at.date(),
        occurred_at,
        "usage",
        None,
        event.source,
        event.outcome,
        event.provider_name,
        event.model or event.accelerator,
        region,
        place.story_key,
        place.reason,
        place.sprint_id,
        event.team,
        event.feature,
        event.authorization_id,
        *(_counts(event) if happened else _NO_COUNTS),
        listed,
        contracted,
        energy,
        low,
        central,
        high,
        market,
        0 if costs else event.calls,  # unpriced_calls
        0 if footprint else event.calls,  # calls_without_factor
        event.calls if event.outcome == "cache_hit" else 0,  # avoided_calls
        _source_cost(event) if event.source_cost_usd else None,
        version_number(books.prices.price_version, books.carbon.factor_version),
        why_unpriced,
        _attributes(event, live if footprint else None),
    )


_NOTHING = (0, 0, 0, 0, 0)
_UNKNOWN = (None, None, None, None, None)


def _counts(event: UsageEvent) -> tuple[int, int, int, int, int, int, int]:
    """Calls, the token classes and accelerator-seconds, in the order of the entry's fields."""
    return (
        event.calls,
        event.input_tokens,
        event.cache_read_input_tokens,
        event.cache_write_input_tokens,
        event.output_tokens,
        event.reasoning_output_tokens,
        round(event.gpu_count * event.gpu_hours * 3600) if event.gpu_count else 0,
    )


def _costs(event: UsageEvent, books: Books) -> tuple[tuple[int, int] | None, str]:
    """List and contracted nano-USD, or None with the reason."""
    if event.accelerator:
        hours = Decimal(str(event.gpu_hours)) * event.gpu_count
        found = accelerator_cost(
            books.prices.overrides, event.provider_name, event.accelerator, event.occurred_at, hours
        )
        return (found, "") if isinstance(found, tuple) else (None, found.reason)
    priced = books.prices.list_cost(
        event.provider_name,
        event.model,
        event.occurred_at,
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        cache_read_input_tokens=event.cache_read_input_tokens,
        cache_write_input_tokens=event.cache_write_input_tokens,
        cache_write_1h_input_tokens=event.cache_write_1h_input_tokens,
        reasoning_output_tokens=event.reasoning_output_tokens,
        service_tier=event.service_tier,
    )
    if isinstance(priced, Priced):
        return (priced.list_cost_nanousd, priced.contracted_cost_nanousd), ""
    return None, priced.reason


def _footprint(
    event: UsageEvent, region: str, books: Books, live: LiveFactor | None
) -> Amounts | None:
    """Energy, then location-based low, central, high and market-based; None without factors."""
    if live is not None or event.accelerator or event.energy_wh is not None:
        found = footprint_of(event, region, books.carbon)
        if not isinstance(found, Footprint):
            return None
        return _kept_of(found if live is None else at_hour(found, live))
    factors = books.carbon.coefficients(event.provider_name, event.model, region or None)
    if isinstance(factors, NoFactor):
        return None
    read, written = event.cache_read_input_tokens, event.cache_write_input_tokens
    fresh = event.input_tokens - read - written
    if fresh < 0:
        return None
    return factors.amounts(event.calls, fresh, read, written, event.output_tokens)


def _kept_of(found: Footprint) -> Amounts:
    return (
        found.energy_uwh,
        found.location_based_low_ugco2e,
        found.location_based_ugco2e,
        found.location_based_high_ugco2e,
        found.market_based_ugco2e,
    )


def footprint_of(event: UsageEvent, region: str, carbon: CarbonBook) -> Footprint | NoFactor:
    """Estimate a call or job; energy that its source measured outranks the model's."""
    found: Footprint | NoFactor
    if event.accelerator:
        found = carbon.gpu_footprint(
            event.accelerator, event.gpu_count, event.gpu_hours, region,
            utilisation=event.gpu_utilisation,
        )  # fmt: skip
    else:
        found = carbon.footprint(
            event.provider_name,
            event.model,
            region or None,
            calls=event.calls,
            input_tokens=event.input_tokens,
            output_tokens=event.output_tokens,
            cache_read_input_tokens=event.cache_read_input_tokens,
            cache_write_input_tokens=event.cache_write_input_tokens,
        )
    if event.energy_wh is None:
        return found
    return carbon.measured_footprint(event.energy_wh, region or None, found)


def _source_cost(event: UsageEvent) -> int | None:
    """What the source says it cost, in nano-USD; None when it says nothing believable."""
    try:
        said = Decimal(event.source_cost_usd)
    except InvalidOperation:
        return None
    is_believable = said.is_finite() and 0 <= said <= LARGEST_SOURCE_COST_USD
    return nanousd(said) if is_believable else None


def _attributes(event: UsageEvent, grid: LiveFactor | None) -> str:
    kept = Kept(*_KEPT(event))
    kept.grid = grid
    return _TO_JSON(kept).decode()
