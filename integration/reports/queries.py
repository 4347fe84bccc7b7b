"""Reads at the grain that pages show, so that a page stays quick; nothing here is ever written.

Sums come back as `bigint`: thousands of PostgreSQL `numeric` values take longer to read than to
add up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, cast, func, select

from integration.caps.models import CrossingRow, DenialRow
from integration.ledger.entry import AMOUNTS
from integration.ledger.models import DaySpendRow, SprintSpendRow
from integration.ledger.queries import ModelSpend, Spend

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session


class StoryCost(NamedTuple):
    """What a list needs to know of a story's spend; the cost leaves out unpriced calls."""

    calls: int
    list_cost_nanousd: int


class Crossing(NamedTuple):
    """A threshold that a cap has reached and is still at."""

    cap_id: str
    threshold_pct: int
    at: datetime


class Denial(NamedTuple):
    """A call that a cap refused; `requested` is its worst case in the cap's unit."""

    cap_id: str
    at: datetime
    story_key: str
    requested: int | None


def _sum(column: InstrumentedAttribute[int]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def total_of_sprint(session: Session, workspace_id: str, sprint_id: int) -> Spend:
    """A Sprint's spend on all its stories."""
    sums = [_sum(getattr(SprintSpendRow, name)) for name in AMOUNTS]
    row = session.execute(
        select(*sums).where(
            SprintSpendRow.workspace_id == workspace_id, SprintSpendRow.sprint_id == sprint_id
        )
    ).one()
    return Spend(*row)


def cost_of_stories(session: Session, workspace_id: str, sprint_id: int) -> dict[str, StoryCost]:
    """Calls and list cost of every story with spend in a Sprint, by story key."""
    key = SprintSpendRow.story_key
    rows = session.execute(
        select(key, _sum(SprintSpendRow.calls), _sum(SprintSpendRow.list_cost_nanousd))
        .where(SprintSpendRow.workspace_id == workspace_id, SprintSpendRow.sprint_id == sprint_id)
        .group_by(key)
    )
    return {row[0]: StoryCost(row[1], row[2]) for row in rows}


def spend_of_stories_in(
    session: Session, workspace_id: str, sprint_id: int, story_keys: Collection[str]
) -> list[ModelSpend]:
    """What some stories spent in a Sprint, by story and model."""
    keys = (SprintSpendRow.story_key, SprintSpendRow.provider_name, SprintSpendRow.model)
    sums = [_sum(getattr(SprintSpendRow, name)) for name in AMOUNTS]
    rows = session.execute(
        select(*keys, *sums)
        .where(
            SprintSpendRow.workspace_id == workspace_id,
            SprintSpendRow.sprint_id == sprint_id,
            SprintSpendRow.story_key == func.any(list(story_keys)),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    return [ModelSpend(row[0], row[1], row[2], Spend(*row[3:])) for row in rows]


def cost_by_day(
    session: Session, workspace_id: str, sprint_id: int, first: date, last: date
) -> dict[date, int]:
    """List cost in nano-USD of a Sprint's UTC days with spend, both ends included."""
    rows = session.execute(
        select(DaySpendRow.day, _sum(DaySpendRow.list_cost_nanousd))
        .where(
            DaySpendRow.workspace_id == workspace_id,
            DaySpendRow.sprint_id == sprint_id,
            DaySpendRow.day.between(first, last),
        )
        .group_by(DaySpendRow.day)
    )
    return {row[0]: row[1] for row in rows}


def crossings(session: Session, workspace_id: str, cap_ids: Collection[str]) -> list[Crossing]:
    """Thresholds that these caps are at."""
    rows = session.execute(
        select(CrossingRow.cap_id, CrossingRow.threshold_pct, CrossingRow.crossed_at).where(
            CrossingRow.workspace_id == workspace_id, CrossingRow.cap_id == func.any(list(cap_ids))
        )
    )
    return [Crossing(*row) for row in rows]


def newest_denials(
    session: Session, workspace_id: str, cap_ids: Collection[str], limit: int
) -> list[Denial]:
    """The newest calls that these caps refused."""
    rows = session.execute(
        select(DenialRow.cap_id, DenialRow.at, DenialRow.story_key, DenialRow.requested)
        .where(DenialRow.workspace_id == workspace_id, DenialRow.cap_id == func.any(list(cap_ids)))
        .order_by(DenialRow.denial_id.desc())
        .limit(limit)
    )
    return [Denial(*row) for row in rows]
