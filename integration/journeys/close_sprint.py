"""Journey: a Sprint has closed; its estimates meet its actuals, in Jira and in Slack.

The report is made from the roll-ups, so that closing takes as long after ten million calls as after
a thousand. The entries behind them are recounted right after, day by day: `audit_report.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.mailbox import store as mailbox
from integration.reconciliation import store as reconciliation
from integration.reports.shapes import SprintReport
from integration.reports.sprint_comparison import with_late_usage
from integration.reports.sprint_report import sprint_report

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.ledger.queries import ModelSpend
    from integration.reports.shapes import Recount

REVIEW, CHART = "slack.sprint_review", "slack.sprint_chart"
STORY_WRITES = "jira_stories.sprint"


def close_sprint(
    transactions: Transactions, workspace_id: str, sprint_id: int, books: Books, *,
    reason: str, now: datetime,
) -> int | None:  # fmt: skip
    """Save the next revision of a closed Sprint's report and promise its writes and its summary.

    Nothing new since the last revision: nothing is saved and nothing said. Returns the revision
    that stands, None while the Sprint is not closed.
    """
    with transactions.begin() as session:
        sprint = backlog.sprint(session, workspace_id, sprint_id)
        if sprint is None or sprint.state != "closed":
            return None
        report = report_of(session, workspace_id, sprint_id, books, reason=reason, now=now)
        return save(session, workspace_id, report, now)


def report_of(
    session: Session, workspace_id: str, sprint_id: int, books: Books, *, reason: str,
    now: datetime, spent: list[ModelSpend] | None = None,
) -> SprintReport:  # fmt: skip
    """Assemble a closed Sprint's report, what came since its closing set apart.

    From the roll-ups, or from `spent` where the entries were counted instead.
    """
    report = sprint_report(session, workspace_id, sprint_id, books.prices, now=now, spent=spent)
    completed_at: str | None = msgspec.to_builtins(report.sprint.completed_at)
    closing = reconciliation.at_closing(session, workspace_id, sprint_id, completed_at)
    if closing is not None:
        report = with_late_usage(report, msgspec.convert(closing.body, SprintReport, strict=False))
    elif reconciliation.is_reconciled(session, workspace_id, sprint_id):
        reason = "reopened"
    return msgspec.structs.replace(report, reason=reason)


def save(session: Session, workspace_id: str, report: SprintReport, now: datetime) -> int:
    """Save a report as the next revision and promise what follows; returns what now stands."""
    sprint_id = report.sprint.sprint_id
    revision, is_new = reconciliation.save_if_changed(
        session, workspace_id, sprint_id, msgspec.to_builtins(report), report.reason, now
    )
    if is_new:
        subject = f"sprint:{sprint_id}"
        which = {"sprint_id": sprint_id, "revision": revision}
        promise_review(session, workspace_id, sprint_id, revision, now)
        mailbox.promise(session, workspace_id, CHART, f"{subject}:{revision}", which, now)
        stories = [line.story_key for line in report.stories]
        writes = {"revision": revision, "stories": stories}
        mailbox.promise(session, workspace_id, STORY_WRITES, subject, writes, now)
    return revision


def promise_review(
    session: Session, workspace_id: str, sprint_id: int, revision: int, now: datetime,
    recount: Recount = "pending",
) -> None:  # fmt: skip
    """Promise that Slack shows this revision, and how far its recount is.

    The report itself is kept once, with the revision: of two thousand stories it is a megabyte.
    """
    body = {"sprint_id": sprint_id, "revision": revision, "recount": recount}
    mailbox.promise(session, workspace_id, REVIEW, f"sprint:{sprint_id}", body, now)
