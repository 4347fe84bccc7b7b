"""Journey: the entries behind a closed Sprint's report are recounted, and must agree with it.

Every day is compared in one statement of its own, so that usage which arrives meanwhile cannot look
like a difference, no lock is held for long, and the time of closing does not depend on the number
of calls. A difference becomes a revision that says so, and an alarm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.journeys.close_sprint import promise_review, report_of, save
from integration.ledger import queries as ledger
from integration.ledger import recount_queries as recount
from integration.ledger import store as ledger_store
from integration.mailbox import store as mailbox
from integration.reconciliation import store as reconciliation
from integration.reports.standing import RECOUNTS
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import date, datetime

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books

ALARM = "slack.ledger_alarm"


def audit_report(
    transactions: Transactions, workspace_id: str, sprint_id: int, revision: int, books: Books, *,
    now: datetime,
) -> bool | None:  # fmt: skip
    """Recount the entries behind a revision; returns whether they agree with the roll-ups.

    None: retention has dropped entries of the Sprint, so nobody can tell any more.
    """
    with transactions.begin() as session:
        days = ledger.days_between(session, workspace_id, None, None, sprint_id)
        dropped = ledger_store.missing_days(session, days) if days else []
    if dropped:
        _keep(transactions, workspace_id, sprint_id, revision, None, "entries were dropped", now)
        return None
    wrong = _disagreements(transactions, workspace_id, sprint_id, days)
    note = f"{wrong} of the sums over {len(days)} days differ" if wrong else f"{len(days)} days"
    if not _keep(transactions, workspace_id, sprint_id, revision, not wrong, note, now):
        return not wrong
    if wrong:
        _raise_alarm(transactions, workspace_id, sprint_id, books, note, now)
    return not wrong


def _disagreements(
    transactions: Transactions, workspace_id: str, sprint_id: int, days: list[date]
) -> int:
    with transactions.begin() as session:
        wrong = recount.sprint_disagreements(session, workspace_id, sprint_id)
    for day in days:
        with transactions.begin() as session:
            wrong += recount.day_disagreements(session, workspace_id, sprint_id, day)
    return wrong


def _keep(
    transactions: Transactions, workspace_id: str, sprint_id: int, revision: int,
    agrees: bool | None, note: str, now: datetime,
) -> bool:  # fmt: skip
    with transactions.begin() as session:
        is_first = reconciliation.save_audit(
            session, workspace_id, sprint_id, revision, agrees=agrees, note=note, now=now
        )
        if is_first and agrees is not False:
            promise_review(
                session, workspace_id, sprint_id, revision, now, recount=RECOUNTS[agrees]
            )
        return is_first


def _raise_alarm(
    transactions: Transactions, workspace_id: str, sprint_id: int, books: Books, note: str,
    now: datetime,
) -> None:  # fmt: skip
    with transactions.begin() as session:
        report = report_of(session, workspace_id, sprint_id, books, reason="audit", now=now)
        report = msgspec.structs.replace(report, ledger_agrees=False)
        revision = save(session, workspace_id, report, now)
        reconciliation.save_audit(
            session, workspace_id, sprint_id, revision, agrees=False, note=note, now=now
        )
        header = msgspec.to_builtins(report.sprint)
        body = {"sprint": header, "revision": revision, "note": note}
        mailbox.promise(session, workspace_id, ALARM, f"sprint:{sprint_id}", body, now)
        workspaces.audit(
            session, workspace_id, at=now, actor="storymeter", action="report.disagrees",
            subject=f"sprint:{sprint_id}", revision=revision, note=note,
        )  # fmt: skip
