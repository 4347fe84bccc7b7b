"""Journeys: a workspace takes its data with it, is erased; a person is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.backlog import assignee_store
from integration.foundation import workspace_rows
from integration.journeys.open_home import HOME
from integration.ledger import forget_store
from integration.mailbox import forget_store as mailbox
from integration.metering.usage import pseudonym
from integration.people import store as people
from integration.workspaces import audit_store
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from integration.foundation.database import Transactions


def export_workspace(
    transactions: Transactions, workspace_id: str, folder: Path, tell: Callable[[str, int], None]
) -> int:
    """Write every row of a workspace into a folder, a file of JSON lines for each table.

    Tells the name and the rows of each table as it goes; returns the rows. All files show one
    moment.

    Raises:
        NotFound: there is no such workspace.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    with transactions.begin() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        workspaces.find(session, workspace_id)
        for table, sealed in workspace_rows.tables(session).items():
            count = 0
            with (folder / f"{table}.ndjson").open("w", encoding="utf-8") as file:
                for line in workspace_rows.lines(session, workspace_id, table, sealed):
                    file.write(f"{line}\n")
                    count += 1
            tell(table, count)
            total += count
    return total


def erase_workspace(transactions: Transactions, workspace_id: str) -> int:
    """Delete every row of a workspace, books and audit log included; returns how many.

    What Jira and Slack show stays there.

    Raises:
        NotFound: there is no such workspace.
    """
    with transactions.begin() as session:
        workspaces.find(session, workspace_id, is_kept=True)
        forget_store.forgetting(session)
        return sum(
            workspace_rows.erase(session, workspace_id, table)
            for table in workspace_rows.tables(session)
        )


def forget_person(
    transactions: Transactions, workspace_id: str, person: str, *, actor: str, now: datetime
) -> dict[str, int]:
    """Forget a person: role, pseudonym on calls, name in the audit log, stories in Slack's Home.

    `person` is an e-mail address, or an id as usage, Slack or Jira names it. What was done and
    spent stays known; by whom does not. Returns how many rows each took.

    Raises:
        NotFound: there is no such workspace.
    """
    with transactions.begin() as session:
        workspaces.find(session, workspace_id)
        forget_store.forgetting(session)
        found = {
            "roles": int(people.remove_member(session, workspace_id, person.strip().lower())),
            "sign_ins": people.end_sign_ins_of(session, person.strip().lower()),
            "calls": forget_store.forget_user(session, workspace_id, pseudonym(person)),
            "slack_matches": people.forget_in_slack(session, workspace_id, person),
            "assigned_stories": assignee_store.forget_assignee(session, workspace_id, person),
            "audit_lines": audit_store.forget_actor(session, workspace_id, person),
        }
        mailbox.forget_promise(session, workspace_id, HOME, person)
        workspaces.audit(
            session, workspace_id, at=now, actor=actor, action="person.forgotten",
            subject="person", **found,
        )  # fmt: skip
    return found
