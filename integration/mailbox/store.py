"""Reads and writes of the mailbox room. Callers own the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from integration.mailbox.claims import Delivery
from integration.mailbox.models import InboxRow, OutboxRow, PauseRow
from integration.mailbox.pacing import LEASE, MAX_ATTEMPTS, SPACING, retry_delay
from integration.mailbox.queries import promise_of, repeats_of, waits_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from integration.mailbox.claims import Promise


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
    read in the order in which they came, and while its workspace waits for the system it is from.
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
    paused = waits_for(InboxRow.workspace_id, InboxRow.source, now)
    rows = session.scalars(
        select(InboxRow)
        .where(
            InboxRow.state == "waiting",
            InboxRow.due_at <= now,
            _is_free(InboxRow),
            ~blocked,
            ~paused,
        )
        .order_by(InboxRow.inbox_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.leased_until = func.clock_timestamp() + LEASE
        row.attempts += 1
    return [
        Delivery(
            row.workspace_id, row.inbox_id, row.source, row.event, row.subject, row.body,
            row.attempts, repeats_of(session, row),
        )
        for row in rows
    ]  # fmt: skip


def settle_delivery(
    session: Session, delivery: Delivery, state: str, note: str, now: datetime
) -> None:
    """Note how a delivery was read: handled, ignored, unknown or failed.

    Handled means that its subject was read anew, which answers its repeats as well.
    """
    read = _deliveries(delivery, [delivery.inbox_id])
    session.execute(read.values(state=state, note=note, settled_at=now))
    if state == "handled" and delivery.repeats:
        note = f"read together with {delivery.inbox_id}"
        repeats = _deliveries(delivery, delivery.repeats)
        session.execute(repeats.values(state=state, note=note, settled_at=now))


def retry_delivery(
    session: Session, delivery: Delivery, note: str, now: datetime, *,
    wait: timedelta | None = None, is_blameless: bool = False,
) -> None:  # fmt: skip
    """Read a delivery again later; after the last attempt it stays visible as failed.

    `is_blameless`: nothing could have been read from there, so the attempt does not count.
    """
    if delivery.attempts >= MAX_ATTEMPTS and not is_blameless:
        settle_delivery(session, delivery, "failed", note, now)
        return
    due_at = now + (wait or retry_delay(delivery.attempts))
    attempts = delivery.attempts - is_blameless
    waiting = _deliveries(delivery, [delivery.inbox_id])
    session.execute(waiting.values(note=note, due_at=due_at, attempts=attempts))


def _deliveries(delivery: Delivery, ids: Sequence[int]) -> Any:
    return (
        update(InboxRow)
        .where(InboxRow.workspace_id == delivery.workspace_id, InboxRow.inbox_id.in_(ids))
        .values(leased_until=None)
    )


def _is_free(row: type[InboxRow | OutboxRow]) -> Any:
    """Whether nobody has it in hand: no lease, or one that ran out because its worker died.

    A lease is about real time. Workers whose clocks differ by more than a lease would otherwise
    take each other's work while it is being done.
    """
    return or_(row.leased_until.is_(None), row.leased_until < func.clock_timestamp())


def replay(
    session: Session, workspace_id: str, now: datetime, *, states: Sequence[str],
    ids: Sequence[int] = (),
) -> int:  # fmt: skip
    """Put deliveries in these states, or those of them with these ids, back to be read again."""
    wanted = InboxRow.inbox_id.in_(ids) if ids else true()
    replayed = session.execute(
        update(InboxRow)
        .where(InboxRow.workspace_id == workspace_id, InboxRow.state.in_(states), wanted)
        .values(state="waiting", due_at=now, leased_until=None, attempts=0, settled_at=None)
        .returning(InboxRow.inbox_id)
    )
    return len(replayed.all())


def hold_subject(session: Session, workspace_id: str, kind: str, subject: str) -> None:
    """Hold a subject until commit, for a promise that carries on what was promised before."""
    name = f"outbox/{workspace_id}/{kind}/{subject}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def _begun_anew() -> Any:
    """A new count of attempts, in which it stays known that somebody tried and never settled it.

    Who died after sending has left no receipt: the next one has to look for what was sent.
    """
    return func.least(OutboxRow.attempts, 1)


def promise(
    session: Session, workspace_id: str, kind: str, subject: str, body: dict[str, Any],
    now: datetime,
) -> None:  # fmt: skip
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
                "due_at": case(
                    (OutboxRow.state == "waiting", OutboxRow.due_at),
                    else_=func.greatest(OutboxRow.delivered_at + SPACING, now),
                ),
                "attempts": _begun_anew(),
            },
            where=OutboxRow.body != row.excluded.body,
        )
    )


def claim_promises(session: Session, now: datetime, limit: int = 20) -> list[Promise]:
    """Take promises that are due, except those of systems a workspace waits for."""
    paused = waits_for(OutboxRow.workspace_id, func.split_part(OutboxRow.kind, ".", 1), now)
    rows = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.state == "waiting", OutboxRow.due_at <= now, _is_free(OutboxRow), ~paused)
        .order_by(OutboxRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    claimed = []
    for row in rows:
        row.leased_until = func.clock_timestamp() + LEASE
        row.attempts += 1
        claimed.append(promise_of(row))
    return claimed


def fulfil(session: Session, kept: Promise, receipt: dict[str, Any], now: datetime) -> None:
    """Note that the outside shows this version; a newer one that came meanwhile is due soon."""
    is_newest = OutboxRow.version == kept.version
    session.execute(
        _promise(kept).values(
            delivered_version=kept.version, receipt=receipt, note="", delivered_at=now, attempts=0,
            due_at=now + SPACING, leased_until=None,
            state=case((is_newest, "delivered"), else_="waiting"),
        )
    )  # fmt: skip


def postpone(
    session: Session, broken: Promise, note: str, now: datetime, *,
    permanent: bool, wait: timedelta | None = None, is_blameless: bool = False,
    may_be_under_way: bool = False,
) -> None:  # fmt: skip
    """Try a promise again later, or give it up, visibly, when trying again cannot help.

    `is_blameless`: nothing could have been sent there, so the attempt does not count.
    `may_be_under_way`: no answer came. A network that comes back delivers what we have given up
    on, so nobody looks or sends again before a lease is over.
    """
    if permanent or (broken.attempts >= MAX_ATTEMPTS and not is_blameless):
        is_newest = OutboxRow.version == broken.version
        state = case((is_newest, "failed"), else_="waiting")
        session.execute(
            _promise(broken).values(note=note, state=state, due_at=now, leased_until=None)
        )
        return
    due_at = now + (wait or retry_delay(broken.attempts))
    attempts = case(
        # A version promised meanwhile began its own count.
        (OutboxRow.version == broken.version, broken.attempts - is_blameless),
        else_=OutboxRow.attempts,
    )
    leased_until = func.clock_timestamp() + LEASE if may_be_under_way else None
    session.execute(
        _promise(broken).values(
            note=note, due_at=due_at, leased_until=leased_until, attempts=attempts
        )
    )


def try_again(session: Session, workspace_id: str, system: str, now: datetime) -> int:
    """Put what was given up, or waits, for an outside system back to be sent; returns how many."""
    row = OutboxRow
    put_back = session.execute(
        update(row)
        .where(
            row.workspace_id == workspace_id, row.kind.startswith(f"{system}."),
            or_(row.state == "failed", and_(row.state == "waiting", row.leased_until.is_(None))),
        )
        .values(state="waiting", due_at=now, attempts=_begun_anew())
        .returning(row.subject)
    )  # fmt: skip
    return len(put_back.all())


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


def note_receipt(session: Session, made: Promise, receipt: dict[str, Any]) -> None:
    """Remember what was done so far, so that whoever tries again goes on from there."""
    session.execute(_promise(made).values(receipt=receipt))
