"""The one thing that is ever changed in the audit log: a person who is to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, update

from integration.workspaces.models import AuditRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FORGOTTEN = "forgotten"


def forget_actor(session: Session, workspace_id: str, person: str) -> int:
    """Take a person's name off the lines about what they did; returns off how many.

    The transaction must be one that may change what is append-only.
    """
    is_theirs = func.lower(AuditRow.actor).endswith(person.lower(), autoescape=True)
    changed = session.execute(
        update(AuditRow)
        .where(AuditRow.workspace_id == workspace_id, is_theirs)
        .values(actor=FORGOTTEN)
        .returning(AuditRow.audit_id)
    )
    return len(changed.all())
