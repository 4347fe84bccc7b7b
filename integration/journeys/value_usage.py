"""Turns a usage event into a ledger entry: what it cost, what it emitted, and what is unknown."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from integration.carbon.footprint import Footprint
from integration.foundation.money import nanousd
from integration.ledger.entry import LedgerEntry, entry_id_at
from integration.pricing.hourly_rates import accelerator_cost
from integration.pricing.price_book import Priced

if TYPE_CHECKING:
    from integration.journeys.books import Books
    from integration.metering.attribution import Attribution
    from integration.metering.usage import UsageEvent

KEPT_ATTRIBUTES = (
    "request_model", "response_id", "call_id", "event_id", "trace_id", "span_id", "operation_name",
    "service_tier", "cache_write_1h_input_tokens", "branch", "key_alias", "user", "session",
    "environment", "prompt_version", "workload_class", "tags", "accelerator", "gpu_count",
    "gpu_hours", "gpu_utilisation", "energy_wh",
)  # fmt: skip


def value(
    event: UsageEvent, attribution: Attribution, sprint_id: int, books: Books, default_region: str
) -> LedgerEntry:
    """Price a call at its own time and region. Unknown stays None and is counted, never 0.

    A gateway's cache hit costs and emits nothing and counts as avoided; failed and blocked calls
    are kept for the audit with no amounts at all.
    """
    happened = event.outcome == "completed"
    region = event.region or default_region
    costs, why_unpriced = _costs(event, books) if happened else ((0, 0), "")
    footprint = _footprint(event, region, books) if happened else _NOTHING
    occurred_at = event.occurred_at.astimezone(UTC)
    counted = happened or event.outcome == "cache_hit"
    return LedgerEntry(
        entry_id=entry_id_at(occurred_at),
        occurred_on=occurred_at.date(),
        occurred_at=occurred_at,
        kind="usage",
        reverses=None,
        source=event.source,
        outcome=event.outcome,
        provider_name=event.provider_name,
        model=event.model or event.accelerator,
        region=region,
        story_key=attribution.story_key,
        attribution=attribution.reason,
        sprint_id=sprint_id,
        team=event.team,
        feature=event.feature,
        authorization_id=event.authorization_id,
        calls=event.calls if happened else 0,
        input_tokens=event.input_tokens if happened else 0,
        cache_read_input_tokens=event.cache_read_input_tokens if happened else 0,
        cache_write_input_tokens=event.cache_write_input_tokens if happened else 0,
        output_tokens=event.output_tokens if happened else 0,
        reasoning_output_tokens=event.reasoning_output_tokens if happened else 0,
        accelerator_seconds=round(event.gpu_count * event.gpu_hours * 3600) if happened else 0,
        list_cost_nanousd=costs[0] if costs else None,
        contracted_cost_nanousd=costs[1] if costs else None,
        source_cost_nanousd=_source_cost(event),
        energy_uwh=footprint and footprint[0],
        location_low_ugco2e=footprint and footprint[1],
        location_central_ugco2e=footprint and footprint[2],
        location_high_ugco2e=footprint and footprint[3],
        market_ugco2e=footprint and footprint[4],
        unpriced_calls=0 if costs else event.calls,
        calls_without_factor=0 if footprint else event.calls,
        avoided_calls=event.calls if counted and not happened else 0,
        price_version=books.prices.price_version,
        factor_version=books.carbon.factor_version,
        unpriced_reason=why_unpriced,
        attributes=_attributes(event),
    )


_NOTHING = (0, 0, 0, 0, 0)


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
    event: UsageEvent, region: str, books: Books
) -> tuple[int, int, int, int, int | None] | None:
    """Energy, then location-based low, central, high and market-based; None without factors."""
    if event.accelerator:
        found = books.carbon.gpu_footprint(
            event.accelerator, event.gpu_count, event.gpu_hours, region,
            utilisation=event.gpu_utilisation,
        )  # fmt: skip
    else:
        found = books.carbon.footprint(
            event.provider_name,
            event.model,
            region or None,
            calls=event.calls,
            input_tokens=event.input_tokens,
            output_tokens=event.output_tokens,
            cache_read_input_tokens=event.cache_read_input_tokens,
            cache_write_input_tokens=event.cache_write_input_tokens,
        )
    if not isinstance(found, Footprint):
        return None
    return (
        found.energy_uwh,
        found.location_based_low_ugco2e,
        found.location_based_ugco2e,
        found.location_based_high_ugco2e,
        found.market_based_ugco2e,
    )


def _source_cost(event: UsageEvent) -> int | None:
    """What the source says it cost, in nano-USD; None when it says nothing readable."""
    try:
        return nanousd(Decimal(event.source_cost_usd)) if event.source_cost_usd else None
    except InvalidOperation:
        return None


def _attributes(event: UsageEvent) -> str:
    kept = {name: found for name in KEPT_ATTRIBUTES if (found := getattr(event, name))}
    return msgspec.json.encode(kept).decode()
