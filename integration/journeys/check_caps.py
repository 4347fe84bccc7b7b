"""Journey: the caps are recounted, and what fell between two bookings is made good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.caps import queries as cap_queries
from integration.caps import recount_queries
from integration.caps import store as caps
from integration.foundation.round_trip import ask
from integration.foundation.row_wall import across, only
from integration.journeys import book_entries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from integration.caps.recount_queries import Drift
    from integration.foundation.database import Transactions


def check_caps(transactions: Transactions, *, now: datetime) -> list[Drift]:
    """Correct each `held` that is not the sum of its open holds, and fire thresholds passed unseen.

    A drift is a fault of ours: it is returned and stays in the audit log. Two bookings that reach a
    threshold only together see each other's spend after their commits: it fires here at the latest.
    """
    with across(transactions).begin() as session:
        drifts = recount_queries.drifts(session)
        ids = workspaces.all_ids(session)
    for drift in drifts:
        with only(transactions, drift.workspace_id).begin() as session:
            ask(session, cap_queries.locking(drift.workspace_id, [drift.cap_id]))
            caps.recount_held(session, drift.workspace_id, [drift.cap_id])
            workspaces.audit(
                session, drift.workspace_id, at=now, actor="storymeter",
                action="cap.held_corrected", subject=f"cap:{drift.cap_id}", before=drift.held,
                recounted=drift.open_holds,
            )  # fmt: skip
    for workspace_id in ids:
        with only(transactions, workspace_id).begin() as session:
            in_force = [cap.cap_id for cap in cap_queries.caps_of(session, workspace_id)]
            if in_force:
                book_entries.fire_thresholds(session, workspace_id, in_force, now)
    return drifts
