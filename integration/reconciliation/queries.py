"""Reads of the revisions of Sprint reports without their bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Double, Text, cast, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from integration.foundation.errors import NotFound
from integration.reconciliation.models import SprintAuditRow, SprintReconciliationRow
from integration.reconciliation.savings import Output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Front:
    """A report's body as JSON text with its first stories only, and how many there are."""

    body: str
    stories: int
    ai_stories: int


@dataclass(frozen=True, slots=True)
class RevisionHead:
    """What a list shows of a revision: when it was made, why, and what it came to."""

    sprint_id: int
    revision: int
    created_at: datetime
    reason: str
    list_cost_nanousd: int
    late_usage_nanousd: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a closed Sprint came to by the revision that stands; `totals` are the report's, JSON."""

    sprint_id: int
    revision: int
    totals: str
    late_usage_nanousd: int
    median_error_pct: float | None
    interval_coverage_pct: float | None


def outcomes_of(
    session: Session, workspace_id: str, sprint_ids: Sequence[int]
) -> dict[int, Outcome]:
    """Return what these Sprints came to, by Sprint; one that was never reconciled is left out."""
    row = SprintReconciliationRow
    found = session.execute(
        select(
            row.sprint_id, row.revision, cast(row.body["totals"], Text),
            cast(row.body["late_usage_nanousd"].astext, BigInteger),
            cast(row.body["median_error_pct"].astext, Double),
            cast(row.body["interval_coverage_pct"].astext, Double),
        )
        .where(row.workspace_id == workspace_id, row.sprint_id.in_(list(sprint_ids)))
        .ext(distinct_on(row.sprint_id))
        .order_by(row.sprint_id, row.revision.desc())
    )  # fmt: skip
    return {
        each[0]: Outcome(each[0], each[1], each[2], each[3] or 0, each[4], each[5])
        for each in found
    }


def outputs_of(session: Session, workspace_id: str, sprint_ids: Sequence[int]) -> list[Output]:
    """Return the list cost and calls of these Sprints by the revision that stands of each."""
    row = SprintReconciliationRow
    totals = row.body["totals"]
    found = session.execute(
        select(cast(totals["list_cost_nanousd"].astext, BigInteger),
               cast(totals["calls"].astext, BigInteger))
        .where(row.workspace_id == workspace_id, row.sprint_id.in_(list(sprint_ids)))
        .ext(distinct_on(row.sprint_id))
        .order_by(row.sprint_id, row.revision.desc())
    )  # fmt: skip
    return [Output(list_cost_nanousd=cost, units=calls) for cost, calls in found]


def revision_heads(
    session: Session, workspace_id: str, sprint_id: int | None = None
) -> list[RevisionHead]:
    """Return the revisions of one Sprint or of all, oldest first."""
    body = SprintReconciliationRow.body
    query = select(
        SprintReconciliationRow.sprint_id,
        SprintReconciliationRow.revision,
        SprintReconciliationRow.created_at,
        SprintReconciliationRow.reason,
        cast(body["totals"]["list_cost_nanousd"].astext, BigInteger),
        cast(body["late_usage_nanousd"].astext, BigInteger),
    ).where(SprintReconciliationRow.workspace_id == workspace_id)
    if sprint_id is not None:
        query = query.where(SprintReconciliationRow.sprint_id == sprint_id)
    rows = session.execute(
        query.order_by(SprintReconciliationRow.sprint_id, SprintReconciliationRow.revision)
    )
    return [RevisionHead(row[0], row[1], row[2], row[3], row[4] or 0, row[5] or 0) for row in rows]


def disagreeing(session: Session, workspace_id: str) -> list[tuple[int, int, str]]:
    """Sprint, revision and note of each standing revision that a recount did not agree with."""
    row, audit = SprintReconciliationRow, SprintAuditRow
    newest = (
        select(row.sprint_id, func.max(row.revision).label("revision"))
        .where(row.workspace_id == workspace_id)
        .group_by(row.sprint_id)
        .subquery()
    )
    found = session.execute(
        select(audit.sprint_id, audit.revision, audit.note)
        .join(
            newest,
            (newest.c.sprint_id == audit.sprint_id) & (newest.c.revision == audit.revision),
        )
        .where(audit.workspace_id == workspace_id, audit.agrees.is_(False))
        .order_by(audit.sprint_id)
    )
    return [(sprint_id, revision, note) for sprint_id, revision, note in found]


# Taken apart where it lies: a body with thousands of stories is megabytes of JSON.
_FRONT = text("""
SELECT jsonb_set(body, '{stories}', CASE WHEN :shown = 0 THEN '[]' ELSE
         jsonb_path_query_array(body, '$.stories[0 to $last]', jsonb_build_object('last', :last))
       END)::text,
       jsonb_array_length(body->'stories'),
       jsonb_array_length(jsonb_path_query_array(body, '$.stories[*] ? (@.is_ai_work == true)'))
FROM sprint_reconciliation
WHERE workspace_id = :workspace_id AND sprint_id = :sprint_id AND revision = :revision
""")


def front_of(
    session: Session, workspace_id: str, sprint_id: int, revision: int, shown: int
) -> Front:
    """Return a revision with its first `shown` stories.

    Raises:
        NotFound: there is no such revision.
    """
    values = {
        "workspace_id": workspace_id, "sprint_id": sprint_id, "revision": revision,
        "shown": shown, "last": max(0, shown - 1),
    }  # fmt: skip
    row = session.execute(_FRONT, values).one_or_none()
    if row is None:
        raise NotFound(f"Sprint {sprint_id} has no revision {revision}")
    return Front(*row)
