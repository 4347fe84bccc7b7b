"""Lets promises be kept once more: the outside shows something else, or what they read changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, update

from integration.mailbox.models import OutboxRow
from integration.mailbox.pacing import SPACING

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.mailbox.claims import Promise


def promise_again(session: Session, delivered: Promise, receipt: dict[str, Any]) -> None:
    """Let a delivered promise be kept once more: the outside shows something else by now."""
    session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.workspace_id == delivered.workspace_id, OutboxRow.kind == delivered.kind,
            OutboxRow.subject == delivered.subject, OutboxRow.state == "delivered",
        )
        .values(
            state="waiting", version=OutboxRow.version + 1, receipt=receipt,
            due_at=OutboxRow.delivered_at + SPACING,
        )
    )  # fmt: skip


def keep_anew(
    session: Session, workspace_id: str, kind: str, since: datetime, now: datetime
) -> None:
    """Let all promises of a kind that were made since an instant be kept once more.

    What is on its way may have been read before the change: it goes out again as well.
    """
    session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.workspace_id == workspace_id, OutboxRow.kind == kind,
            OutboxRow.promised_at >= since,
        )
        .values(
            state="waiting", version=OutboxRow.version + 1, attempts=0,
            due_at=func.greatest(OutboxRow.delivered_at + SPACING, now),
        )
    )  # fmt: skip
