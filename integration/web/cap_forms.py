"""A cap as people write it in a form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

from integration.caps.policy import Cap, CarryOver, FailurePolicy, Mode, ScopeKind, Unit
from integration.people.role import plain_email

if TYPE_CHECKING:
    from integration.web.sent_fields import SentFields
    from integration.workspaces.workspace import Workspace

PAGE_ACTOR, SLACK_ACTOR = "page:", "slack:"


def new_cap(workspace: Workspace, sent: SentFields) -> Cap:
    """Read the form that sets a cap.

    Raises:
        InvalidInput: with every field that cannot be read.
    """
    kind, unit = sent.choice("scope", get_args(ScopeKind)), sent.choice("unit", get_args(Unit))
    value = workspace.workspace_id if kind == "workspace" else sent.text(f"scope_{kind}")
    cap = Cap(
        workspace.workspace_id, sent.text("id"), kind, value, unit, sent.amount("limit", unit),
        sprint_id=None if kind == "sprint" else sent.whole("sprint_id"),
        period_start=_midnight(sent.day("first_day"), workspace.time_zone),
        period_end=_midnight(sent.day("last_day"), workspace.time_zone, days_on=1),
    )  # fmt: skip
    return _acting(cap, sent)


def changed_cap(standing: Cap, sent: SentFields) -> Cap:
    """Read the form that changes a cap. It can lower the limit; a raise has its own form.

    Raises:
        InvalidInput: with every field that cannot be read.
    """
    limit = sent.amount("limit", standing.unit)
    if limit > standing.set_limit:
        sent.fault("limit", "to raise the cap use the form for it, with a reason")
    return _acting(replace(standing, limit=limit), sent)


def approver_text(actor: str) -> str:
    """An approver as people write one: an e-mail address, or an id in Slack.

    >>> approver_text("page:ada@example.com"), approver_text("slack:U0PO")
    ('ada@example.com', 'U0PO')
    """
    return actor.removeprefix(PAGE_ACTOR).removeprefix(SLACK_ACTOR)


def _acting(cap: Cap, sent: SentFields) -> Cap:
    """The cap with how it acts, as both forms have it."""
    found = replace(
        cap,
        mode=sent.choice("mode", get_args(Mode)),
        failure_policy=sent.choice("failure_policy", get_args(FailurePolicy)),
        thresholds=tuple(sorted(sent.wholes("thresholds"))),
        max_tokens_per_request=sent.whole("max_tokens_per_request"),
        approved_models=tuple(sent.listed("approved_models")),
        approvers=tuple(_actor(each) for each in sent.listed("approvers")),
        separate_approver=bool(sent.text("separate_approver")),
        carry_over=sent.choice("carry_over", get_args(CarryOver))
        if sent.text("carry_over")
        else cap.carry_over,
        reserve_pct=sent.whole("reserve_pct") or 0,
    )
    sent.check()
    return found


def _actor(written: str) -> str:
    address = plain_email(written)
    return f"{PAGE_ACTOR}{address}" if address else f"{SLACK_ACTOR}{written}"


def _midnight(day: date | None, zone: str, days_on: int = 0) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days_on), time(), ZoneInfo(zone))
