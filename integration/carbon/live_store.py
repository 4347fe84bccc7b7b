"""Reads and writes of live grid intensity; rows serve everyone (`*`). Callers own transactions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from integration.carbon.live_grid import GridHour
from integration.carbon.models import GridFeedRow, GridHourRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

EVERYONE = "*"
FRESH_FOR = timedelta(minutes=15)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
KEPT_AT_HAND = timedelta(hours=72)
"""Calls that are reported later than this take the book's own factor."""


class Feed(NamedTuple):
    """How the reading of one zone stands."""

    zone: str
    next_at: datetime
    read_at: datetime | None
    failures: int
    fault: str
    newest: GridHour | None


def due_zones(session: Session, zones: Sequence[str], now: datetime) -> list[str]:
    """Return those of the zones that may be asked for now."""
    later = session.scalars(
        select(GridFeedRow.zone).where(
            GridFeedRow.workspace_id == EVERYONE, GridFeedRow.next_at > now
        )
    )
    waiting = set(later)
    return [zone for zone in zones if zone not in waiting]


def add_hours(session: Session, zone: str, hours: Sequence[GridHour], now: datetime) -> int:
    """Keep what is new: hours not known, and those whose value the source has revised."""
    known = {each.hour: each for each in hours_at_hand(session, [zone], now)}
    fresh = [each for each in hours if known.get(each.hour) != each]
    if fresh:
        session.execute(
            insert(GridHourRow),
            [
                {
                    "workspace_id": EVERYONE, "zone": each.zone, "hour": each.hour,
                    "g_per_kwh": each.g_per_kwh, "is_estimated": each.is_estimated,
                    "estimation": each.estimation, "source": each.source, "fetched_at": now,
                }
                for each in fresh
            ],
        )  # fmt: skip
    _note(session, zone, next_at=now + FRESH_FOR, failures=0, fault="", read_at=now)
    return len(fresh)


def note_failure(session: Session, zone: str, fault: str, now: datetime) -> None:
    """Wait before the zone is asked for again: 30 seconds, doubling to an hour."""
    failures = session.scalar(
        select(GridFeedRow.failures).where(
            GridFeedRow.workspace_id == EVERYONE, GridFeedRow.zone == zone
        )
    ) or 0  # fmt: skip
    wait = min(FIRST_WAIT * 2 ** min(failures, 10), LONGEST_WAIT)
    _note(session, zone, next_at=now + wait, failures=failures + 1, fault=fault)


def hours_at_hand(session: Session, zones: Sequence[str], now: datetime) -> list[GridHour]:
    """Return the newest reading of each recent hour of these zones."""
    rows = session.scalars(
        select(GridHourRow)
        .ext(distinct_on(GridHourRow.zone, GridHourRow.hour))
        .where(
            GridHourRow.workspace_id == EVERYONE,
            GridHourRow.zone.in_(zones),
            GridHourRow.hour > now - KEPT_AT_HAND,
        )
        .order_by(GridHourRow.zone, GridHourRow.hour, GridHourRow.reading_id.desc())
    )
    return [
        GridHour(
            zone=row.zone, hour=row.hour, g_per_kwh=row.g_per_kwh, is_estimated=row.is_estimated,
            estimation=row.estimation, source=row.source,
        )
        for row in rows
    ]  # fmt: skip


def newest_reading(session: Session) -> int:
    """Return the id of the reading that came last; 0 without any."""
    return session.scalar(
        select(func.coalesce(func.max(GridHourRow.reading_id), 0)).where(
            GridHourRow.workspace_id == EVERYONE
        )
    ) or 0  # fmt: skip


def feeds(session: Session, zones: Sequence[str], now: datetime) -> list[Feed]:
    """Return how the reading of each zone stands; zones never asked for are left out."""
    newest: dict[str, GridHour] = {}
    for each in hours_at_hand(session, zones, now):
        newest[each.zone] = each  # They come by zone and hour.
    rows = session.scalars(
        select(GridFeedRow)
        .where(GridFeedRow.workspace_id == EVERYONE, GridFeedRow.zone.in_(zones))
        .order_by(GridFeedRow.zone)
    )
    return [
        Feed(row.zone, row.next_at, row.read_at, row.failures, row.fault, newest.get(row.zone))
        for row in rows
    ]


def _note(session: Session, zone: str, **values: Any) -> None:
    session.execute(
        upsert(GridFeedRow)
        .values(workspace_id=EVERYONE, zone=zone, **values)
        .on_conflict_do_update(index_elements=["workspace_id", "zone"], set_=values)
    )
