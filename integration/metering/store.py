"""Reads and writes of the metering room. Callers own the transaction."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from integration.foundation.errors import Conflict, NotFound
from integration.foundation.round_trip import Statement
from integration.metering.attribution import AttributionRule
from integration.metering.models import AttributionRuleRow, CheckTotalRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from integration.metering.check_total import CheckTotal


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


def rules_mark(workspace_id: str) -> Statement[object]:
    """Tell something that differs once a rule of the workspace was added or ended.

    Each such change leaves a row written by a later transaction, so that the sum grows.
    """
    return Statement(
        "SELECT count(*), sum(xmin::text::bigint) FROM attribution_rule "
        "WHERE workspace_id = %(workspace_id)s",
        {"workspace_id": workspace_id},
        lambda rows: rows[0],
    )


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


def keep_totals(session: Session, workspace_id: str, totals: Iterable[CheckTotal]) -> None:
    """Keep the latest value of each series on its UTC day; the same once more changes nothing."""
    latest: dict[tuple[str, date], dict[str, object]] = {}
    for total in sorted(totals, key=lambda each: each.at):
        day = total.at.astimezone(UTC).date()
        latest[total.series, day] = {
            "workspace_id": workspace_id, "series": UUID(total.series), "day": day,
            "at": total.at, "source": total.source, "metric": total.metric, "unit": total.unit,
            "token_type": total.token_type, "model": total.model, "story_key": total.story_key,
            "cumulative": total.cumulative, "amount": total.amount,
        }  # fmt: skip
    if not latest:
        return
    ordered = [latest[key] for key in sorted(latest)]
    sent = insert(CheckTotalRow)
    session.execute(
        sent.on_conflict_do_update(
            index_elements=["workspace_id", "series", "day"],
            set_={"amount": sent.excluded.amount, "at": sent.excluded.at},
            where=CheckTotalRow.at < sent.excluded.at,
        ),
        ordered,
    )


def forget_totals(session: Session, before: date) -> None:
    """Forget what metrics told of days before this one, in every workspace."""
    session.execute(delete(CheckTotalRow).where(CheckTotalRow.day < before))
