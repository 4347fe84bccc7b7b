"""Reading and writing spikes. Functions never commit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert

from integration.anomalies.causes import Cause
from integration.anomalies.models import SpikeRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from integration.foundation.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A spike on a subject as the detector sees it now."""

    subject_kind: str
    """story, feature, team or model."""
    subject: str
    started_at: datetime
    peak_at: datetime
    seen_at: datetime
    """The end of the last hour or day above the usual."""
    amount_nanousd: int
    usual_nanousd: int
    score: float
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSpike(Sighting):
    """A spike as it is recorded."""

    spike_id: int
    detected_at: datetime
    ended_at: datetime | None


def open_or_extend(
    session: Session, workspace_id: str, sighting: Sighting, now: datetime
) -> tuple[int, bool]:
    """Record a sighting: opens a spike, or brings the subject's open one up to date.

    Returns the spike's id and whether it was opened by this call. The start of an open spike stays
    what it was first seen as. Of two callers at once, one opens and the other extends.
    """
    values: dict[str, Any] = asdict(sighting) | {
        "causes": [asdict(cause) for cause in sighting.causes]
    }
    wanted = insert(SpikeRow).values(workspace_id=workspace_id, detected_at=now, **values)
    changed = ("peak_at", "seen_at", "amount_nanousd", "usual_nanousd", "score", "causes")
    upsert = wanted.on_conflict_do_update(
        index_elements=["workspace_id", "subject_kind", "subject"],
        index_where=text("ended_at IS NULL"),
        set_={name: wanted.excluded[name] for name in changed},
    )
    is_new: ColumnElement[bool] = literal_column("xmax = 0")
    row = session.execute(upsert.returning(SpikeRow.spike_id, is_new)).one()
    return row[0], row[1]


def record_ended(session: Session, workspace_id: str, sighting: Sighting, now: datetime) -> int:
    """Record a spike that was over before anybody saw it; returns its id."""
    values: dict[str, Any] = asdict(sighting) | {
        "causes": [asdict(cause) for cause in sighting.causes]
    }
    statement = insert(SpikeRow).values(
        workspace_id=workspace_id, detected_at=now, ended_at=sighting.seen_at, **values
    )
    return session.execute(statement.returning(SpikeRow.spike_id)).scalar_one()


def take_turn(session: Session, workspace_id: str) -> None:
    """Let one judge of this workspace's spend go on at a time, until its commit."""
    place = func.hashtextextended(f"spikes/{workspace_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(place)))


def close(
    session: Session, workspace_id: str, subject_kind: str, subject: str, *, ended_at: datetime
) -> int | None:
    """End the subject's open spike and return its id; None if none is open.

    A spike never ends before it was last seen.
    """
    statement = (
        update(SpikeRow)
        .where(
            SpikeRow.workspace_id == workspace_id,
            SpikeRow.subject_kind == subject_kind,
            SpikeRow.subject == subject,
            SpikeRow.ended_at.is_(None),
        )
        .values(ended_at=func.greatest(ended_at, SpikeRow.seen_at))
        .returning(SpikeRow.spike_id)
    )
    return session.execute(statement).scalar_one_or_none()


def open_spikes(session: Session, workspace_id: str) -> list[StoredSpike]:
    """Every open spike, costliest over the usual first."""
    found = _spikes(session, workspace_id, SpikeRow.ended_at.is_(None))
    return sorted(found, key=lambda spike: spike.usual_nanousd - spike.amount_nanousd)


def spikes_in(
    session: Session, workspace_id: str, period: Period, subjects: Sequence[tuple[str, str]] = ()
) -> list[StoredSpike]:
    """The spikes of a period, by start; of some `(subject_kind, subject)` only if any are named."""
    conditions: list[ColumnElement[bool]] = [
        SpikeRow.ended_at.is_(None) | (SpikeRow.ended_at >= period.start)
    ]
    if period.end is not None:
        conditions.append(SpikeRow.started_at < period.end)
    found = _spikes(session, workspace_id, *conditions)
    wanted = set(subjects)
    return [s for s in found if not wanted or (s.subject_kind, s.subject) in wanted]


def spike(session: Session, workspace_id: str, spike_id: int) -> StoredSpike | None:
    """One spike by its id; None if this workspace has none of that id."""
    found = _spikes(session, workspace_id, SpikeRow.spike_id == spike_id)
    return found[0] if found else None


def _spikes(
    session: Session, workspace_id: str, *conditions: ColumnElement[bool]
) -> list[StoredSpike]:
    statement = (
        select(SpikeRow)
        .where(SpikeRow.workspace_id == workspace_id, *conditions)
        .order_by(SpikeRow.started_at, SpikeRow.spike_id)
    )
    statement = statement.execution_options(populate_existing=True)
    return [_read(row) for row in session.scalars(statement)]


def _read(row: SpikeRow) -> StoredSpike:
    return StoredSpike(
        spike_id=row.spike_id,
        subject_kind=row.subject_kind,
        subject=row.subject,
        started_at=row.started_at,
        peak_at=row.peak_at,
        seen_at=row.seen_at,
        ended_at=row.ended_at,
        amount_nanousd=row.amount_nanousd,
        usual_nanousd=row.usual_nanousd,
        score=row.score,
        causes=tuple(Cause(**cause) for cause in row.causes),
        detected_at=row.detected_at,
    )
