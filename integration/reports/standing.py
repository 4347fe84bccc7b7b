"""A Sprint's report as it stands: its newest revision once it has closed, else as of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.reconciliation import store as reconciliation
from integration.reports.shapes import SprintReport
from integration.reports.sprint_report import sprint_report

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.pricing.price_book import PriceBook
    from integration.reports.shapes import Recount

RECOUNTS: dict[bool | None, Recount] = {True: "agrees", False: "differs", None: "impossible"}


def standing_report(
    session: Session, workspace_id: str, sprint_id: int, prices: PriceBook, *, now: datetime
) -> SprintReport:
    """Return a closed Sprint's newest revision, or the report of a Sprint that has none.

    Raises:
        NotFound: we have not met the Sprint.
    """
    sprint = backlog.sprint(session, workspace_id, sprint_id)
    if sprint is not None and sprint.state == "closed":
        saved = revision_report(session, workspace_id, sprint_id)
        if saved is not None:
            return saved
    return sprint_report(session, workspace_id, sprint_id, prices, now=now)


def revision_report(
    session: Session, workspace_id: str, sprint_id: int, revision: int | None = None
) -> SprintReport | None:
    """Return one revision, the newest without a number, with what its recount has found so far."""
    saved = (
        reconciliation.latest(session, workspace_id, sprint_id)
        if revision is None
        else reconciliation.find(session, workspace_id, sprint_id, revision)
    )
    if saved is None:
        return None
    report = msgspec.convert(saved.body, SprintReport, strict=False)
    recount = recount_of(session, workspace_id, sprint_id, saved.revision)
    return msgspec.structs.replace(report, recount=recount)


def recount_of(session: Session, workspace_id: str, sprint_id: int, revision: int) -> Recount:
    """How far the recount behind a revision is."""
    audit = reconciliation.audit_of(session, workspace_id, sprint_id, revision)
    return RECOUNTS[audit.agrees] if audit else "pending"
