"""Journey: a customer's own template has failed; ours was used, and the failure is kept once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from integration.foundation.row_wall import only
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions

log = structlog.get_logger()
FAILED = "wording.failed"


def note_wording_fault(
    transactions: Transactions, workspace_id: str, template: str, fault: str, *, now: datetime
) -> None:
    """Keep what failed and how; the same failure again is only logged."""
    log.warning("wording.failed", workspace_id=workspace_id, template=template, fault=fault)
    subject = f"wording:{template}"
    with only(transactions, workspace_id).begin() as session:
        newest = workspace_queries.audit_of(session, workspace_id, subject, limit=1)
        if newest and newest[0].detail.get("fault") == fault:
            return
        workspaces.audit(
            session, workspace_id, at=now, actor="storymeter", action=FAILED, subject=subject,
            fault=fault,
        )  # fmt: skip
