"""Reads of many stories at once: the figures of estimates without their workloads, and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from integration.estimation.models import EstimateRow, StoryInputsRow
from integration.estimation.stated_inputs import StatedInputs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session


class Figures(NamedTuple):
    """P10, P50 and P90 of an estimate's newest version; None where there is no such figure."""

    tokens_low: int | None
    tokens_central: int | None
    tokens_high: int | None
    cost_low: int | None
    cost_central: int | None
    cost_high: int | None
    location_low: int | None
    location_central: int | None
    location_high: int | None


_QUANTITIES = ("tokens", "list_cost_nanousd", "location_based_ugco2e")
_ENDS = ("low", "central", "high")
_COLUMNS = [getattr(EstimateRow, f"{quantity}_{end}") for quantity in _QUANTITIES for end in _ENDS]


def figures_of(
    session: Session, workspace_id: str, story_keys: Collection[str]
) -> dict[str, Figures]:
    """Return the newest figures of each story that has an estimate, by story key."""
    rows = session.execute(
        select(EstimateRow.story_key, *_COLUMNS)
        .where(
            EstimateRow.workspace_id == workspace_id,
            EstimateRow.story_key == func.any(list(story_keys)),
        )
        .ext(distinct_on(EstimateRow.story_key))
        .order_by(EstimateRow.story_key, EstimateRow.version.desc())
    )
    return {row[0]: Figures._make(row[1:]) for row in rows}


def inputs_of(
    session: Session, workspace_id: str, story_keys: Iterable[str]
) -> dict[str, StatedInputs]:
    """Return what those of the stories state that state anything, by key in order."""
    rows = session.execute(
        select(StoryInputsRow.story_key, StoryInputsRow.cells, StoryInputsRow.fields)
        .where(
            StoryInputsRow.workspace_id == workspace_id,
            StoryInputsRow.story_key.in_(list(story_keys)),
        )
        .order_by(StoryInputsRow.story_key)
    )
    found = {row.story_key: StatedInputs(row.cells, row.fields) for row in rows}
    return {key: stated for key, stated in found.items() if stated.says_something}
