"""Reads and writes of the turns room. Callers own the transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from integration.turns.models import PaceRow, TickRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def take_tick(
    session: Session, job: str, slot: datetime, now: datetime, workspace_id: str = "*"
) -> bool:
    """Take a slot of the clock for a job; False when another worker has it."""
    taken = session.execute(
        insert(TickRow)
        .values(workspace_id=workspace_id, job=job, slot=slot, taken_at=now)
        .on_conflict_do_nothing()
        .returning(TickRow.job)
    )
    return taken.scalar() is not None


def forget_ticks(session: Session, before: datetime) -> None:
    """Drop slots that were taken so long ago that nobody will offer them again."""
    session.execute(delete(TickRow).where(TickRow.slot < before, TickRow.taken_at < before))


def take_place(session: Session, workspace_id: str, place: str, spacing: timedelta) -> timedelta:
    """Take the next turn at a place outside; returns how long to wait for it.

    By the database's own clock: pacing is about real time, also where ours is moved.
    """
    present: Any = func.clock_timestamp()
    row = insert(PaceRow).values(workspace_id=workspace_id, place=place, next_at=present + spacing)
    taken = row.on_conflict_do_update(
        index_elements=["workspace_id", "place"],
        set_={"next_at": func.greatest(PaceRow.next_at, present) + spacing},
    ).returning(PaceRow.next_at, present)
    next_at, at = session.execute(taken).one()
    wait: timedelta = next_at - spacing - at
    return max(wait, timedelta(0))


def newest_tick(session: Session) -> datetime | None:
    """When any worker last took a slot of the timetable; None when none ever did."""
    return session.scalar(select(func.max(TickRow.taken_at)).where(TickRow.workspace_id == "*"))
