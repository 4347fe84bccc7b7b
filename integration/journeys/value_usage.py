"""Turns usage events into ledger entries: what they cost, what they emitted, and what is unknown.

Events of one kind, which agree in all of KIND, cost and emit by the same rates and factors. These
are looked up once for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from integration.carbon.footprint import Footprint, NoFactor
from integration.carbon.live_grid import at_hour
from integration.foundation.money import nanousd
from integration.journeys.kept_attributes import KEPT_OF_KIND, KeptAttributes
from integration.ledger.blocks import NUMBERS, Block, Words
from integration.ledger.entry import LedgerEntry, entry_ids_at, version_number
from integration.pricing.hourly_rates import accelerator_cost
from integration.pricing.schedule import Unpriced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from integration.carbon.carbon_book import CarbonBook
    from integration.carbon.live_grid import LiveFactor
    from integration.carbon.resolution import Amounts, Coefficients
    from integration.journeys.books import Books
    from integration.ledger.blocks import Numbers, Row
    from integration.metering.usage import UsageEvent
    from integration.pricing.contract_schedules import Resolution
    from integration.pricing.rates import TokenCounts

KIND = (
    "source", "outcome", "provider_name", "response_model", "region", "story_key", "team",
    "feature", "authorization_id", *KEPT_OF_KIND,
)  # fmt: skip
"""Everything an event says but its moment, its counts and its ids."""
LARGEST_SOURCE_COST_USD = Decimal(1_000_000_000)
"""More than this for one call is a mistake of the source's, not a cost to compare with."""


class Place(NamedTuple):
    """Where a call belongs: the story and why, its Sprint, the region where the event names none.

    `reason` is an attribution's: `tag`, `rule:<id>`, `branch` or `none`.
    """

    story_key: str
    reason: str
    sprint_id: int
    default_region: str


def value(event: UsageEvent, place: Place, books: Books, entry_id: bytes = b"") -> LedgerEntry:
    """Price one call, as `value_all` does."""
    moment = event.occurred_at.astimezone(UTC)
    name = entry_id or next(entry_ids_at(moment))
    return value_all([(name, moment, event)], place, books)[0].entries()[0]


def value_all(
    calls: Sequence[tuple[bytes, datetime, UsageEvent]], place: Place, books: Books
) -> list[Block]:
    """Price calls of one kind and one UTC day, each at its own time, in their region.

    Of each: the 16 bytes of its entry's id, its moment in UTC, the event. Unknown stays None and is
    counted, never 0. A gateway's cache hit costs and emits nothing and counts as avoided; failed
    and blocked calls are kept for the audit with no amounts at all.
    """
    _, moment, event = calls[0]
    kind = _Kind(event, place.default_region, books)
    attributes = KeptAttributes(event)
    rows: dict[tuple[str, tuple[bool, ...]], list[Row]] = defaultdict(list)
    for entry_id, at, each in calls:
        numbers, why_unpriced, live = kind.numbers(each)
        unknown = numbers[_ENERGY] is None, numbers[_MARKET] is None, numbers[_SAID] is None
        row = (entry_id, at, numbers, attributes.of(each, live))
        rows[why_unpriced, unknown].append(row)
    return [
        Block(kind.words(moment.date(), place, why_unpriced), part)
        for (why_unpriced, _), part in rows.items()
    ]


_ENERGY, _MARKET, _SAID = (
    NUMBERS.index(name) for name in ("energy_uwh", "market_ugco2e", "source_cost_nanousd")
)


class _Kind:
    """What decides about the amounts of events of one kind; `event` speaks for them all."""

    __slots__ = ("books", "event", "factors", "has_happened", "prices", "region")

    def __init__(self, event: UsageEvent, default_region: str, books: Books) -> None:
        self.event, self.books = event, books
        self.region = event.region or default_region
        self.has_happened = event.outcome == "completed"
        self.prices: Resolution | Unpriced | None = None
        self.factors: Coefficients | NoFactor | None = None
        if self.has_happened and not event.accelerator:
            provider, model = event.provider_name, event.model
            self.prices = books.prices.resolution(provider, model, event.service_tier)
            self.factors = books.carbon.coefficients(provider, model, self.region or None)

    def words(self, day: date, place: Place, why_unpriced: str) -> Words:
        event, books = self.event, self.books
        return Words(
            day, "usage", None, event.source, event.outcome, event.provider_name,
            event.model or event.accelerator, self.region, place.story_key, place.reason,
            place.sprint_id, event.team, event.feature, event.authorization_id,
            version_number(books.prices.price_version, books.carbon.factor_version), why_unpriced,
        )  # fmt: skip

    def numbers(self, event: UsageEvent) -> tuple[Numbers, str, LiveFactor | None]:
        """The numbers of an event, why it has no cost, and the hour's grid where that counted."""
        calls = event.calls
        said = _source_cost(event) if event.source_cost_usd else None
        if not self.has_happened:
            avoided = calls if event.outcome == "cache_hit" else 0
            return (*_NO_AMOUNTS, avoided, said), "", None
        tokens = given, made, read, written, _, reasoned = _tokens_of(event)
        costs, why_unpriced = self._costs(event, tokens)
        footprint, live = self._footprint(event, tokens)
        seconds = round(event.gpu_count * event.gpu_hours * 3600) if event.gpu_count else 0
        return (
            calls, given, read, written, made, reasoned, seconds,
            *(costs or _NO_COSTS), *(footprint or _NO_FOOTPRINT),
            0 if costs else calls, 0 if footprint else calls, 0, said,
        ), why_unpriced, live  # fmt: skip

    def _costs(self, event: UsageEvent, tokens: TokenCounts) -> tuple[tuple[int, int] | None, str]:
        """List and contracted nano-USD, or None with the reason."""
        if self.prices is None:
            return _costs_of_hours(event, self.books)
        if isinstance(self.prices, Unpriced):
            return None, self.prices.reason
        found = self.prices.costs(event.occurred_at, tokens)
        return (None, found.reason) if isinstance(found, Unpriced) else (found[:2], "")

    def _footprint(
        self, event: UsageEvent, tokens: TokenCounts
    ) -> tuple[Amounts | None, LiveFactor | None]:
        """Energy, then location-based low, central, high and market-based; None without factors."""
        books = self.books
        live = books.live_factor(self.region, event.occurred_at) if books.live else None
        if live is not None or event.accelerator or event.energy_wh is not None:
            found = footprint_of(event, self.region, books.carbon)
            if not isinstance(found, Footprint):
                return None, None
            return _kept_of(found if live is None else at_hour(found, live)), live
        given, made, read, written, _, _ = tokens
        fresh = given - read - written
        if self.factors is None or isinstance(self.factors, NoFactor) or fresh < 0:
            return None, None
        return self.factors.amounts(event.calls, fresh, read, written, made), None


_tokens_of: Callable[[UsageEvent], TokenCounts] = attrgetter(
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens",
    "cache_write_1h_input_tokens", "reasoning_output_tokens",
)  # fmt: skip
_NO_AMOUNTS = (0,) * NUMBERS.index("avoided_calls")
_NO_COSTS = (None, None)
_NO_FOOTPRINT = (None, None, None, None, None)


def _costs_of_hours(event: UsageEvent, books: Books) -> tuple[tuple[int, int] | None, str]:
    hours = Decimal(str(event.gpu_hours)) * event.gpu_count
    found = accelerator_cost(
        books.prices.overrides, event.provider_name, event.accelerator, event.occurred_at, hours
    )
    return (found, "") if isinstance(found, tuple) else (None, found.reason)


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
