"""Journeys: an administrator enters prices or factors of a workspace's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.carbon import store as factors
from integration.carbon.statements import faults_of
from integration.foundation.errors import FieldError, InvalidInput
from integration.pricing import store as prices
from integration.pricing.override_rows import faults_of_row
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from integration.carbon.statements import Statement
    from integration.carbon.store import EnteredFactor
    from integration.foundation.database import Transactions
    from integration.journeys.book_shelf import BookShelf
    from integration.pricing.override_rows import OverrideRow
    from integration.pricing.store import EnteredPrice


def enter_prices(
    transactions: Transactions, workspace_id: str, rows: Sequence[OverrideRow], shelf: BookShelf, *,
    actor: str, now: datetime,
) -> list[EnteredPrice]:  # fmt: skip
    """Add dated price rows; what was priced already keeps its cost and its price version.

    Raises:
        InvalidInput: naming each row and field that cannot be.
    """
    errors = tuple(
        FieldError(f"/rows/{place}/{name}", "invalid", sentence)
        for place, row in enumerate(rows)
        for name, sentence in faults_of_row(row)
    )
    if errors:
        raise InvalidInput("These price rows need mending", errors=errors)
    with transactions.begin() as session:
        workspaces.find(session, workspace_id)
        entered = prices.add_overrides(session, workspace_id, rows, by=actor, now=now)
        for each in entered:
            workspaces.audit(
                session, workspace_id, at=now, actor=actor, action="price.entered",
                subject=f"price:{each.override_id}",
                row=msgspec.to_builtins(each.row, str_keys=True),
            )  # fmt: skip
    shelf.forget(workspace_id)
    return entered


def enter_factors(
    transactions: Transactions, workspace_id: str, statements: Sequence[Statement],
    shelf: BookShelf, *, actor: str, now: datetime,
) -> list[EnteredFactor]:  # fmt: skip
    """Add a zone's factors or a supplier's figures; what was worked out already stays.

    Raises:
        InvalidInput: naming each statement and field that cannot be.
    """
    zones = shelf.for_workspace(workspace_id).carbon.zones
    errors = tuple(
        FieldError(f"/factors/{place}/{name}", "invalid", sentence)
        for place, statement in enumerate(statements)
        for name, sentence in faults_of(statement, zones)
    )
    if errors:
        raise InvalidInput("These factors need mending", errors=errors)
    with transactions.begin() as session:
        workspaces.find(session, workspace_id)
        entered = factors.add_statements(session, workspace_id, statements, by=actor, now=now)
        for each in entered:
            workspaces.audit(
                session, workspace_id, at=now, actor=actor, action="factor.entered",
                subject=f"factor:{each.factor_id}", statement=msgspec.to_builtins(each.statement),
            )  # fmt: skip
    shelf.forget(workspace_id)
    return entered
