"""A cap as people and clients write it, in JSON, in Jira, or on a command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from integration.caps.amounts import amount_of_text, amount_text
from integration.caps.policy import (
    DEFAULT_THRESHOLDS,
    Balance,
    Cap,
    CarryOver,
    FailurePolicy,
    Mode,
    ScopeKind,
    Unit,
)


class WrittenScope(msgspec.Struct, forbid_unknown_fields=True):
    """What a cap covers, such as `{"kind": "sprint", "value": "42"}`."""

    kind: ScopeKind
    value: str


class WrittenCap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A cap's settings; `limit` is a Decimal string in `unit`. Without an id it is named."""

    scope: WrittenScope
    limit: str
    id: str = ""
    unit: Unit = "usd"
    mode: Mode = "block"
    sprint_id: int | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    failure_policy: FailurePolicy = "fail_closed"
    max_tokens_per_request: int | None = None
    approved_models: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    separate_approver: bool = False
    carry_over: CarryOver = "none"
    reserve_pct: int = 0
    reason: str = ""
    """Why it is set so; kept in the audit log."""


SETTINGS = (
    "unit", "mode", "sprint_id", "period_start", "period_end", "thresholds", "failure_policy",
    "max_tokens_per_request", "approved_models", "approvers", "separate_approver", "carry_over",
    "reserve_pct",
)  # fmt: skip
"""Fields that a written cap and a kept one have in common."""


def cap_of(written: WrittenCap, workspace_id: str) -> Cap:
    """The cap that was written.

    Raises:
        InvalidInput: the limit is no amount.
    """
    cap = Cap(
        workspace_id, written.id, written.scope.kind, written.scope.value, written.unit,
        amount_of_text(written.unit, written.limit, "/limit"),
    )  # fmt: skip
    cap = replace(cap, **{name: getattr(written, name) for name in SETTINGS})
    return replace(cap, cap_id=written.id or name_of(cap))


def name_of(cap: Cap) -> str:
    """The id of a cap that was given none: what it covers, where, and the unit unless dollars.

    >>> sprint = Cap("acme", "", "sprint", "14", "usd", 1)
    >>> name_of(sprint), name_of(replace(sprint, unit="tokens"))
    ('sprint-14', 'sprint-14-tokens')
    >>> name_of(replace(sprint, scope_kind="product_owner", scope_value="robin", sprint_id=14))
    'product_owner-robin-sprint-14'
    """
    parts = [cap.scope_kind, cap.scope_value]
    if cap.scope_kind == "workspace":
        parts = ["workspace"]
    if cap.sprint_id is not None and cap.scope_kind != "sprint":
        parts += ["sprint", str(cap.sprint_id)]
    if cap.period_start is not None:
        parts.append(f"from-{cap.period_start.date().isoformat()}")
    if cap.unit != "usd":
        parts.append(cap.unit)
    return "-".join(parts)


def settings_of(cap: Cap) -> dict[str, Any]:
    """A cap's settings as JSON can carry them, for answers and for the audit log."""
    return {
        "scope": {"kind": cap.scope_kind, "value": cap.scope_value},
        "limit": amount_text(cap.unit, cap.set_limit),
        **{name: _plain(getattr(cap, name)) for name in SETTINGS},
    }


def described(balance: Balance) -> dict[str, Any]:
    """A cap as it stands, as JSON; amounts are Decimal strings in its unit.

    `limit` is what counts now; `set_limit` is the part that was set for good.
    """
    cap = balance.cap
    settings = settings_of(cap)
    return {
        "id": cap.cap_id,
        **settings,
        "set_limit": settings["limit"],
        "limit": amount_text(cap.unit, cap.limit),
        "carried_over": amount_text(cap.unit, cap.carried_over),
        "raised_until": _plain(cap.raised_until),
        "limit_after": amount_text(cap.unit, cap.limit_after),
        "spent": amount_text(cap.unit, balance.spent),
        "held": amount_text(cap.unit, balance.held),
        "available": amount_text(cap.unit, balance.available),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
