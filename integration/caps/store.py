"""Writes of the caps room. Callers own the transaction.

Locks, always in this order, so that nobody waits in a circle: the workspace's caps as a whole
(shared by who works under them, alone for who changes them), the rows of the caps by cap_id, the
rows of the authorizations by id, and only then what is booked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from integration.caps.models import CapRow, CapSpendRow, CrossingRow
from integration.foundation.round_trip import Statement, ask

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.policy import Cap

SLOTS = 16


def change_alone(session: Session, workspace_id: str) -> None:
    """Wait until nobody works under the workspace's caps, and keep others out until commit.

    Who sets a cap counts what was spent so far; a booking at the same time would be lost or
    counted twice.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('caps/' || :workspace_id, 0))"),
        {"workspace_id": workspace_id},
    )


def save_cap(session: Session, cap: Cap, now: datetime) -> bool:
    """Add a cap, or change the one with this id; True when it is new."""
    values = {
        "scope_kind": cap.scope_kind, "scope_value": cap.scope_value, "unit": cap.unit,
        "limit_amount": cap.limit, "mode": cap.mode, "sprint_id": cap.sprint_id,
        "period_start": cap.period_start, "period_end": cap.period_end,
        "thresholds": list(cap.thresholds), "failure_policy": cap.failure_policy,
        "max_tokens_per_request": cap.max_tokens_per_request,
        "approved_models": list(cap.approved_models), "approvers": list(cap.approvers),
        "separate_approver": cap.separate_approver, "carry_over": cap.carry_over,
        "reserve_pct": cap.reserve_pct, "carried_over": cap.carried_over,
        "raised_until": cap.raised_until, "limit_after": cap.limit_after, "removed_at": None,
    }  # fmt: skip
    known = session.get(CapRow, (cap.workspace_id, cap.cap_id), with_for_update=True)
    row = insert(CapRow).values(
        workspace_id=cap.workspace_id, cap_id=cap.cap_id, created_at=now, **values
    )
    session.execute(
        row.on_conflict_do_update(index_elements=["workspace_id", "cap_id"], set_=values)
    )
    return known is None


def remove_cap(session: Session, workspace_id: str, cap_id: str, now: datetime) -> bool:
    """Take a cap out of force; False when none with this id is in force."""
    removed = session.execute(
        update(CapRow)
        .where(
            CapRow.workspace_id == workspace_id, CapRow.cap_id == cap_id,
            CapRow.removed_at.is_(None),
        )
        .values(removed_at=now)
        .returning(CapRow.cap_id)
    )  # fmt: skip
    return removed.scalar() is not None


def set_spent(session: Session, cap: Cap, spent: int) -> None:
    """Replace what is counted as spent under a cap: a new cap in a running Sprint starts there."""
    session.execute(
        delete(CapSpendRow).where(
            CapSpendRow.workspace_id == cap.workspace_id, CapSpendRow.cap_id == cap.cap_id
        )
    )
    add_spend(session, cap.workspace_id, {cap.cap_id: spent})


def set_holds(session: Session, workspace_id: str, cap_id: str, amounts: Mapping[str, int]) -> None:
    """Replace what open authorizations hold under a cap; for who changes the caps alone."""
    session.connection().exec_driver_sql(
        _SET_HOLDS,
        {
            "workspace_id": workspace_id, "cap_id": cap_id,
            "ids": list(amounts), "amounts": list(amounts.values()),
        },
    )  # fmt: skip
    recount_held(session, workspace_id, [cap_id])


_SET_HOLDS = """
WITH gone AS (
    UPDATE hold SET is_open = false
    WHERE workspace_id = %(workspace_id)s AND cap_id = %(cap_id)s AND is_open
      AND authorization_id <> ALL (%(ids)s::text[])
)
INSERT INTO hold (workspace_id, authorization_id, cap_id, amount)
SELECT %(workspace_id)s, id, %(cap_id)s, amount
FROM unnest(%(ids)s::text[], %(amounts)s::bigint[]) AS open(id, amount)
ON CONFLICT (workspace_id, authorization_id, cap_id)
DO UPDATE SET amount = excluded.amount, is_open = true
"""


def recount_held(session: Session, workspace_id: str, cap_ids: Sequence[str]) -> None:
    """Set `held` of these caps, which must be locked, to the sum of their open holds."""
    session.connection().exec_driver_sql(
        'UPDATE cap SET held = coalesce((SELECT sum(h.amount) FROM "authorization" a JOIN hold h '
        "USING (workspace_id, authorization_id) WHERE a.workspace_id = cap.workspace_id "
        "AND a.state = 'held' AND h.is_open AND h.cap_id = cap.cap_id), 0) "
        "WHERE workspace_id = %s AND cap_id = ANY(%s)",
        (workspace_id, list(cap_ids)),
    )


def add_spend(session: Session, workspace_id: str, amounts: Mapping[str, int]) -> None:
    """Add what was spent under caps, in each cap's unit. Negative amounts take spend back."""
    if amounts:
        ask(session, adding_spend(workspace_id, amounts))


def adding_spend(workspace_id: str, amounts: Mapping[str, int]) -> Statement[None]:
    """Add what was spent under caps, by cap, in each cap's unit."""
    ordered = sorted(amounts.items())
    values = {
        "workspace_id": workspace_id, "slot": os.getpid() % SLOTS,
        "cap_ids": [cap_id for cap_id, _ in ordered], "amounts": [each for _, each in ordered],
    }  # fmt: skip
    return Statement(_ADD_SPEND, values, lambda _: None)


_ADD_SPEND = """
INSERT INTO cap_spend (workspace_id, cap_id, slot, spent)
SELECT %(workspace_id)s, cap_id, %(slot)s, spent
FROM unnest(%(cap_ids)s::text[], %(amounts)s::numeric[]) AS s(cap_id, spent)
ON CONFLICT (workspace_id, cap_id, slot) DO UPDATE SET spent = cap_spend.spent + excluded.spent
"""


def settle(
    session: Session, workspace_id: str, authorization_ids: Collection[str], state: str,
    now: datetime, expired_entry: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """End authorizations and release what they still hold. They and their caps must be locked."""
    if authorization_ids:
        values = {"workspace_id": workspace_id, "ids": sorted(authorization_ids), "state": state}
        session.execute(_SETTLE, values | {"now": now, "expired_entry": expired_entry})


_SETTLE = text("""
WITH ended AS (
    UPDATE "authorization"
    SET state = :state, settled_at = :now, expired_entry = :expired_entry
    WHERE workspace_id = :workspace_id AND authorization_id = ANY(:ids)
), released AS (
    UPDATE hold SET is_open = false
    WHERE workspace_id = :workspace_id AND authorization_id = ANY(:ids) AND is_open
    RETURNING cap_id, amount
), sums AS (SELECT cap_id, sum(amount) AS amount FROM released GROUP BY cap_id)
UPDATE cap SET held = cap.held - sums.amount
FROM sums WHERE cap.workspace_id = :workspace_id AND cap.cap_id = sums.cap_id
""").bindparams(bindparam("expired_entry", type_=JSONB(none_as_null=True)))


def note_failed(
    session: Session, workspace_id: str, authorization_ids: Collection[str], until: datetime
) -> None:
    """Note that an attempt failed: the hold waits for another until then, and is void without."""
    if not authorization_ids:
        return
    session.connection().exec_driver_sql(
        "UPDATE \"authorization\" SET request = jsonb_set(request, '{failed}', 'true'), "
        "expires_at = least(expires_at, %s) "
        "WHERE workspace_id = %s AND authorization_id = ANY(%s) AND state = 'held'",
        (until, workspace_id, sorted(authorization_ids)),
    )


def latch(
    session: Session, workspace_id: str, cap_id: str, reached: Sequence[int], now: datetime
) -> list[int]:
    """Note reached thresholds; returns those that fire now, because they had not fired before."""
    if not reached:
        return []
    fired = session.scalars(
        insert(CrossingRow)
        .values(
            [
                {
                    "workspace_id": workspace_id, "cap_id": cap_id, "threshold_pct": pct,
                    "crossed_at": now,
                }
                for pct in sorted(set(reached))
            ]
        )
        .on_conflict_do_nothing()
        .returning(CrossingRow.threshold_pct)
    )  # fmt: skip
    return sorted(fired)


def unlatch_above(
    session: Session, workspace_id: str, cap_id: str, still_reached: Sequence[int]
) -> None:
    """Let thresholds fire again that a raised cap is no longer at."""
    session.execute(
        delete(CrossingRow).where(
            CrossingRow.workspace_id == workspace_id,
            CrossingRow.cap_id == cap_id,
            CrossingRow.threshold_pct.not_in(list(still_reached)),
        )
    )
