"""Counts a Sprint anew from its entries, and compares the roll-ups with them. Never locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from integration.ledger.entry import AMOUNTS
from integration.ledger.models import LedgerEntryRow
from integration.ledger.queries import ModelSpend, Spend, sums_of

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session


def recount_sprint(session: Session, workspace_id: str, sprint_id: int) -> list[ModelSpend]:
    """A Sprint's spend added up from the entries themselves, as `spend_in_sprint` from roll-ups."""
    keys = (LedgerEntryRow.story_key, LedgerEntryRow.provider_name, LedgerEntryRow.model)
    rows = session.execute(
        select(*keys, *sums_of(LedgerEntryRow))
        .where(LedgerEntryRow.workspace_id == workspace_id, LedgerEntryRow.sprint_id == sprint_id)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [ModelSpend(row[0], row[1], row[2], Spend._make(row[3:])) for row in rows]


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
