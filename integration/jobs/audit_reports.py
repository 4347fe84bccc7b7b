"""Recounts what stands behind new revisions of Sprint reports, outside the closing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from integration.journeys.audit_report import audit_report
from integration.reconciliation import store as reconciliation

if TYPE_CHECKING:
    from integration.jobs.house import House

log = structlog.get_logger()


def audit_reports(house: House) -> int:
    """Recount every revision that was not recounted yet; returns how many disagreed."""
    wrong = 0
    for workspace_id in house.workspace_ids():
        here = house.within(workspace_id)
        with here.transactions.begin() as session:
            open_ones = reconciliation.unaudited(session, workspace_id)
        for sprint_id, revision in open_ones:
            books = here.books.for_workspace(workspace_id)
            agrees = audit_report(
                here.transactions, workspace_id, sprint_id, revision, books, now=here.clock.now()
            )
            if agrees is False:
                wrong += 1
                log.error("report.disagrees", workspace_id=workspace_id, sprint_id=sprint_id)
    return wrong
