"""Reads and writes of the mailbox room. Callers own the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from integration.mailbox.models import InboxRow, OutboxRow, PauseRow, TickRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

LEASE = timedelta(minutes=2)
"""Longer than any single call outside may take, so that no two workers send the same thing."""

SPACING = timedelta(seconds=1)
"""Between two writes to one subject, so that a burst of changes becomes few writes."""

MAX_ATTEMPTS = 12
"""With the delays of `retry_delay`, about a day: longer than an outage, shorter than forgetting."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A received message that a worker has claimed."""

    workspace_id: str
    inbox_id: int
    source: str
    event: str
    subject: str
    body: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Promise:
    """A subject outside that shall show `body`; claimed by a worker."""

    workspace_id: str
    kind: str
    subject: str
    body: dict[str, Any]
    version: int
    receipt: dict[str, Any]
    attempts: int


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after the n-th failure: 2 s doubling, at most 2 hours."""
    return min(timedelta(seconds=2 * 2**attempts), timedelta(hours=2))


def receive(
    session: Session, workspace_id: str, *, source: str, delivery_id: str, subject: str, event: str,
    body: bytes, now: datetime,
) -> bool:  # fmt: skip
    """Keep a delivery; False when it was received before."""
    stored = session.execute(
        insert(InboxRow)
        .values(
            workspace_id=workspace_id, source=source, delivery_id=delivery_id, subject=subject,
            event=event, body=body, received_at=now, due_at=now,
        )
        .on_conflict_do_nothing()
        .returning(InboxRow.inbox_id)
    )  # fmt: skip
    return stored.scalar() is not None


def claim_deliveries(session: Session, now: datetime, limit: int = 20) -> list[Delivery]:
    """Take deliveries that are due, oldest first, never two of one subject at once.

    A delivery waits while an older one of its subject is unread, so that a story's changes are
    read in the order in which they came.
    """
    older = aliased(InboxRow)
    blocked = (
        select(older.inbox_id)
        .where(
            older.workspace_id == InboxRow.workspace_id,
            older.subject == InboxRow.subject,
            older.state == "waiting",
            older.inbox_id < InboxRow.inbox_id,
        )
        .exists()
    )
    rows = session.scalars(
        select(InboxRow)
        .where(InboxRow.state == "waiting", InboxRow.due_at <= now, ~blocked)
        .order_by(InboxRow.inbox_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    claimed = []
    for row in rows:
        row.due_at = now + LEASE
        row.attempts += 1
        claimed.append(
            Delivery(
                row.workspace_id, row.inbox_id, row.source, row.event, row.subject, row.body,
                row.attempts,
            )
        )  # fmt: skip
    return claimed


def settle_delivery(
    session: Session, delivery: Delivery, state: str, note: str, now: datetime
) -> None:
    """Note how a delivery was read: handled, ignored, unknown or failed."""
    session.execute(
        _delivery(delivery).values(state=state, note=note, settled_at=now)
    )  # fmt: skip


def retry_delivery(
    session: Session, delivery: Delivery, note: str, now: datetime, wait: timedelta | None = None
) -> None:
    """Read a delivery again later; after the last attempt it stays visible as failed."""
    if delivery.attempts >= MAX_ATTEMPTS:
        settle_delivery(session, delivery, "failed", note, now)
        return
    due_at = now + (wait or retry_delay(delivery.attempts))
    session.execute(_delivery(delivery).values(note=note, due_at=due_at))


def _delivery(delivery: Delivery) -> Any:
    return update(InboxRow).where(
        InboxRow.workspace_id == delivery.workspace_id, InboxRow.inbox_id == delivery.inbox_id
    )


def replay(session: Session, workspace_id: str, now: datetime, *, states: list[str]) -> int:
    """Put deliveries in these states back to be read again; returns how many."""
    replayed = session.execute(
        update(InboxRow)
        .where(InboxRow.workspace_id == workspace_id, InboxRow.state.in_(states))
        .values(state="waiting", due_at=now, attempts=0, settled_at=None)
        .returning(InboxRow.inbox_id)
    )
    return len(replayed.all())


def promise(
    session: Session,
    workspace_id: str,
    kind: str,
    subject: str,
    body: dict[str, Any],
    now: datetime,
) -> None:
    """State what a subject outside shall show from now on.

    The same body again changes nothing. Another body raises the version; versions that were not
    sent yet are skipped, so that a burst of changes becomes one write of the last state.
    """
    row = insert(OutboxRow).values(
        workspace_id=workspace_id, kind=kind, subject=subject, body=body, promised_at=now,
        due_at=now,
    )  # fmt: skip
    session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "kind", "subject"],
            set_={
                "body": row.excluded.body,
                "version": OutboxRow.version + 1,
                "state": "waiting",
                "promised_at": now,
                # A lease in force is kept: the sender at work will see the new version when done.
                "due_at": case(
                    (OutboxRow.state == "waiting", OutboxRow.due_at),
                    else_=func.greatest(OutboxRow.delivered_at + SPACING, now),
                ),
                "attempts": 0,
            },
            where=OutboxRow.body != row.excluded.body,
        )
    )


def claim_promises(session: Session, now: datetime, limit: int = 20) -> list[Promise]:
    """Take promises that are due, except those of systems a workspace waits for."""
    paused = (
        select(PauseRow.until)
        .where(
            PauseRow.workspace_id == OutboxRow.workspace_id,
            PauseRow.system == func.split_part(OutboxRow.kind, ".", 1),
            PauseRow.until > now,
        )
        .exists()
    )
    rows = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.state == "waiting", OutboxRow.due_at <= now, ~paused)
        .order_by(OutboxRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    claimed = []
    for row in rows:
        row.due_at = now + LEASE
        row.attempts += 1
        claimed.append(
            Promise(
                row.workspace_id, row.kind, row.subject, row.body, row.version, row.receipt,
                row.attempts,
            )
        )  # fmt: skip
    return claimed


def fulfil(session: Session, kept: Promise, receipt: dict[str, Any], now: datetime) -> None:
    """Note that the outside shows this version; a newer one that came meanwhile is due at once."""
    is_newest = OutboxRow.version == kept.version
    session.execute(
        _promise(kept).values(
            delivered_version=kept.version, receipt=receipt, note="", delivered_at=now, attempts=0,
            due_at=now, state=case((is_newest, "delivered"), else_="waiting"),
        )
    )  # fmt: skip


def postpone(
    session: Session, broken: Promise, note: str, now: datetime, *,
    permanent: bool, wait: timedelta | None = None,
) -> None:  # fmt: skip
    """Try a promise again later, or give it up, visibly, when trying again cannot help."""
    if permanent or broken.attempts >= MAX_ATTEMPTS:
        is_newest = OutboxRow.version == broken.version
        state = case((is_newest, "failed"), else_="waiting")
        session.execute(_promise(broken).values(note=note, state=state, due_at=now))
        return
    due_at = now + (wait or retry_delay(broken.attempts))
    session.execute(_promise(broken).values(note=note, due_at=due_at))


def _promise(made: Promise) -> Any:
    return update(OutboxRow).where(
        OutboxRow.workspace_id == made.workspace_id,
        OutboxRow.kind == made.kind,
        OutboxRow.subject == made.subject,
    )


def pause(session: Session, workspace_id: str, system: str, until: datetime, reason: str) -> None:
    """Let a workspace's calls to one system (`jira`, `slack`) wait; the others go on."""
    row = insert(PauseRow).values(
        workspace_id=workspace_id, system=system, until=until, reason=reason
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "system"],
            set_={"until": func.greatest(PauseRow.until, until), "reason": reason},
        )
    )


def take_tick(
    session: Session, job: str, slot: datetime, now: datetime, workspace_id: str = "*"
) -> bool:
    """Take a slot of the clock for a job; False when another worker has it."""
    taken = session.execute(
        insert(TickRow)
        .values(workspace_id=workspace_id, job=job, slot=slot, taken_at=now)
        .on_conflict_do_nothing()
        .returning(TickRow.job)
    )
    return taken.scalar() is not None


def forget_ticks(session: Session, before: datetime) -> None:
    """Drop slots that are so long past that no clock will offer them again."""
    session.execute(delete(TickRow).where(TickRow.slot < before))
