"""Journey: somebody changes how a workspace or a team is served; who, what and when is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.workspaces import store as workspaces
from integration.workspaces.changes import changed_team, changed_workspace, differences

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.workspaces.changes import TeamChange, WorkspaceChange
    from integration.workspaces.workspace import Team, Workspace


def change_workspace(
    transactions: Transactions, workspace_id: str, change: WorkspaceChange, *, actor: str,
    now: datetime,
) -> Workspace:  # fmt: skip
    """Change a workspace's settings; reports that are saved already stay as they are.

    Raises:
        NotFound: there is no such workspace.
        InvalidInput: a field cannot be so.
    """
    with transactions.begin() as session:
        before = workspaces.find(session, workspace_id, is_kept=True)
        after = changed_workspace(before, change)
        if after != before:
            workspaces.create(session, after, now)
            _audit(session, before, after, "workspace.changed", "workspace", actor, now)
    return after


def change_team(
    transactions: Transactions, workspace_id: str, team_id: str, change: TeamChange, *, actor: str,
    now: datetime,
) -> Team:  # fmt: skip
    """Change a team's board, channel, digest, workdays or quiet hours, from the next message on.

    Raises:
        NotFound: there is no such team.
        InvalidInput: a field cannot be so.
    """
    with transactions.begin() as session:
        before = workspaces.find_team(session, workspace_id, team_id)
        after = changed_team(before, change)
        if after != before:
            workspaces.save_team(session, after)
            _audit(session, before, after, "team.changed", f"team:{team_id}", actor, now)
    return after


def _audit(
    session: Session, before: Team | Workspace, after: Team | Workspace, action: str, subject: str,
    actor: str, now: datetime,
) -> None:  # fmt: skip
    workspaces.audit(
        session,
        before.workspace_id,
        at=now,
        actor=actor,
        action=action,
        subject=subject,
        changes=differences(before, after),  # type: ignore[type-var]  # Both of the same kind.
    )
