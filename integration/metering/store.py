"""Reads and writes of the metering room. Callers own the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from integration.foundation.errors import Conflict, NotFound
from integration.metering.attribution import AttributionRule
from integration.metering.models import AttributionRuleRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def add_rule(
    session: Session, workspace_id: str, rule: AttributionRule, *, by: str, now: datetime
) -> None:
    """Keep a rule.

    Raises:
        Conflict: there is or was one with this id.
    """
    if session.get(AttributionRuleRow, (workspace_id, rule.rule_id)) is not None:
        raise Conflict(f"There is a rule {rule.rule_id!r} already; rules are ended, never changed")
    session.add(
        AttributionRuleRow(
            workspace_id=workspace_id, rule_id=rule.rule_id, kind=rule.kind, pattern=rule.pattern,
            story_key=rule.story_key, valid_from=rule.valid_from, valid_to=rule.valid_to,
            added_at=now, added_by=by,
        )
    )  # fmt: skip


def end_rule(session: Session, workspace_id: str, rule_id: str, at: datetime) -> None:
    """Let a rule hold for no call made from `at` on.

    Raises:
        NotFound: there is no such rule.
    """
    ended = session.scalar(
        update(AttributionRuleRow)
        .where(
            AttributionRuleRow.workspace_id == workspace_id, AttributionRuleRow.rule_id == rule_id
        )
        .values(valid_to=at)
        .returning(AttributionRuleRow.rule_id)
    )
    if ended is None:
        raise NotFound(f"There is no attribution rule {rule_id!r}")


def rules(session: Session, workspace_id: str) -> list[AttributionRule]:
    """Return the workspace's rules, ended ones included, by id."""
    rows = session.scalars(
        select(AttributionRuleRow)
        .where(AttributionRuleRow.workspace_id == workspace_id)
        .order_by(AttributionRuleRow.rule_id)
    )
    return [
        AttributionRule(
            row.kind,  # type: ignore[arg-type]  # Written only from a rule, which has the literal.
            row.pattern, row.story_key, row.valid_from, row.valid_to, row.rule_id,
        )
        for row in rows
    ]  # fmt: skip
