"""Journey: stored figures are worked out again from stored inputs, each by the version it names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from integration.carbon.explanation import CarbonExplanation, explain_hours, explain_tokens
from integration.carbon.footprint import Footprint, NoFactor
from integration.carbon.live_grid import at_hour, explained_at_hour
from integration.foundation.errors import NotFound
from integration.journeys.book_shelf import carbon_books_since_ever, price_books_since_ever
from integration.journeys.books import Books
from integration.journeys.find_call import find_call
from integration.journeys.value_again import event_of, kept_factor, valued_again
from integration.journeys.value_usage import footprint_of
from integration.ledger import queries as ledger
from integration.ledger.entry import version_number
from integration.pricing.explanation import PriceExplanation
from integration.pricing.explanation import explain as explain_price
from integration.pricing.schedule import Unpriced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from integration.ledger.entry import LedgerEntry

FIGURES = (
    "list_cost_nanousd", "contracted_cost_nanousd", "energy_uwh", "location_low_ugco2e",
    "location_central_ugco2e", "location_high_ugco2e", "market_ugco2e",
)  # fmt: skip
CAUSES = ("usage", "expired_hold")


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One figure of one entry: as stored, and as worked out now. None is unknown."""

    figure: str
    stored: int | None
    again: int | None

    @property
    def agrees(self) -> bool:
        """Whether both are the same, to the last unit."""
        return self.stored == self.again


@dataclass(frozen=True, slots=True)
class AuditedEntry:
    """An entry with its recomputed figures, and the arithmetic of carbon and list cost, if any.

    Not `is_available`: this installation does not have the price or factor data it was made with;
    the figures are then those by the present data, for comparison only. `made_with` names the
    versions of prices and factors; None where the book does not name them.
    """

    entry: LedgerEntry
    figures: tuple[Recomputed, ...]
    explanation: CarbonExplanation | None
    is_available: bool = True
    price: PriceExplanation | None = None
    made_with: tuple[str, str] | None = None

    @property
    def agrees(self) -> bool:
        """Whether every figure could be worked out again and is the same."""
        return self.is_available and all(figure.agrees for figure in self.figures)


class Auditor:
    """Works entries of one workspace out again, each with the books that it was made with."""

    def __init__(self, session: Session, workspace_id: str, plain: Books) -> None:
        self._prices = list(price_books_since_ever(session, workspace_id, plain))
        self._carbon = list(carbon_books_since_ever(session, workspace_id, plain))
        self._found: dict[int, Books | None] = {}
        self._names = ledger.versions_named(session, workspace_id)

    def audit(self, entry: LedgerEntry) -> AuditedEntry:
        """Work one entry out again from what it keeps."""
        books = self._books(entry.books_version)
        present = Books(self._prices[0], self._carbon[0])
        again = valued_again(entry, books or present)
        figures = tuple(
            Recomputed(name, getattr(entry, name), getattr(again, name)) for name in FIGURES
        )
        return AuditedEntry(
            entry,
            figures,
            _explanation(entry, books or present),
            is_available=books is not None,
            price=_price(entry, books or present),
            made_with=self._names.get(entry.books_version),
        )

    def _books(self, version: int) -> Books | None:
        """The books of the past that this number stands for; None: their data is not here."""
        if version not in self._found:
            pairs = product(self._prices, self._carbon)
            self._found[version] = next(
                (
                    Books(prices, carbon)
                    for prices, carbon in pairs
                    if version_number(prices.price_version, carbon.factor_version) == version
                ),
                None,
            )
        return self._found[version]


def audit_story(
    session: Session, workspace_id: str, story_key: str, plain: Books
) -> Iterator[AuditedEntry]:
    """Work out every standing entry of a story again.

    Raises:
        NotFound: nothing was metered for it.
    """
    days = ledger.days_of_story(session, workspace_id, story_key)
    if not days:
        raise NotFound(f"Nothing was metered for {story_key!r}")
    auditor = Auditor(session, workspace_id, plain)
    for part in ledger.standing_entries(session, workspace_id, days=days, story_key=story_key):
        yield from (auditor.audit(entry) for entry in part if entry.kind in CAUSES)


def audit_event(
    session: Session, workspace_id: str, name: str, plain: Books
) -> Iterator[AuditedEntry]:
    """Work out the entries of one event, by the entry's id or the sender's event or response id.

    Raises:
        NotFound: no call goes by this name.
    """
    auditor = Auditor(session, workspace_id, plain)
    for history in find_call(session, workspace_id, name):
        if history[-1].kind in CAUSES:
            yield auditor.audit(history[-1])


def _price(entry: LedgerEntry, books: Books) -> PriceExplanation | None:
    """The arithmetic of the list cost per token; None where hours or nothing was priced."""
    event = event_of(entry)
    if entry.outcome != "completed" or event.accelerator:
        return None
    found = explain_price(
        books.prices, event.provider_name, event.model, event.occurred_at,
        counts=(
            event.input_tokens, event.output_tokens, event.cache_read_input_tokens,
            event.cache_write_input_tokens, event.cache_write_1h_input_tokens,
            event.reasoning_output_tokens,
        ),
        service_tier=event.service_tier,
    )  # fmt: skip
    return None if isinstance(found, Unpriced) else found[0]


def _explanation(entry: LedgerEntry, books: Books) -> CarbonExplanation | None:
    explained = _by_the_book(entry, books)
    live = kept_factor(entry)
    if explained is None or live is None:
        return explained
    footprint = footprint_of(event_of(entry), entry.region, books.carbon)
    if not isinstance(footprint, Footprint):
        return explained
    return explained_at_hour(explained, at_hour(footprint, live))


def _by_the_book(entry: LedgerEntry, books: Books) -> CarbonExplanation | None:
    event = event_of(entry)
    if entry.outcome != "completed" or not entry.calls:
        return None
    if event.accelerator or event.energy_wh is not None:
        footprint = footprint_of(event, entry.region, books.carbon)
        return explain_hours(footprint) if isinstance(footprint, Footprint) else None
    found = books.carbon.resolve(entry.provider_name, entry.model, entry.region or None)
    if isinstance(found, NoFactor):
        return None
    read, write = entry.cache_read_input_tokens, entry.cache_write_input_tokens
    return explain_tokens(
        found,
        calls=entry.calls,
        fresh=entry.input_tokens - read - write,
        read=read,
        write=write,
        out=entry.output_tokens,
    )
