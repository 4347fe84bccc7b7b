"""What a call costs at list and under contract, in nano-USD, within about a microsecond.

Names are resolved once to dated integer rates and remembered; a call is then a look-up and a sum.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from integration.pricing.base_prices import STANDARD, BasePrices, ModelName, load_base_prices
from integration.pricing.contract_schedules import Resolution, resolution_of, said_of
from integration.pricing.model_names import candidates, seller_of
from integration.pricing.override_rows import WHOLE_SELLER, OverrideRow, digest_of
from integration.pricing.schedule import Unpriced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from integration.pricing.rates import ClassPrices

REMEMBERED_NAMES = 8192
TIER_NAMES = {
    "": STANDARD,
    "auto": STANDARD,
    "batches": "batch",
    "default": STANDARD,
    "on_demand": STANDARD,
    "standard_only": STANDARD,
}


class Priced(msgspec.Struct, frozen=True, gc=False):
    """The two costs of a call and the dated row they come from.

    `assumption` says in words when a rate stands in for one that nobody publishes.
    """

    list_cost_nanousd: int
    contracted_cost_nanousd: int
    price_id: str
    assumption: str | None = None


class PriceBook:
    """List and contracted prices of everything known. Immutable; safe to share between threads."""

    def __init__(self, base: BasePrices, overrides: Sequence[OverrideRow] = ()) -> None:
        self._base = base
        self.overrides = tuple(overrides)
        self._resolved: dict[tuple[str | None, str, str], Resolution | Unpriced] = {}
        digest = f" + overrides {digest_of(self.overrides)}" if self.overrides else ""
        self.price_version = f"{base.source}{digest}"

    def warm_up(self) -> None:
        """Read and compile the base data now, so that no call waits for it."""
        self._base.compiled()

    def list_cost(
        self,
        provider_name: str | None,
        model: str,
        at: datetime,
        *,
        input_tokens: int,
        output_tokens: int,
        cache_read_input_tokens: int = 0,
        cache_write_input_tokens: int = 0,
        cache_write_1h_input_tokens: int = 0,
        reasoning_output_tokens: int = 0,
        service_tier: str | None = STANDARD,
    ) -> Priced | Unpriced:
        """Price one call; `input_tokens` include the cached, writes include the one-hour writes.

        A naive `at` is read as UTC. Never raises and never answers 0 for want of a price.
        """
        resolved = self.resolution(provider_name, model, service_tier)
        if isinstance(resolved, Unpriced):
            return resolved
        found = resolved.costs(
            at,
            (
                input_tokens,
                output_tokens,
                cache_read_input_tokens,
                cache_write_input_tokens,
                cache_write_1h_input_tokens,
                reasoning_output_tokens,
            ),
        )
        if isinstance(found, Unpriced):
            return found
        listed, contracted, rates = found
        borrowed = resolved.borrowed
        said = rates.assumption if borrowed is None else said_of(rates.assumption, borrowed)
        return Priced(listed, contracted, rates.price_id, said)

    def resolution(
        self, provider_name: str | None, model: str, service_tier: str | None = STANDARD
    ) -> Resolution | Unpriced:
        """Return the dated rates behind a name, as they were found the first time."""
        found = self._resolved.get((provider_name, model, service_tier or STANDARD))
        return self.resolve(provider_name, model, service_tier) if found is None else found

    def resolve(
        self, provider_name: str | None, model: str, service_tier: str | None = STANDARD
    ) -> Resolution | Unpriced:
        """Return the dated rates behind a name, remembered after the first time."""
        tier = service_tier or STANDARD
        found = self._look_up(provider_name, model, TIER_NAMES.get(tier.lower(), tier.lower()))
        if len(self._resolved) >= REMEMBERED_NAMES:
            # Names come from outside; forgetting all bounds the memory and costs one look-up each.
            self._resolved.clear()
        self._resolved[provider_name, model, tier] = found
        return found

    def class_prices(
        self, provider_name: str | None, model: str, at: datetime
    ) -> ClassPrices | None:
        """Return the list prices of a model's ordinary calls at an instant; None without any."""
        resolved = self.resolve(provider_name, model)
        if isinstance(resolved, Unpriced):
            return None
        return resolved.schedule.band_at(at, 0).prices

    def canonical(self, provider_name: str | None, model: str) -> ModelName | None:
        """Return the seller and model id of the base data that price this name, if any do."""
        found = self._base_match(provider_name, model)
        return found[1] if found else None

    def models(self) -> tuple[ModelName, ...]:
        """Return every seller and model with a base price row, sorted."""
        return self._base.names

    def closest(self, model: str, count: int = 3) -> list[str]:
        """Return the known model ids that look most like this one, for "did you mean"."""
        ids = sorted({name.model for name in self._base.names})
        return get_close_matches(model.lower(), ids, n=count, cutoff=0.5)

    def _look_up(self, provider_name: str | None, model: str, tier: str) -> Resolution | Unpriced:
        match = self._base_match(provider_name, model)
        seller, name = match or (seller_of(provider_name), None)
        rows = self._rows_about(provider_name, model, seller, name)
        if match is None and not any(
            row.kind == "tokens" and row.prices.prices_tokens for row in rows
        ):
            return Unpriced(
                "unknown_model", f"no price for {model!r} of {provider_name or 'anyone'}"
            )
        base = self._base.schedules(name) if name else {}
        borrowed = None
        if name and name.provider_name != seller:
            # A seller who borrows another's list borrows the standard rates only.
            base = {STANDARD: base[STANDARD]}
            if not any(row.prices.prices_tokens for row in rows):
                borrowed = f"no list price of {seller}'s own known: {name.provider_name}'s"
        label = f"{name.provider_name}/{name.model}" if name else f"{seller}/{model.lower()}"
        return resolution_of(label, base, tier, rows)._replace(borrowed=borrowed)

    def _base_match(self, provider_name: str | None, model: str) -> tuple[str, ModelName] | None:
        for seller_name, candidate in candidates(provider_name, model):
            if seller_name is None:
                seller = self._base.provider_of_model(candidate)
            else:
                seller = self._base.find_provider(seller_name)
            found = seller and self._base.find(seller, candidate)
            if seller and found:
                return seller.id, found
        return None

    def _rows_about(
        self, provider_name: str | None, model: str, seller: str | None, name: ModelName | None
    ) -> list[OverrideRow]:
        if not self.overrides:
            return []
        models = {
            candidate for by, candidate in candidates(provider_name, model) if by in (seller, None)
        }
        models |= {WHOLE_SELLER} | ({name.model.lower()} if name else set())
        return [
            row
            for row in self.overrides
            if row.model.lower() in models and seller_of(row.provider_name) == seller
        ]


@lru_cache(maxsize=1)
def base_prices() -> BasePrices:
    """Return the base data, compiled on first use and kept."""
    return load_base_prices()


def default_price_book(overrides: Sequence[OverrideRow] = ()) -> PriceBook:
    """Return the pinned list prices with these override rows; cheap after the first call."""
    if not overrides:
        return _plain_book()
    return PriceBook(base_prices(), overrides)


@lru_cache(maxsize=1)
def _plain_book() -> PriceBook:
    return PriceBook(base_prices())
