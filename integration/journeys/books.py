"""The price book and the carbon book that a journey works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.carbon.carbon_book import CarbonBook
    from integration.pricing.price_book import PriceBook


@dataclass(frozen=True, slots=True)
class Books:
    """Dated prices and versioned factors; immutable, shared by all threads."""

    prices: PriceBook
    carbon: CarbonBook
