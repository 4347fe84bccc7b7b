"""Reads and writes of the pricing room. Callers own the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, insert, select

from integration.pricing.models import PriceOverrideRow
from integration.pricing.override_rows import OverrideRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class EnteredPrice:
    """A workspace's own price with who entered it when. Ids grow in the order of entry."""

    override_id: int
    added_at: datetime
    added_by: str
    row: OverrideRow


def add_overrides(
    session: Session, workspace_id: str, rows: Sequence[OverrideRow], *, by: str, now: datetime
) -> list[EnteredPrice]:
    """Add rows on top of those there are; nothing is replaced."""
    if not rows:
        return []
    added = session.execute(
        insert(PriceOverrideRow).returning(
            PriceOverrideRow.override_id, sort_by_parameter_order=True
        ),
        [
            {
                "workspace_id": workspace_id, "added_at": now, "added_by": by,
                "price": msgspec.to_builtins(row, str_keys=True),
            }
            for row in rows
        ],
    )  # fmt: skip
    return [
        EnteredPrice(override_id, now, by, row)
        for override_id, row in zip(added.scalars(), rows, strict=True)
    ]


def overrides(session: Session, workspace_id: str) -> list[EnteredPrice]:
    """Return every row of a workspace in the order of entry."""
    rows = session.scalars(
        select(PriceOverrideRow)
        .where(PriceOverrideRow.workspace_id == workspace_id)
        .order_by(PriceOverrideRow.override_id)
    )
    return [
        EnteredPrice(
            row.override_id, row.added_at, row.added_by, msgspec.convert(row.price, OverrideRow)
        )
        for row in rows
    ]


def newest_override(session: Session, workspace_id: str) -> int:
    """Return the id of the row entered last; 0 without any."""
    return session.scalar(
        select(func.coalesce(func.max(PriceOverrideRow.override_id), 0)).where(
            PriceOverrideRow.workspace_id == workspace_id
        )
    ) or 0  # fmt: skip
