"""List prices from genai-prices (MIT, pinned), compiled once into our own immutable schedules.

genai-prices is asked at that time only: for the price of each model at every instant where one of
its dated, time-of-day or request-context conditions can change, and by whose name a model goes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from integration.pricing.rates import ClassPrices
from integration.pricing.schedule import Priceable, Schedule, build_schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from genai_prices.types import ModelInfo, ModelPrice, Provider

STANDARD = "standard"
PRICE_KEYS = {
    "input": "input_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
    "reasoning": "output_reasoning_mtok",
    "per_thousand_calls": "requests_kcount",
}
# In genai-prices a batch is a way of processing, "fast" a speed and the rest a service tier.
TIER_CONTEXTS = {
    "batch": ({"processing": "batch"},),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"},),
    "fast": ({"service_tier": "fast"}, {"speed": "fast"}),
}


class ModelName(NamedTuple):
    """A seller and the id it is priced under there."""

    provider_name: str
    model: str


class _Compiled(NamedTuple):
    providers: list[Provider]
    schedules: dict[ModelName, dict[str, Schedule]]


class BasePrices:
    """Every schedule of the base data, and the matching of names to them.

    The data is imported and compiled when it is first asked for, once: a process answers before.
    """

    def __init__(self, providers: Callable[[], list[Provider]], source: str) -> None:
        self.source = source
        self._read_providers = providers
        self._lock = Lock()
        self._known: _Compiled | None = None

    def compiled(self) -> _Compiled:
        """Read and compile the data now; takes a few hundred milliseconds the first time."""
        with self._lock:
            if self._known is None:
                self._known = _compiled(self._read_providers(), self.source)
            return self._known

    @property
    def names(self) -> tuple[ModelName, ...]:
        """Every seller and model with a row, sorted."""
        return tuple(sorted(self.compiled().schedules))

    def find_provider(self, provider_name: str) -> Provider | None:
        """Return the seller by its id or by one of its known names."""
        from genai_prices.data_snapshot import find_provider_by_id

        return find_provider_by_id(self.compiled().providers, provider_name)

    def provider_of_model(self, model: str) -> Provider | None:
        """Return the maker whose naming pattern the model id follows."""
        for provider in self.compiled().providers:
            if provider.model_match is not None and provider.model_match.is_match(model):
                return provider
        return None

    def find(self, provider: Provider, model: str) -> ModelName | None:
        """Return the row which prices this id at this seller, its fallback sellers included."""
        providers = self.compiled().providers
        found = provider.find_model(model.lower(), all_providers=providers)
        if found is None:
            # Some rows carry an id which their own pattern does not match.
            own = (m for m in provider.models if m.id.lower() == model.lower())
            found = next(own, None)
        if found is None:
            return None
        for owner in (provider, *providers):
            if any(found is candidate for candidate in owner.models):
                return ModelName(owner.id, found.id)
        return None

    def schedules(self, name: ModelName) -> dict[str, Schedule]:
        """Return the schedules of a row by service tier; "standard" is always there."""
        return self.compiled().schedules[name]


def load_base_prices() -> BasePrices:
    """Return the pinned data, which is read on first use."""
    return BasePrices(_pinned_providers, f"genai-prices {version('genai-prices')}")


def read_base_prices(raw: bytes, source: str) -> BasePrices:
    """Compile price data in the JSON format that genai-prices publishes, such as a newer release.

    Raises:
        ValueError: it is not such data.
    """
    import json

    from genai_prices.types import _providers_from_raw  # Its own updater reads data this way.

    found = json.loads(raw)
    if not isinstance(found, list) or not found:
        raise ValueError("price data is a list of providers")
    providers = _providers_from_raw(found)
    base = BasePrices(lambda: providers, source)
    base.compiled()
    return base


def _pinned_providers() -> list[Provider]:
    from genai_prices.data import providers

    return providers


def _compiled(providers: list[Provider], source: str) -> _Compiled:
    schedules: dict[ModelName, dict[str, Schedule]] = {}
    for provider in providers:
        for model in provider.models:
            name = ModelName(provider.id, model.id)
            schedules[name] = dict(_schedules_of(name, model, source))
    return _Compiled(providers, schedules)


def _schedules_of(name: ModelName, model: ModelInfo, source: str) -> Iterator[tuple[str, Schedule]]:
    dates, times = _change_points(model)
    label = f"{name.provider_name}/{name.model}"

    def standard(at: datetime) -> Priceable:
        return Priceable(_priced_bands(model.get_prices(at)))

    yield STANDARD, build_schedule(label, dates, times, standard, source)
    known = [variant.when for variant in model.price_variants or ()]
    for tier, contexts in TIER_CONTEXTS.items():
        context = next((wanted for wanted in contexts if wanted in known), None)
        if context is None:
            continue

        def in_tier(at: datetime, tier: str = tier, wanted: dict[str, str] = context) -> Priceable:
            bands = _priced_bands(model.get_prices(at, wanted))
            same = bands == _priced_bands(model.get_prices(at))
            return Priceable(bands, f"no {tier} price known: standard rate" if same else None)

        yield tier, build_schedule(f"{label};{tier}", dates, times, in_tier, source)


def _change_points(model: ModelInfo) -> tuple[set[date], set[time]]:
    """Return the dates and the times of day (UTC) at which a price of the model may change."""
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    conditional = model.prices if isinstance(model.prices, list) else []
    constraints = [price.constraint for price in conditional]
    constraints += [variant.constraint for variant in model.price_variants or ()]
    dates: set[date] = set()
    times: set[time] = set()
    for constraint in constraints:
        if isinstance(constraint, StartDateConstraint):
            dates.add(constraint.start_date)
        elif isinstance(constraint, TimeOfDateConstraint):
            times |= {_in_utc(constraint.start_time), _in_utc(constraint.end_time)}
    return dates, times


def _in_utc(time_of_day: time) -> time:
    if time_of_day.tzinfo is None:
        return time_of_day
    return datetime.combine(date(1970, 1, 2), time_of_day).astimezone(UTC).time()


def _priced_bands(price: ModelPrice) -> tuple[tuple[int, ClassPrices], ...]:
    stored = vars(price)
    values = {name: stored.get(key) for name, key in PRICE_KEYS.items()}
    starts = {0}
    for value in values.values():
        if value is not None and not isinstance(value, Decimal):
            starts |= {tier.start for tier in value.tiers}
    return tuple((start, _class_prices(values, start)) for start in sorted(starts))


def _class_prices(values: dict[str, object], above: int) -> ClassPrices:
    """Return flat prices for calls with more than `above` input tokens."""
    from genai_prices.types import TieredPrices

    flat: dict[str, Decimal | None] = {}
    for name, value in values.items():
        if isinstance(value, TieredPrices):
            # At 0 the base price holds, even where a tier starts there: see Band.
            reached = [tier.price for tier in value.tiers if above and tier.start <= above]
            flat[name] = reached[-1] if reached else value.base
        else:
            flat[name] = value if isinstance(value, Decimal) else None
    return ClassPrices(**flat)
