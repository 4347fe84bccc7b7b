"""Reads and writes of the carbon room. Callers own the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, insert, select

from integration.carbon.models import OwnFactorRow
from integration.carbon.statements import ModelStatement, Statement, ZoneStatement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class EnteredFactor:
    """A workspace's own statement with who made it when. Ids grow in the order of entry."""

    factor_id: int
    added_at: datetime
    added_by: str
    statement: Statement


def add_statements(
    session: Session, workspace_id: str, statements: Sequence[Statement], *, by: str, now: datetime
) -> list[EnteredFactor]:
    """Add statements to those there are; nothing is replaced."""
    if not statements:
        return []
    added = session.execute(
        insert(OwnFactorRow).returning(OwnFactorRow.factor_id, sort_by_parameter_order=True),
        [
            {
                "workspace_id": workspace_id, "added_at": now, "added_by": by,
                "factor": msgspec.to_builtins(statement),
            }
            for statement in statements
        ],
    )  # fmt: skip
    return [
        EnteredFactor(factor_id, now, by, statement)
        for factor_id, statement in zip(added.scalars(), statements, strict=True)
    ]


def statements(session: Session, workspace_id: str) -> list[EnteredFactor]:
    """Return every statement of a workspace in the order of entry."""
    rows = session.scalars(
        select(OwnFactorRow)
        .where(OwnFactorRow.workspace_id == workspace_id)
        .order_by(OwnFactorRow.factor_id)
    )
    return [
        EnteredFactor(
            row.factor_id, row.added_at, row.added_by,
            msgspec.convert(row.factor, ZoneStatement | ModelStatement),
        )
        for row in rows
    ]  # fmt: skip


def newest_statement(session: Session, workspace_id: str) -> int:
    """Return the id of the statement entered last; 0 without any."""
    return session.scalar(
        select(func.coalesce(func.max(OwnFactorRow.factor_id), 0)).where(
            OwnFactorRow.workspace_id == workspace_id
        )
    ) or 0  # fmt: skip
