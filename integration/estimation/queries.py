"""Reads of many estimates at once, without the workloads behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from integration.estimation.models import EstimateRow
from integration.estimation.workload import Range

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session


class Head(NamedTuple):
    """The figures of an estimate's newest version."""

    version: int
    tokens: Range | None
    list_cost_nanousd: Range | None
    location_based_ugco2e: Range | None


_QUANTITIES = ("tokens", "list_cost_nanousd", "location_based_ugco2e")
_ENDS = ("low", "central", "high")


def heads_of(session: Session, workspace_id: str, story_keys: Collection[str]) -> dict[str, Head]:
    """Return the newest figures of each story that has an estimate, by story key."""
    figures = [
        getattr(EstimateRow, f"{quantity}_{end}") for quantity in _QUANTITIES for end in _ENDS
    ]
    rows = session.execute(
        select(EstimateRow.story_key, EstimateRow.version, *figures)
        .where(
            EstimateRow.workspace_id == workspace_id,
            EstimateRow.story_key == func.any(list(story_keys)),
        )
        .ext(distinct_on(EstimateRow.story_key))
        .order_by(EstimateRow.story_key, EstimateRow.version.desc())
    )
    return {
        row[0]: Head(row[1], _range(row[2:5]), _range(row[5:8]), _range(row[8:11])) for row in rows
    }


def _range(ends: tuple[int | None, ...]) -> Range | None:
    low, central, high = ends
    if low is None or central is None or high is None:
        return None
    return Range(low, central, high)
