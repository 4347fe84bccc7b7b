"""Finds the records that share no id with others, and those that may be about the same calls."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select, text, tuple_

from integration.ledger.entry import day_of, first_of
from integration.ledger.match_by_figures import EARLIER, LATER, Taken
from integration.ledger.models import UNNAMED, LedgerEntryRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

MOST = 5_000
OLDEST = timedelta(days=3)
"""Records of calls that were longer ago when they came are left alone."""


class Sighting(NamedTuple):
    """A record, by the first entry of its call, and by what another record may be like it."""

    first: UUID
    occurred_on: date
    occurred_at: datetime
    figures: tuple[int, int]


def unnamed_since(session: Session, workspace_id: str, since: datetime) -> list[Sighting]:
    """Records without an id that others know, taken in since then, the newest MOST of them."""
    row = LedgerEntryRow
    rows = session.execute(
        select(row.entry_id, row.occurred_on, row.occurred_at, row.input_tokens, row.output_tokens)
        .where(
            row.workspace_id == workspace_id,
            row.recorded_at >= since,
            row.occurred_on >= (since - OLDEST).date(),
            text(UNNAMED),
        )
        .order_by(row.recorded_at.desc())
        .limit(MOST)
    )
    return [Sighting(first_of(found[0]), *found[1:3], (found[3], found[4])) for found in rows]


def alike(session: Session, workspace_id: str, unnamed: Sequence[Sighting]) -> list[Sighting]:
    """Records with the same token counts as any of these, at about the same time."""
    row = LedgerEntryRow
    figures = sorted({each.figures for each in unnamed})
    rows = session.execute(
        select(
            row.entry_id, row.occurred_on, row.occurred_at, row.input_tokens, row.output_tokens
        ).where(
            *_around(workspace_id, unnamed),
            row.kind == "usage",
            row.outcome == "completed",
            tuple_(row.input_tokens, row.output_tokens).in_(figures),
        )
    )
    return [Sighting(first_of(found[0]), *found[1:3], (found[3], found[4])) for found in rows]


def taken(session: Session, workspace_id: str, unnamed: Sequence[Sighting]) -> list[Taken]:
    """Which calls around these have been joined by records of which sources already."""
    row = LedgerEntryRow
    into = row.attributes["merged_into"].astext
    rows = session.execute(
        select(into, row.source).where(
            *_around(workspace_id, unnamed), row.kind == "reversal", into.is_not(None)
        )
    )
    return [Taken(UUID(call), source) for call, source in rows]


def _around(workspace_id: str, unnamed: Sequence[Sighting]) -> list[ColumnElement[bool]]:
    """Narrow to days, and in them to the ranges of pages that hold such times."""
    start = min(each.occurred_at for each in unnamed) - EARLIER - LATER
    end = max(each.occurred_at for each in unnamed) + EARLIER + LATER
    row = LedgerEntryRow
    return [
        row.workspace_id == workspace_id,
        row.occurred_on.between(day_of(start), day_of(end)),
        row.occurred_at.between(start, end),
    ]
