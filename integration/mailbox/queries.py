"""Reads of the mailbox room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from integration.mailbox.claims import Promise
from integration.mailbox.models import InboxRow, OutboxRow, PauseRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


def inbox_counts(session: Session, workspace_id: str) -> dict[str, int]:
    """Count the workspace's deliveries by state."""
    rows = session.execute(
        select(InboxRow.state, func.count())
        .where(InboxRow.workspace_id == workspace_id)
        .group_by(InboxRow.state)
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery as people look at it."""

    inbox_id: int
    received_at: datetime
    source: str
    event: str
    subject: str
    state: str
    attempts: int
    note: str


def deliveries(
    session: Session, workspace_id: str, states: Sequence[str], limit: int = 100
) -> list[Received]:
    """Return the workspace's newest deliveries in these states, newest first."""
    rows = session.scalars(
        select(InboxRow)
        .where(InboxRow.workspace_id == workspace_id, InboxRow.state.in_(states))
        .order_by(InboxRow.inbox_id.desc())
        .limit(limit)
    )
    return [
        Received(
            row.inbox_id, row.received_at, row.source, row.event, row.subject, row.state,
            row.attempts, row.note,
        )
        for row in rows
    ]  # fmt: skip


def last_received(session: Session, workspace_id: str, source: str) -> datetime | None:
    """When the newest delivery of a source came; None when none ever did."""
    return session.scalar(
        select(func.max(InboxRow.received_at)).where(
            InboxRow.workspace_id == workspace_id, InboxRow.source == source
        )
    )


def repeats_of(session: Session, row: InboxRow) -> tuple[int, ...]:
    """What waits behind a delivery and says the same of its subject, up to another word."""
    waiting = session.execute(
        select(InboxRow.inbox_id, InboxRow.event)
        .where(
            InboxRow.workspace_id == row.workspace_id, InboxRow.subject == row.subject,
            InboxRow.source == row.source, InboxRow.state == "waiting",
            InboxRow.inbox_id > row.inbox_id,
        )
        .order_by(InboxRow.inbox_id)
    )  # fmt: skip
    return tuple(found for found, _ in takewhile(lambda each: each[1] == row.event, waiting))


def paused_until(
    session: Session, workspace_id: str, system: str, now: datetime
) -> datetime | None:
    """Until when a workspace waits for a system; None when it does not."""
    return session.scalar(
        select(PauseRow.until).where(
            PauseRow.workspace_id == workspace_id, PauseRow.system == system, PauseRow.until > now
        )
    )


def waits_for(workspace_id: Any, system: Any, now: datetime) -> Any:
    """Whether a workspace waits for a system, as part of a query."""
    return (
        select(PauseRow.until)
        .where(
            PauseRow.workspace_id == workspace_id, PauseRow.system == system, PauseRow.until > now
        )
        .exists()
    )


def promised(session: Session, workspace_id: str, kind: str, subject: str) -> OutboxRow | None:
    """Return the promise about a subject; None when none was made."""
    return session.get(OutboxRow, (workspace_id, kind, subject), populate_existing=True)


def promise_of(row: OutboxRow) -> Promise:
    """Return a promise as a sender sees it."""
    return Promise(
        row.workspace_id, row.kind, row.subject, row.body, row.version, row.receipt, row.attempts
    )


def open_promises(session: Session, workspace_id: str) -> int:
    """Count what the outside does not show yet."""
    return session.scalar(
        select(func.count())
        .select_from(OutboxRow)
        .where(OutboxRow.workspace_id == workspace_id, OutboxRow.state == "waiting")
    ) or 0  # fmt: skip


def struggling_promises(session: Session, workspace_id: str) -> list[OutboxRow]:
    """Return what was tried and waits for another try, with the reason in `note`."""
    return list(
        session.scalars(
            select(OutboxRow).where(
                OutboxRow.workspace_id == workspace_id, OutboxRow.state == "waiting",
                OutboxRow.attempts > 0, OutboxRow.note != "", OutboxRow.leased_until.is_(None),
            )
        )
    )  # fmt: skip


def failed_promises(session: Session, workspace_id: str) -> list[OutboxRow]:
    """Return what we gave up showing, with the reason in `note`."""
    return list(
        session.scalars(
            select(OutboxRow).where(
                OutboxRow.workspace_id == workspace_id, OutboxRow.state == "failed"
            )
        )
    )


def said(session: Session, workspace_id: str, kind: str, name: str) -> dict[str, Any]:
    """What the promises of a kind say under a name of their bodies, by subject; null left out."""
    value = OutboxRow.body[name]
    rows = session.execute(
        select(OutboxRow.subject, value).where(
            OutboxRow.workspace_id == workspace_id, OutboxRow.kind == kind,
            func.jsonb_typeof(value) != "null",
        )
    )  # fmt: skip
    return {row[0]: row[1] for row in rows}


def longest_overdue(session: Session, now: datetime) -> timedelta:
    """How long ago the promise was due that should have been tried first; zero when none is."""
    due_at = session.scalar(
        select(func.min(OutboxRow.due_at)).where(
            OutboxRow.state == "waiting", OutboxRow.due_at <= now, OutboxRow.leased_until.is_(None)
        )
    )
    return now - due_at if due_at else timedelta(0)


def is_idle(session: Session, now: datetime) -> bool:
    """Whether nothing received or promised is due: the house is quiet."""
    waiting_in = select(InboxRow.inbox_id).where(InboxRow.state == "waiting").exists()
    waiting_out = select(OutboxRow.subject).where(
        OutboxRow.state == "waiting", or_(OutboxRow.due_at <= now, OutboxRow.attempts > 0)
    ).exists()  # fmt: skip
    return not session.scalar(select(or_(waiting_in, waiting_out)))


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in both boxes of all workspaces together, and what was given up."""

    inbox_waiting: int
    inbox_oldest: timedelta
    inbox_unread: int
    """Deliveries that nobody could read: unknown or failed."""
    outbox_waiting: int
    outbox_oldest: timedelta
    outbox_failed: int


def backlog(session: Session, now: datetime) -> Backlog:
    """Return what operators watch: how much waits, since when, and what needs a person."""
    read = session.execute(
        select(
            func.count().filter(InboxRow.state == "waiting"),
            func.min(InboxRow.received_at).filter(InboxRow.state == "waiting"),
            func.count().filter(InboxRow.state.in_(("unknown", "failed"))),
        ).where(InboxRow.state != "handled", InboxRow.state != "ignored")
    ).one()
    kept = session.execute(
        select(
            func.count().filter(OutboxRow.state == "waiting"),
            func.min(OutboxRow.promised_at).filter(OutboxRow.state == "waiting"),
            func.count().filter(OutboxRow.state == "failed"),
        ).where(OutboxRow.state != "delivered")
    ).one()
    return Backlog(read[0], _since(read[1], now), read[2], kept[0], _since(kept[1], now), kept[2])


def _since(instant: datetime | None, now: datetime) -> timedelta:
    return max(now - instant, timedelta(0)) if instant else timedelta(0)
