"""The price book and the carbon book that a journey works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from integration.carbon.carbon_book import CarbonBook
    from integration.carbon.live_grid import LiveFactor
    from integration.pricing.price_book import PriceBook


class HourlyFactors(Protocol):
    """What knows the grid intensity of an hour."""

    def find(self, region: str, at: datetime) -> LiveFactor | None:
        """Return the value for a call in a region at an instant; None: the book's factor stands."""
        ...


@dataclass(frozen=True, slots=True)
class Books:
    """Dated prices and versioned factors; immutable, shared by all threads.

    `live` is the grid intensity by the hour where it is read live, and None where it is not.
    """

    prices: PriceBook
    carbon: CarbonBook
    live: HourlyFactors | None = None

    def live_factor(self, region: str, at: datetime) -> LiveFactor | None:
        """Return the hour's intensity for a call; a factor the workspace states outranks it."""
        if self.live is None:
            return None
        found = self.live.find(region, at)
        return None if found is None or self.carbon.states_itself(region) else found
