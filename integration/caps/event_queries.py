"""Reads of what happened at caps: thresholds they reached, calls they refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from integration.caps.models import CrossingRow, DenialRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session


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
