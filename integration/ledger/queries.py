"""Reads of the ledger room: sums over the roll-ups, and entries one by one. Never locks.

Sums come back as `bigint`: thousands of PostgreSQL `numeric` values take longer to read than to
add up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import aliased

from integration.ledger.entry import AMOUNTS, LedgerEntry
from integration.ledger.models import (
    BooksVersionRow,
    DaySpendRow,
    LedgerEntryRow,
    SprintSpendRow,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session


class Spend(NamedTuple):
    """A sum of entries; costs and emissions leave out what is unpriced or without factor."""

    calls: int = 0
    input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    accelerator_seconds: int = 0
    list_cost_nanousd: int = 0
    contracted_cost_nanousd: int = 0
    energy_uwh: int = 0
    location_low_ugco2e: int = 0
    location_central_ugco2e: int = 0
    location_high_ugco2e: int = 0
    market_ugco2e: int = 0
    unpriced_calls: int = 0
    calls_without_factor: int = 0
    avoided_calls: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: Spend) -> Spend:
        """Add two sums."""
        return Spend(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class ModelSpend(NamedTuple):
    """What one story spent on one model."""

    story_key: str
    provider_name: str
    model: str
    spend: Spend


class DaySpend(NamedTuple):
    """What one story spent on one model on one UTC day."""

    day: date
    story_key: str
    model: str
    spend: Spend


class UseCost(NamedTuple):
    """What a list needs to know of a story's or day's spend; the cost leaves out unpriced calls."""

    calls: int
    list_cost_nanousd: int


def summed(
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
) -> ColumnElement[int]:
    """The sum of a column, 0 over no rows."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def sums_of(
    table: type[SprintSpendRow | DaySpendRow | LedgerEntryRow],
) -> list[ColumnElement[int]]:
    """The sums of all amounts, in the order of `Spend`."""
    return [summed(getattr(table, name)) for name in AMOUNTS]


def spend_in_sprint(
    session: Session, workspace_id: str, sprint_id: int, story_keys: Collection[str] | None = None
) -> list[ModelSpend]:
    """A Sprint's spend by story and model, of all or of some stories.

    Sprint 0 is what lies in no Sprint.
    """
    keys = (SprintSpendRow.story_key, SprintSpendRow.provider_name, SprintSpendRow.model)
    query = select(*keys, *sums_of(SprintSpendRow)).where(
        SprintSpendRow.workspace_id == workspace_id, SprintSpendRow.sprint_id == sprint_id
    )
    if story_keys is not None:
        query = query.where(SprintSpendRow.story_key == func.any(list(story_keys)))
    rows = session.execute(query.group_by(*keys).order_by(*keys))
    return [ModelSpend(row[0], row[1], row[2], Spend._make(row[3:])) for row in rows]


def total_of_sprint(session: Session, workspace_id: str, sprint_id: int) -> Spend:
    """A Sprint's spend on all its stories."""
    row = session.execute(
        select(*sums_of(SprintSpendRow)).where(
            SprintSpendRow.workspace_id == workspace_id, SprintSpendRow.sprint_id == sprint_id
        )
    ).one()
    return Spend._make(row)


def cost_of_stories(session: Session, workspace_id: str, sprint_id: int) -> dict[str, UseCost]:
    """Calls and list cost of every story with spend in a Sprint, by story key."""
    row = SprintSpendRow
    found = session.execute(
        select(row.story_key, summed(row.calls), summed(row.list_cost_nanousd))
        .where(row.workspace_id == workspace_id, row.sprint_id == sprint_id)
        .group_by(row.story_key)
    )
    return {key: UseCost(calls, cost) for key, calls, cost in found}


def spend_of_stories(
    session: Session, workspace_id: str, story_keys: Collection[str]
) -> dict[str, Spend]:
    """What stories spent in all Sprints and outside of any; stories without spend are left out."""
    rows = session.execute(
        select(SprintSpendRow.story_key, *sums_of(SprintSpendRow))
        .where(
            SprintSpendRow.workspace_id == workspace_id,
            SprintSpendRow.story_key.in_(list(story_keys)),
        )
        .group_by(SprintSpendRow.story_key)
    )
    return {row[0]: Spend._make(row[1:]) for row in rows}


def models_of_story(session: Session, workspace_id: str, story_key: str) -> list[ModelSpend]:
    """One story's spend by model, over all Sprints."""
    keys = (SprintSpendRow.provider_name, SprintSpendRow.model)
    rows = session.execute(
        select(*keys, *sums_of(SprintSpendRow))
        .where(SprintSpendRow.workspace_id == workspace_id, SprintSpendRow.story_key == story_key)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [ModelSpend(story_key, row[0], row[1], Spend._make(row[2:])) for row in rows]


def daily_spend(
    session: Session, workspace_id: str, first: date, last: date, *,
    sprint_id: int | None = None, story_key: str | None = None,
) -> list[DaySpend]:  # fmt: skip
    """Spend by UTC day, story and model from `first` to `last`, both included."""
    keys = (DaySpendRow.day, DaySpendRow.story_key, DaySpendRow.model)
    query = select(*keys, *sums_of(DaySpendRow)).where(
        *_days(workspace_id, first, last, sprint_id=sprint_id, story_key=story_key)
    )
    rows = session.execute(query.group_by(*keys).order_by(*keys))
    return [DaySpend(row[0], row[1], row[2], Spend._make(row[3:])) for row in rows]


def total_between(
    session: Session, workspace_id: str, first: date, last: date, *, story_key: str | None = None
) -> Spend:
    """All spend from `first` to `last`, both included (UTC days), or that of one story."""
    wanted = _days(workspace_id, first, last, story_key=story_key)
    return Spend._make(session.execute(select(*sums_of(DaySpendRow)).where(*wanted)).one())


def _days(workspace_id: str, first: date, last: date, **only: object) -> list[ColumnElement[bool]]:
    wanted = [DaySpendRow.workspace_id == workspace_id, DaySpendRow.day.between(first, last)]
    named = {name: value for name, value in only.items() if value is not None}
    return wanted + [getattr(DaySpendRow, name) == value for name, value in named.items()]


def day_marks(
    session: Session, workspace_id: str, first: date, last: date, sprint_id: int | None = None
) -> dict[date, UseCost]:
    """Calls and list cost (nano-USD) of each day with any spend: they change when the day does."""
    row = DaySpendRow
    sums = select(row.day, summed(row.calls), summed(row.list_cost_nanousd))
    query = sums.where(*_days(workspace_id, first, last, sprint_id=sprint_id))
    found = session.execute(query.group_by(row.day))
    return {day: UseCost(calls, cost) for day, calls, cost in found}


def entry(
    session: Session, workspace_id: str, entry_id: UUID, occurred_on: date
) -> LedgerEntry | None:
    """One entry by its id and day; None when retention has dropped it."""
    columns = [getattr(LedgerEntryRow, name) for name in LedgerEntry._fields]
    row = session.execute(
        select(*columns).where(
            LedgerEntryRow.workspace_id == workspace_id,
            LedgerEntryRow.entry_id == entry_id,
            LedgerEntryRow.occurred_on == occurred_on,
        )
    ).first()
    return _entry(row) if row else None


def days_of_entry(session: Session, workspace_id: str, entry_id: UUID) -> list[date]:
    """The UTC day on which an entry is, if it is known; looks into every day of the book."""
    row = LedgerEntryRow
    query = select(row.occurred_on).where(
        row.workspace_id == workspace_id, row.entry_id == entry_id
    )
    return list(session.scalars(query))


def days_of_story(session: Session, workspace_id: str, story_key: str) -> list[date]:
    """The UTC days on which a story spent anything, sorted."""
    return list(
        session.scalars(
            select(DaySpendRow.day)
            .where(DaySpendRow.workspace_id == workspace_id, DaySpendRow.story_key == story_key)
            .distinct()
            .order_by(DaySpendRow.day)
        )
    )


def standing_entries(
    session: Session, workspace_id: str, *, days: Collection[date],
    story_key: str | None = None, sprint_id: int | None = None,
) -> Iterator[list[LedgerEntry]]:  # fmt: skip
    """Entries of these days that were not taken back, oldest first, a thousand at a time."""
    reversal = aliased(LedgerEntryRow)
    columns = [getattr(LedgerEntryRow, name) for name in LedgerEntry._fields]
    taken_back = (
        select(reversal.entry_id)
        .where(
            reversal.workspace_id == workspace_id,
            reversal.occurred_on == LedgerEntryRow.occurred_on,
            reversal.reverses == LedgerEntryRow.entry_id,
        )
        .exists()
    )
    query = select(*columns).where(
        LedgerEntryRow.workspace_id == workspace_id,
        LedgerEntryRow.occurred_on.in_(sorted(days)),
        LedgerEntryRow.kind != "reversal",
        ~taken_back,
    )
    if story_key is not None:
        query = query.where(LedgerEntryRow.story_key == story_key)
    if sprint_id is not None:
        query = query.where(LedgerEntryRow.sprint_id == sprint_id)
    rows = session.execute(
        query.order_by(LedgerEntryRow.occurred_at).execution_options(yield_per=1000)
    )
    for part in rows.partitions():
        yield [_entry(row) for row in part]


def versions_named(session: Session, workspace_id: str) -> dict[int, tuple[str, str]]:
    """Return the price and the factor version behind each version number of the entries."""
    rows = session.scalars(
        select(BooksVersionRow).where(BooksVersionRow.workspace_id == workspace_id)
    )
    return {row.books_version: (row.price_version, row.factor_version) for row in rows}


def days_between(
    session: Session, workspace_id: str, first: date | None, last: date | None,
    sprint_id: int | None = None,
) -> list[date]:  # fmt: skip
    """The UTC days with any spend between two days, both included; None is open."""
    query = select(DaySpendRow.day).where(DaySpendRow.workspace_id == workspace_id).distinct()
    if first is not None:
        query = query.where(DaySpendRow.day >= first)
    if last is not None:
        query = query.where(DaySpendRow.day <= last)
    if sprint_id is not None:
        query = query.where(DaySpendRow.sprint_id == sprint_id)
    return list(session.scalars(query.order_by(DaySpendRow.day)))


def _entry(row: Sequence[object]) -> LedgerEntry:
    return LedgerEntry._make((*row[:-1], json.dumps(row[-1])))
