"""Reads of the ledger room: sums over the roll-ups, and entries one by one. Never locks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from integration.ledger.entry import AMOUNTS, LedgerEntry
from integration.ledger.models import DaySpendRow, LedgerEntryRow, SprintSpendRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


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


class HourSpend(NamedTuple):
    """What one story, team and feature spent on one model in one hour (UTC)."""

    hour: datetime
    story_key: str
    team: str
    feature: str
    provider_name: str
    model: str
    spend: Spend


def _sums(table: type[SprintSpendRow | DaySpendRow]) -> list[object]:
    return [func.sum(getattr(table, name)).label(name) for name in AMOUNTS]


def _spend(values: Sequence[object]) -> Spend:
    return Spend(*(int(value or 0) for value in values))  # type: ignore[call-overload]  # Decimals.


def spend_in_sprint(session: Session, workspace_id: str, sprint_id: int) -> list[ModelSpend]:
    """A Sprint's spend by story and model; sprint_id 0 is what lies in no Sprint."""
    keys = (SprintSpendRow.story_key, SprintSpendRow.provider_name, SprintSpendRow.model)
    rows = session.execute(
        select(*keys, *_sums(SprintSpendRow))
        .where(SprintSpendRow.workspace_id == workspace_id, SprintSpendRow.sprint_id == sprint_id)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [ModelSpend(row[0], row[1], row[2], _spend(row[3:])) for row in rows]


def spend_of_stories(
    session: Session, workspace_id: str, story_keys: Collection[str]
) -> dict[str, Spend]:
    """What stories spent in all Sprints and outside of any; stories without spend are left out."""
    rows = session.execute(
        select(SprintSpendRow.story_key, *_sums(SprintSpendRow))
        .where(
            SprintSpendRow.workspace_id == workspace_id,
            SprintSpendRow.story_key.in_(list(story_keys)),
        )
        .group_by(SprintSpendRow.story_key)
    )
    return {row[0]: _spend(row[1:]) for row in rows}


def models_of_story(session: Session, workspace_id: str, story_key: str) -> list[ModelSpend]:
    """One story's spend by model, over all Sprints."""
    keys = (SprintSpendRow.provider_name, SprintSpendRow.model)
    rows = session.execute(
        select(*keys, *_sums(SprintSpendRow))
        .where(SprintSpendRow.workspace_id == workspace_id, SprintSpendRow.story_key == story_key)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [ModelSpend(story_key, row[0], row[1], _spend(row[2:])) for row in rows]


def daily_spend(
    session: Session, workspace_id: str, first: date, last: date, *,
    sprint_id: int | None = None, story_key: str | None = None,
) -> list[DaySpend]:  # fmt: skip
    """Spend by UTC day, story and model from `first` to `last`, both included."""
    keys = (DaySpendRow.day, DaySpendRow.story_key, DaySpendRow.model)
    query = select(*keys, *_sums(DaySpendRow)).where(
        DaySpendRow.workspace_id == workspace_id, DaySpendRow.day.between(first, last)
    )
    if sprint_id is not None:
        query = query.where(DaySpendRow.sprint_id == sprint_id)
    if story_key is not None:
        query = query.where(DaySpendRow.story_key == story_key)
    rows = session.execute(query.group_by(*keys).order_by(*keys))
    return [DaySpend(row[0], row[1], row[2], _spend(row[3:])) for row in rows]


def hourly_spend(session: Session, workspace_id: str, day: date) -> list[HourSpend]:
    """Spend of one UTC day by hour, story, team, feature and model, from the entries themselves."""
    entry = LedgerEntryRow
    hour = func.date_trunc("hour", entry.occurred_at)
    keys = (hour, entry.story_key, entry.team, entry.feature, entry.provider_name, entry.model)
    sums = [func.sum(getattr(entry, name)) for name in AMOUNTS]
    rows = session.execute(
        select(*keys, *sums)
        .where(entry.workspace_id == workspace_id, entry.occurred_on == day)
        .group_by(*keys)
        .order_by(hour)
    )
    return [HourSpend._make((*row[:6], _spend(row[6:]))) for row in rows]


def day_marks(
    session: Session, workspace_id: str, first: date, last: date, sprint_id: int | None = None
) -> dict[date, tuple[int, int]]:
    """Calls and list cost (nano-USD) of each day with any spend: they change when the day does."""
    row = DaySpendRow
    sums = select(row.day, func.sum(row.calls), func.sum(row.list_cost_nanousd))
    query = sums.where(row.workspace_id == workspace_id, row.day.between(first, last))
    if sprint_id is not None:
        query = query.where(row.sprint_id == sprint_id)
    found = session.execute(query.group_by(row.day))
    return {day: (int(calls), int(cost)) for day, calls, cost in found}


def recount_sprint(session: Session, workspace_id: str, sprint_id: int) -> list[ModelSpend]:
    """A Sprint's spend added up from the entries themselves, as `spend_in_sprint` from roll-ups."""
    keys = (LedgerEntryRow.story_key, LedgerEntryRow.provider_name, LedgerEntryRow.model)
    sums = [func.sum(getattr(LedgerEntryRow, name)) for name in AMOUNTS]
    rows = session.execute(
        select(*keys, *sums)
        .where(LedgerEntryRow.workspace_id == workspace_id, LedgerEntryRow.sprint_id == sprint_id)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [ModelSpend(row[0], row[1], row[2], _spend(row[3:])) for row in rows]


def sprint_disagreements(session: Session, workspace_id: str, sprint_id: int) -> int:
    """Count the stories' models whose Sprint roll-up is not the sum of their days."""
    where = {"workspace_id": workspace_id, "sprint_id": sprint_id}
    return _different(session, "sprint_spend", "day_spend", where)


def day_disagreements(session: Session, workspace_id: str, sprint_id: int, day: date) -> int:
    """Count the stories' models whose day roll-up is not the sum of that day's entries."""
    where = {"workspace_id": workspace_id, "sprint_id": sprint_id, "day": day}
    return _different(session, "day_spend", "ledger_entry", where)


def _different(session: Session, one: str, other: str, where: dict[str, object]) -> int:
    """One statement sees one moment: usage arriving meanwhile is on both sides or on neither."""
    sides = ", ".join(
        f"{side} AS (SELECT story_key, provider_name, model, {_SUMS} FROM {table} WHERE "  # noqa: S608 -- constant names.
        + " AND ".join(
            f"{'occurred_on' if (table, name) == ('ledger_entry', 'day') else name} = %({name})s"
            for name in where
        )
        + " GROUP BY 1, 2, 3)"
        for side, table in (("one", one), ("other", other))
    )
    differs = " OR ".join(f"coalesce(one.{n}, 0) <> coalesce(other.{n}, 0)" for n in AMOUNTS)
    rows = session.connection().exec_driver_sql(
        f"WITH {sides} SELECT count(*) FROM one FULL JOIN other "  # noqa: S608 -- likewise.
        f"USING (story_key, provider_name, model) WHERE {differs}",
        where,
    )  # fmt: skip
    return int(rows.scalar_one())


_SUMS = ", ".join(f"coalesce(sum({name}), 0)::numeric AS {name}" for name in AMOUNTS)


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
