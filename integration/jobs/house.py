"""What every job works with, put together once at start-up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from integration.foundation.row_wall import across, demanding, only
from integration.foundation.wording import Wordings
from integration.workspaces import store as workspaces

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
    """Bound to the workspace that the house is `within`; before that none begins."""
    books: BookShelf
    outside: Outside
    clock: Clock
    public_url: str
    wordings: Wordings = field(default_factory=Wordings)
    live_grid: LiveGridSource | None = None
    """Where grid intensity is read by the hour; None where it is not."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "transactions", demanding(self.transactions))

    def within(self, workspace_id: str) -> House:
        """Return the house for work on one workspace: its transactions see no other's rows."""
        here = replace(self)
        object.__setattr__(here, "transactions", only(self.transactions, workspace_id))
        return here

    def workspace_ids(self) -> list[str]:
        """Return who is served, sorted."""
        with across(self.transactions).begin() as session:
            return workspaces.all_ids(session)
