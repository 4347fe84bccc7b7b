"""Reading and writing the revisions of Sprint reports. Functions never commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from integration.reconciliation.models import SprintAuditRow, SprintReconciliationRow
from integration.reconciliation.revision import content_digest

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved revision; `body` is the whole report as JSON values."""

    sprint_id: int
    revision: int
    created_at: datetime
    reason: str
    body: dict[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What a recount found; `agrees` is None when nobody can tell any more."""

    audited_at: datetime
    agrees: bool | None
    note: str


def save_if_changed(
    session: Session,
    workspace_id: str,
    sprint_id: int,
    body: dict[str, Any],
    reason: str,
    now: datetime,
) -> tuple[int, bool]:
    """Save a report as the next revision unless the latest says the same.

    Returns the revision that now stands and whether it is new. A `revision` field in the body is
    set to the number given. Two callers at once wait for each other, so that of two equal reports
    one becomes a revision and the other finds it.
    """
    place = func.hashtextextended(f"sprint_reconciliation/{workspace_id}/{sprint_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(place)))
    digest = content_digest(body)
    known = _newest(session, workspace_id, sprint_id)
    if known is not None and known[1] == digest:
        return known[0], False
    revision = 1 if known is None else known[0] + 1
    session.execute(
        insert(SprintReconciliationRow).values(
            workspace_id=workspace_id,
            sprint_id=sprint_id,
            revision=revision,
            created_at=now,
            reason=reason,
            body=body | {"revision": revision} if "revision" in body else body,
            digest=digest,
        )
    )
    return revision, True


def _newest(session: Session, workspace_id: str, sprint_id: int) -> tuple[int, str] | None:
    """Number and digest of the revision that stands, without its body."""
    row = SprintReconciliationRow
    found = session.execute(
        select(row.revision, row.digest)
        .where(row.workspace_id == workspace_id, row.sprint_id == sprint_id)
        .order_by(row.revision.desc())
        .limit(1)
    ).first()
    return None if found is None else (found.revision, found.digest)


def is_reconciled(session: Session, workspace_id: str, sprint_id: int) -> bool:
    """Whether the Sprint has a report."""
    return _newest(session, workspace_id, sprint_id) is not None


def latest(session: Session, workspace_id: str, sprint_id: int) -> Revision | None:
    """The revision that stands; None before the Sprint was first reconciled."""
    newest = _newest(session, workspace_id, sprint_id)
    return None if newest is None else find(session, workspace_id, sprint_id, newest[0])


def find(session: Session, workspace_id: str, sprint_id: int, revision: int) -> Revision | None:
    """One revision; None where there is no such one."""
    row = session.get(SprintReconciliationRow, (workspace_id, sprint_id, revision))
    return None if row is None else _read(row)


def at_closing(
    session: Session, workspace_id: str, sprint_id: int, completed_at: str | None
) -> Revision | None:
    """The first revision since the Sprint last closed; None before it.

    `completed_at` is as the body has it: a Sprint that was re-opened closed at another time.
    """
    row = SprintReconciliationRow
    found = session.scalars(
        select(row)
        .where(
            row.workspace_id == workspace_id,
            row.sprint_id == sprint_id,
            row.body["sprint"]["completed_at"].astext == completed_at,
        )
        .order_by(row.revision)
        .limit(1)
    ).first()
    return None if found is None else _read(found)


def unaudited(session: Session, workspace_id: str) -> list[tuple[int, int]]:
    """Sprint and number of each revision that stands and was not recounted yet, oldest first."""
    row, later = SprintReconciliationRow, aliased(SprintReconciliationRow)
    is_superseded = (
        select(later.revision)
        .where(
            later.workspace_id == row.workspace_id,
            later.sprint_id == row.sprint_id,
            later.revision > row.revision,
        )
        .exists()
    )
    audit = SprintAuditRow
    is_audited = (
        select(audit.revision)
        .where(
            audit.workspace_id == row.workspace_id,
            audit.sprint_id == row.sprint_id,
            audit.revision == row.revision,
        )
        .exists()
    )
    rows = session.execute(
        select(row.sprint_id, row.revision)
        .where(row.workspace_id == workspace_id, ~is_superseded, ~is_audited)
        .order_by(row.created_at)
    )
    return [(sprint_id, revision) for sprint_id, revision in rows]


def save_audit(
    session: Session, workspace_id: str, sprint_id: int, revision: int, *, agrees: bool | None,
    note: str, now: datetime,
) -> bool:  # fmt: skip
    """Keep what a recount found; False when the revision was recounted before."""
    row = postgresql.insert(SprintAuditRow).values(
        workspace_id=workspace_id, sprint_id=sprint_id, revision=revision, audited_at=now,
        agrees=agrees, note=note,
    )  # fmt: skip
    kept = session.execute(row.on_conflict_do_nothing().returning(SprintAuditRow.revision))
    return kept.scalar() is not None


def audit_of(session: Session, workspace_id: str, sprint_id: int, revision: int) -> Audit | None:
    """What the recount behind a revision found; None while it has not run."""
    row = session.get(SprintAuditRow, (workspace_id, sprint_id, revision))
    return None if row is None else Audit(row.audited_at, row.agrees, row.note)


def revisions_made(session: Session, workspace_id: str) -> int:
    """Count the revisions of all the workspace's Sprints; it only ever grows."""
    return session.scalar(
        select(func.count())
        .select_from(SprintReconciliationRow)
        .where(SprintReconciliationRow.workspace_id == workspace_id)
    ) or 0  # fmt: skip


def reconciled_sprints(session: Session, workspace_id: str) -> set[int]:
    """The Sprints that have a report."""
    return set(
        session.scalars(
            select(SprintReconciliationRow.sprint_id)
            .where(SprintReconciliationRow.workspace_id == workspace_id)
            .distinct()
        )
    )


def all_revisions(session: Session, workspace_id: str, sprint_id: int) -> list[Revision]:
    """Every revision of a Sprint, oldest first."""
    rows = session.scalars(
        select(SprintReconciliationRow)
        .where(
            SprintReconciliationRow.workspace_id == workspace_id,
            SprintReconciliationRow.sprint_id == sprint_id,
        )
        .order_by(SprintReconciliationRow.revision)
    )
    return [_read(row) for row in rows]


def _read(row: SprintReconciliationRow) -> Revision:
    return Revision(row.sprint_id, row.revision, row.created_at, row.reason, row.body, row.digest)
