"""What every job works with, put together once at start-up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integration.foundation.wording import Wordings

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.jobs.outside import Outside
    from integration.journeys.book_shelf import BookShelf
    from integration.providers.electricity_maps import ElectricityMaps


@dataclass(frozen=True, slots=True)
class LiveGridSource:
    """Who is asked for grid intensity, and for which zones."""

    source: ElectricityMaps
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class House:
    """The database, the books, the outside world, the clock, and where our own pages are."""

    transactions: Transactions
    books: BookShelf
    outside: Outside
    clock: Clock
    public_url: str
    wordings: Wordings = field(default_factory=Wordings)
    live_grid: LiveGridSource | None = None
    """Where grid intensity is read by the hour; None where it is not."""
