"""Reads of the caps room. Balances tell the truth for a decision only under the caps' locks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import func, select, tuple_

from integration.caps.models import AuthorizationRow, CapRow, CapSpendRow, DenialRow
from integration.caps.policy import Balance, Cap
from integration.caps.request import StoredCall
from integration.foundation.round_trip import Row, Statement, round_trip

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Authorization:
    """A stored authorization with what it holds, or held, under each cap."""

    authorization_id: str
    state: str
    call: StoredCall
    expires_at: datetime
    holds: dict[str, int]
    expired_entry: dict[str, Any] | None


_COLUMNS = (
    "workspace_id, cap_id, scope_kind, scope_value, unit, limit_amount, mode, sprint_id, "
    "period_start, period_end, thresholds, failure_policy, max_tokens_per_request, "
    "approved_models, approvers, separate_approver, carry_over, reserve_pct, carried_over, "
    "raised_until, limit_after"
)


def steady(workspace_id: str) -> Statement[None]:
    """Let nobody add, change or remove a cap of the workspace until the transaction ends.

    A wait for who is changing one comes in a statement of its own, so that the next one sees it.
    """
    return Statement(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('caps/' || %(workspace_id)s, 0))",
        {"workspace_id": workspace_id},
        lambda _: None,
    )


def in_force(workspace_id: str) -> Statement[list[Cap]]:
    """The workspace's caps in force, by id. Once they are steady they stay so."""
    return Statement(
        f"SELECT {_COLUMNS} FROM cap "  # noqa: S608 -- constant columns.
        "WHERE workspace_id = %(workspace_id)s AND removed_at IS NULL ORDER BY cap_id",
        {"workspace_id": workspace_id},
        caps_in,
    )


def any_known(workspace_id: str, authorization_ids: Collection[str]) -> Statement[bool]:
    """Say whether one of these authorizations is stored."""
    return Statement(
        'SELECT 1 FROM "authorization" WHERE workspace_id = %(workspace_id)s '
        "AND authorization_id = ANY(%(ids)s) LIMIT 1",
        {"workspace_id": workspace_id, "ids": sorted(authorization_ids)},
        bool,
    )


def caps_of(session: Session, workspace_id: str) -> list[Cap]:
    """Return the workspace's caps in force, by id; they stay so until the transaction ends."""
    with round_trip(session) as trip:
        trip.ask(steady(workspace_id))
        caps = trip.ask(in_force(workspace_id))
    return caps()


def caps_in(rows: Sequence[Row]) -> list[Cap]:
    """The caps that rows of `in_force` are."""
    return [
        Cap(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9],
            tuple(row[10]), row[11], row[12], tuple(row[13]), tuple(row[14]), *row[15:],
        )
        for row in rows
    ]  # fmt: skip


def locking(workspace_id: str, cap_ids: Collection[str]) -> Statement[int]:
    """Lock caps until commit. Read their balances only after this, in a statement of its own.

    A subquery in the locking statement would still see what was spent before it waited.
    """
    return Statement(
        "SELECT 1 FROM cap WHERE workspace_id = %(workspace_id)s AND cap_id = ANY(%(cap_ids)s) "
        "ORDER BY cap_id FOR UPDATE",
        {"workspace_id": workspace_id, "cap_ids": sorted(cap_ids)},
        len,
    )


_SPENT_AND_FIRED = """
SELECT cap_id, sum(spent), array(
    SELECT threshold_pct FROM cap_crossing AS x
    WHERE x.workspace_id = %(workspace_id)s AND x.cap_id = s.cap_id)
FROM cap_spend AS s WHERE workspace_id = %(workspace_id)s AND cap_id = ANY(%(cap_ids)s)
GROUP BY cap_id
"""


def spent_and_fired(
    workspace_id: str, cap_ids: Collection[str]
) -> Statement[dict[str, tuple[int, frozenset[int]]]]:
    """What is spent under caps, and which of their thresholds have fired."""
    return Statement(
        _SPENT_AND_FIRED,
        {"workspace_id": workspace_id, "cap_ids": sorted(cap_ids)},
        lambda rows: {cap_id: (int(spent), frozenset(fired)) for cap_id, spent, fired in rows},
    )


def balances(
    session: Session, workspace_id: str, cap_ids: Collection[str] | None = None
) -> dict[str, Balance]:
    """Return how caps stand; all caps in force when none are named."""
    spent = (
        select(CapSpendRow.cap_id, func.sum(CapSpendRow.spent).label("spent"))
        .where(CapSpendRow.workspace_id == workspace_id)
        .group_by(CapSpendRow.cap_id)
        .subquery()
    )
    query = (
        select(CapRow, func.coalesce(spent.c.spent, 0))
        .outerjoin(spent, spent.c.cap_id == CapRow.cap_id)
        .where(CapRow.workspace_id == workspace_id, CapRow.removed_at.is_(None))
        .order_by(CapRow.cap_id)
        .execution_options(populate_existing=True)
    )
    if cap_ids is not None:
        query = query.where(CapRow.cap_id.in_(sorted(cap_ids)))
    return {
        row.cap_id: Balance(_cap(row), int(amount), row.held)
        for row, amount in session.execute(query)
    }


_AUTHORIZATIONS = """
SELECT authorization_id, state, request, expires_at, expired_entry FROM "authorization"
WHERE workspace_id = %s AND authorization_id = ANY(%s) ORDER BY authorization_id
"""
_LOCKED_AUTHORIZATIONS = f"{_AUTHORIZATIONS} FOR UPDATE"


def authorizations(
    session: Session, workspace_id: str, ids: Collection[str], *, lock: bool = False
) -> dict[str, Authorization]:
    """Return the stored ones among these authorizations; lock them only after their caps."""
    rows = session.connection().exec_driver_sql(
        _LOCKED_AUTHORIZATIONS if lock else _AUTHORIZATIONS,
        (workspace_id, sorted(ids)),
    ).all()  # fmt: skip
    holds = _holds(session, workspace_id, [row[0] for row in rows]) if rows else {}
    return {
        row[0]: Authorization(
            row[0], row[1], msgspec.convert(row[2], StoredCall, strict=False), row[3],
            holds.get(row[0], {}), row[4],
        )
        for row in rows
    }  # fmt: skip


def _holds(session: Session, workspace_id: str, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for authorization_id, cap_id, amount in session.connection().exec_driver_sql(
        "SELECT authorization_id, cap_id, amount FROM hold "
        "WHERE workspace_id = %s AND authorization_id = ANY(%s)",
        (workspace_id, list(ids)),
    ):
        found.setdefault(authorization_id, {})[cap_id] = amount
    return found


def open_calls(session: Session, workspace_id: str) -> dict[str, StoredCall]:
    """Return the calls that hold something now, by authorization id."""
    rows = session.execute(
        select(AuthorizationRow.authorization_id, AuthorizationRow.request).where(
            AuthorizationRow.workspace_id == workspace_id, AuthorizationRow.state == "held"
        )
    )
    return {row[0]: msgspec.convert(row[1], StoredCall, strict=False) for row in rows}


def expired(
    session: Session, now: datetime, after: tuple[datetime, str] | None, limit: int = 100
) -> list[tuple[datetime, str, str]]:
    """Expiry, workspace and id of authorizations whose time is up, oldest first.

    `after` is the expiry and id of the last one already looked at.
    """
    query = select(
        AuthorizationRow.expires_at, AuthorizationRow.workspace_id,
        AuthorizationRow.authorization_id,
    ).where(AuthorizationRow.state == "held", AuthorizationRow.expires_at <= now)  # fmt: skip
    if after is not None:
        place = tuple_(AuthorizationRow.expires_at, AuthorizationRow.authorization_id)
        query = query.where(place > after)
    rows = session.execute(
        query.order_by(AuthorizationRow.expires_at, AuthorizationRow.authorization_id).limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def denials(session: Session, workspace_id: str) -> dict[str, tuple[int, int]]:
    """How many calls each cap denied, and their worst-case amount in the cap's unit."""
    rows = session.execute(
        select(DenialRow.cap_id, func.count(), func.coalesce(func.sum(DenialRow.requested), 0))
        .where(DenialRow.workspace_id == workspace_id)
        .group_by(DenialRow.cap_id)
    )
    return {cap_id: (count, int(amount or 0)) for cap_id, count, amount in rows}


def _cap(row: CapRow) -> Cap:
    return Cap(
        row.workspace_id, row.cap_id,
        row.scope_kind, row.scope_value, row.unit, row.limit_amount, row.mode,  # type: ignore[arg-type]  # Written only from a Cap.
        row.sprint_id, row.period_start, row.period_end, tuple(row.thresholds),
        row.failure_policy,  # type: ignore[arg-type]  # Likewise.
        row.max_tokens_per_request, tuple(row.approved_models), tuple(row.approvers),
        row.separate_approver, row.carry_over,  # type: ignore[arg-type]  # Likewise.
        row.reserve_pct, row.carried_over, row.raised_until, row.limit_after,
    )  # fmt: skip
