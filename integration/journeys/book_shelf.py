"""Which books a workspace works with: what ships, the installation's rows, then its own rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from integration.carbon import live_store
from integration.carbon import store as factors
from integration.carbon.carbon_book import CarbonBook
from integration.carbon.live_grid import LiveGrid
from integration.carbon.statements import rows_of
from integration.foundation.clock import SystemClock
from integration.foundation.read_ahead import ReadAhead
from integration.foundation.row_wall import across, only
from integration.journeys.books import Books
from integration.pricing import store as prices
from integration.pricing.price_book import PriceBook, default_price_book

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from integration.carbon.statements import Statement
    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.pricing.override_rows import OverrideRow

LOOKED_UP_EVERY_S = 2.0
"""How long another process's new row may stay unseen: a query per batch of events costs more."""


@dataclass(frozen=True, slots=True)
class _Opened:
    newest: tuple[int, int]
    books: Books


class BookShelf:
    """Gives each workspace its books. Safe to share between threads.

    Doors and jobs hold the shelf and hand journeys the books of the workspace they act for;
    `plain` are the books without any workspace's own rows. `live_zones` are the regions whose grid
    intensity is read by the hour, with the source's zone for each; the clock says which hours count
    as recent.
    """

    def __init__(
        self, transactions: Transactions, plain: Books,
        live_zones: Mapping[str, str] | None = None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.plain = plain
        self._live_zones = live_zones or {}
        self._clock = clock or SystemClock()
        self._live: tuple[int, LiveGrid] | None = None
        self._transactions = transactions
        self._opened: ReadAhead[str, _Opened] = ReadAhead(LOOKED_UP_EVERY_S)

    def for_workspace(self, workspace_id: str) -> Books:
        """Return the workspace's books; its own rows are looked for every LOOKED_UP_EVERY_S."""
        return self._opened.get(workspace_id, lambda last: self._look_up(workspace_id, last)).books

    def _look_up(self, workspace_id: str, last: _Opened | None) -> _Opened:
        with only(self._transactions, workspace_id).begin() as session:
            newest = newest_rows(session, workspace_id)
            if last is not None and last.newest == newest:
                books = last.books
            else:
                books = books_of(session, workspace_id, self.plain)
        if self._live_zones:
            with across(self._transactions).begin() as session:  # The grid is everybody's.
                books = replace(books, live=self._live_grid(session))
        return _Opened(newest, books)

    def _live_grid(self, session: Session) -> LiveGrid:
        """The hours read so far; read again when there is a newer one."""
        newest = live_store.newest_reading(session)
        if self._live is None or self._live[0] != newest:
            zones = sorted(set(self._live_zones.values()))
            hours = live_store.hours_at_hand(session, zones, self._clock.now())
            self._live = (newest, LiveGrid(self._live_zones, hours))
        return self._live[1]

    def forget(self, workspace_id: str) -> None:
        """Look for the workspace's own rows at its next call: one was entered just now."""
        self._opened.forget(workspace_id)


def newest_rows(session: Session, workspace_id: str) -> tuple[int, int]:
    """Return the ids of the workspace's newest price row and newest factor; 0 without any."""
    return (
        prices.newest_override(session, workspace_id),
        factors.newest_statement(session, workspace_id),
    )


def books_of(session: Session, workspace_id: str, plain: Books) -> Books:
    """Return the workspace's books, all its own rows included."""
    rows = [entered.row for entered in prices.overrides(session, workspace_id)]
    statements = [entered.statement for entered in factors.statements(session, workspace_id)]
    return Books(_price_book(plain, rows), _carbon_book(plain, statements))


def price_books_since_ever(
    session: Session, workspace_id: str, plain: Books
) -> Iterator[PriceBook]:
    """Yield the price book of now, then those of before each row was entered, newest first."""
    rows = [entered.row for entered in prices.overrides(session, workspace_id)]
    for count in range(len(rows), -1, -1):
        yield _price_book(plain, rows[:count])


def carbon_books_since_ever(
    session: Session, workspace_id: str, plain: Books
) -> Iterator[CarbonBook]:
    """Yield the carbon book of now, then those of before each statement, newest first."""
    statements = [entered.statement for entered in factors.statements(session, workspace_id)]
    for count in range(len(statements), -1, -1):
        yield _carbon_book(plain, statements[:count])


def _price_book(plain: Books, rows: Sequence[OverrideRow]) -> PriceBook:
    if not rows:
        return plain.prices
    return default_price_book((*plain.prices.overrides, *rows))


def _carbon_book(plain: Books, statements: Sequence[Statement]) -> CarbonBook:
    if not statements:
        return plain.carbon
    tables, zones = plain.carbon.tables, plain.carbon.zones
    factors_, models = rows_of(statements, zones, tables)
    return CarbonBook(tables, factors_, zones.convention, models)
