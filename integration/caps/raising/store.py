"""Reads and writes of requests for raises, and of what Jira's Sprint properties asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from integration.caps.models import CapRow, RaiseRequestRow, SprintPropertyRow
from integration.caps.raising.terms import RaiseRequest, Terms

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.raising.terms import State


def keep_request(session: Session, asked: RaiseRequest) -> None:
    """Add a request."""
    session.add(
        RaiseRequestRow(
            workspace_id=asked.workspace_id, request_id=asked.request_id, cap_id=asked.cap_id,
            limit_before=asked.limit_before, limit_amount=asked.terms.limit,
            until=asked.terms.until, reason=asked.terms.reason, asked_by=asked.asked_by,
            asked_by_name=asked.asked_by_name, asked_at=asked.asked_at, state=asked.state,
            decided_by=asked.decided_by, decided_by_name=asked.decided_by_name,
            decided_at=asked.decided_at, decided_reason=asked.decided_reason,
        )
    )  # fmt: skip


def request(session: Session, workspace_id: str, request_id: str) -> RaiseRequest | None:
    """Return a request, locked until the transaction ends; None when there is none."""
    row = session.get(
        RaiseRequestRow, (workspace_id, request_id), with_for_update=True, populate_existing=True
    )
    return _request(row) if row else None


def requests(
    session: Session, workspace_id: str, states: Collection[State], *,
    cap_id: str = "", limit: int = 100,
) -> list[RaiseRequest]:  # fmt: skip
    """Return the newest requests in these states, newest first; of one cap when it is named."""
    query = select(RaiseRequestRow).where(
        RaiseRequestRow.workspace_id == workspace_id, RaiseRequestRow.state.in_(states)
    )
    if cap_id:
        query = query.where(RaiseRequestRow.cap_id == cap_id)
    newest = query.order_by(RaiseRequestRow.asked_at.desc(), RaiseRequestRow.request_id)
    return [_request(row) for row in session.scalars(newest.limit(limit))]


def settle_request(session: Session, decided: RaiseRequest) -> None:
    """Note what became of a request."""
    session.execute(
        update(RaiseRequestRow)
        .where(
            RaiseRequestRow.workspace_id == decided.workspace_id,
            RaiseRequestRow.request_id == decided.request_id,
        )
        .values(
            state=decided.state, decided_by=decided.decided_by,
            decided_by_name=decided.decided_by_name, decided_at=decided.decided_at,
            decided_reason=decided.decided_reason,
        )
    )  # fmt: skip


def waiting(session: Session) -> list[tuple[str, str]]:
    """Return the workspace and id of every request that waits."""
    rows = session.execute(
        select(RaiseRequestRow.workspace_id, RaiseRequestRow.request_id).where(
            RaiseRequestRow.state == "waiting"
        )
    )
    return [(row[0], row[1]) for row in rows]


def raises_over(session: Session, now: datetime) -> list[tuple[str, str]]:
    """Return the workspace and id of the caps whose raise for a time is over."""
    rows = session.execute(
        select(CapRow.workspace_id, CapRow.cap_id)
        .where(CapRow.raised_until <= now, CapRow.removed_at.is_(None))
        .order_by(CapRow.workspace_id, CapRow.cap_id)
    )
    return [(row[0], row[1]) for row in rows]


def carrying_over(session: Session) -> list[str]:
    """Return the workspaces that have a cap whose limit follows from the window before."""
    return list(
        session.scalars(
            select(CapRow.workspace_id)
            .where(CapRow.carry_over != "none", CapRow.removed_at.is_(None))
            .distinct()
            .order_by(CapRow.workspace_id)
        )
    )


def property_of(session: Session, workspace_id: str, sprint_id: int) -> dict[str, Any] | None:
    """What a Sprint's property said when it was acted on last; None: it never was."""
    row = session.get(SprintPropertyRow, (workspace_id, sprint_id), populate_existing=True)
    return row.value if row else None


def keep_property(
    session: Session, workspace_id: str, sprint_id: int, value: dict[str, Any], now: datetime
) -> None:
    """Keep what a Sprint's property says."""
    row = insert(SprintPropertyRow).values(
        workspace_id=workspace_id, sprint_id=sprint_id, value=value, read_at=now
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "sprint_id"], set_={"value": value, "read_at": now}
        )
    )


def _request(row: RaiseRequestRow) -> RaiseRequest:
    return RaiseRequest(
        row.workspace_id, row.request_id, row.cap_id, row.limit_before,
        Terms(row.limit_amount, row.reason, row.until), row.asked_by, row.asked_by_name,
        row.asked_at,
        row.state,  # type: ignore[arg-type]  # Written only from a RaiseRequest.
        row.decided_by, row.decided_by_name, row.decided_at, row.decided_reason,
    )  # fmt: skip
