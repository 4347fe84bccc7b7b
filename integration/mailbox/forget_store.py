"""Takes a promise out of the outbox for good: its subject is a person who is to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from integration.mailbox.models import OutboxRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def forget_promise(session: Session, workspace_id: str, kind: str, subject: str) -> None:
    """Delete what was promised about a subject, kept or not."""
    row = OutboxRow
    session.execute(
        delete(row).where(
            row.workspace_id == workspace_id, row.kind == kind, row.subject == subject
        )
    )
