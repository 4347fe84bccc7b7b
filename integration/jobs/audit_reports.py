"""Recounts what stands behind new revisions of Sprint reports, outside the closing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from integration.journeys.audit_report import audit_report
from integration.reconciliation import store as reconciliation
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.jobs.house import House

log = structlog.get_logger()


def audit_reports(house: House) -> int:
    """Recount every revision that was not recounted yet; returns how many disagreed."""
    with house.transactions.begin() as session:
        open_ones = [
            (workspace_id, *each)
            for workspace_id in workspaces.all_ids(session)
            for each in reconciliation.unaudited(session, workspace_id)
        ]
    wrong = 0
    for workspace_id, sprint_id, revision in open_ones:
        books = house.books.for_workspace(workspace_id)
        agrees = audit_report(
            house.transactions, workspace_id, sprint_id, revision, books, now=house.clock.now()
        )
        if agrees is False:
            wrong += 1
            log.error("report.disagrees", workspace_id=workspace_id, sprint_id=sprint_id)
    return wrong
