"""Journey: a Sprint has closed; its estimates meet its actuals, in Jira and in Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.journeys.show_story import promise_story
from integration.ledger import queries as ledger
from integration.mailbox import store as mailbox
from integration.reconciliation import store as reconciliation
from integration.reports.sprint_report import sprint_report

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.reports.shapes import SprintReport

REVIEW = "slack.sprint_review"


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
        report = _audited(session, workspace_id, sprint_id, books, now)
        earlier = reconciliation.first(session, workspace_id, sprint_id)
        if earlier is not None:
            late = ledger.spend_recorded_after(
                session, workspace_id, sprint_id, earlier.created_at
            )
            report = msgspec.structs.replace(report, late_usage_nanousd=late)
        body = msgspec.to_builtins(report)
        revision, is_new = reconciliation.save_if_changed(
            session, workspace_id, sprint_id, body, reason, now
        )
        if is_new:
            mailbox.promise(
                session, workspace_id, REVIEW, f"sprint:{sprint_id}",
                body | {"revision": revision}, now,
            )  # fmt: skip
            for line in report.stories:
                promise_story(session, workspace_id, line.story_key, now, with_actual=True)
        return revision


def _audited(
    session: Session, workspace_id: str, sprint_id: int, books: Books, now: datetime
) -> SprintReport:
    """The report, its roll-ups compared with a recount of the entries behind them."""
    report = sprint_report(session, workspace_id, sprint_id, books.prices, now=now)
    rolled_up = ledger.spend_in_sprint(session, workspace_id, sprint_id)
    recounted = ledger.recount_sprint(session, workspace_id, sprint_id)
    agrees = [row for row in rolled_up if any(row.spend)] == [
        row for row in recounted if any(row.spend)
    ]
    return msgspec.structs.replace(report, ledger_agrees=agrees)
