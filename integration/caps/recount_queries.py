"""What is held, counted again from the holds themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, cast, func, select

from integration.caps.models import AuthorizationRow, CapRow, HoldRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Drift(NamedTuple):
    """A cap whose `held` is not the sum of its open holds."""

    workspace_id: str
    cap_id: str
    held: int
    open_holds: int


def drifts(session: Session) -> list[Drift]:
    """Return the caps of all workspaces whose `held` differs from a recount of the open holds.

    One statement sees one moment, so that no lock is needed.
    """
    recounted = (
        select(HoldRow.workspace_id, HoldRow.cap_id, func.sum(HoldRow.amount).label("amount"))
        .join(
            AuthorizationRow,
            (AuthorizationRow.workspace_id == HoldRow.workspace_id)
            & (AuthorizationRow.authorization_id == HoldRow.authorization_id),
        )
        .where(AuthorizationRow.state == "held", HoldRow.is_open)
        .group_by(HoldRow.workspace_id, HoldRow.cap_id)
        .subquery()
    )
    amount = func.coalesce(recounted.c.amount, 0)
    rows = session.execute(
        select(CapRow.workspace_id, CapRow.cap_id, CapRow.held, cast(amount, BigInteger))
        .outerjoin(
            recounted,
            (recounted.c.workspace_id == CapRow.workspace_id)
            & (recounted.c.cap_id == CapRow.cap_id),
        )
        .where(CapRow.held != amount)
        .order_by(CapRow.workspace_id, CapRow.cap_id)
    )
    return [Drift(row[0], row[1], row[2], row[3] or 0) for row in rows]
