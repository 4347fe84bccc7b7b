"""/v1/caps: read, set and raise what may be spent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from flask import Blueprint, Response, jsonify

from integration.caps.policy import (
    DEFAULT_THRESHOLDS,
    Balance,
    Cap,
    FailurePolicy,
    Mode,
    ScopeKind,
    Unit,
)
from integration.caps.queries import balances
from integration.foundation.errors import NotFound
from integration.journeys.set_cap import raise_cap, remove_cap, set_cap
from integration.web.access import caller, needs
from integration.web.amounts import amount_of_text, amount_text
from integration.web.bodies import sent_json
from integration.web.service import service

caps = Blueprint("caps", __name__)


class SentScope(msgspec.Struct, forbid_unknown_fields=True):
    """What a cap covers, such as `{"kind": "sprint", "value": "42"}`."""

    kind: ScopeKind
    value: str


class SentCap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A cap as a client writes it; `limit` is a Decimal string in `unit`."""

    id: str
    scope: SentScope
    unit: Unit
    limit: str
    mode: Mode = "block"
    sprint_id: int | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    failure_policy: FailurePolicy = "fail_closed"
    max_tokens_per_request: int | None = None
    approved_models: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()


class SentRaise(msgspec.Struct, forbid_unknown_fields=True):
    """A new, higher limit in the cap's unit, and why."""

    limit: str
    reason: str


@caps.get("/v1/caps")
@needs("read")
def get_caps() -> Response:
    """List the caps in force with what is spent, held and available under each."""
    with service().transactions.begin() as session:
        found = balances(session, caller().workspace_id)
    return jsonify(caps=[described(balance) for balance in found.values()])


@caps.get("/v1/caps/<cap_id>")
@needs("read")
def get_cap(cap_id: str) -> Response:
    """Show one cap as it stands."""
    return jsonify(described(_standing(cap_id)))


@caps.post("/v1/caps")
@needs("admin")
def post_cap() -> tuple[Response, int]:
    """Set a cap; the same id again replaces its settings."""
    sent = sent_json(SentCap)
    here = service()
    cap = Cap(
        workspace_id=caller().workspace_id,
        cap_id=sent.id,
        scope_kind=sent.scope.kind,
        scope_value=sent.scope.value,
        unit=sent.unit,
        limit=amount_of_text(sent.unit, sent.limit, "/limit"),
        mode=sent.mode,
        sprint_id=sent.sprint_id,
        period_start=sent.period_start,
        period_end=sent.period_end,
        thresholds=sent.thresholds,
        failure_policy=sent.failure_policy,
        max_tokens_per_request=sent.max_tokens_per_request,
        approved_models=sent.approved_models,
        approvers=sent.approvers,
    )
    actor = f"key:{caller().key_id}"
    balance = set_cap(here.transactions, cap, actor=actor, now=here.clock.now())
    return jsonify(described(balance)), 201


@caps.post("/v1/caps/<cap_id>/raise")
@needs("admin")
def post_raise(cap_id: str) -> Response:
    """Raise a cap with a reason that is kept in the audit log."""
    sent = sent_json(SentRaise)
    here = service()
    standing = _standing(cap_id).cap
    balance = raise_cap(
        here.transactions,
        caller().workspace_id,
        cap_id,
        amount_of_text(standing.unit, sent.limit, "/limit"),
        reason=sent.reason,
        actor=f"key:{caller().key_id}",
        actor_name=caller().name,
        now=here.clock.now(),
    )
    return jsonify(described(balance))


@caps.delete("/v1/caps/<cap_id>")
@needs("admin")
def delete_cap(cap_id: str) -> tuple[str, int]:
    """Take a cap out of force."""
    here = service()
    remove_cap(
        here.transactions, caller().workspace_id, cap_id, actor=f"key:{caller().key_id}",
        now=here.clock.now(),
    )  # fmt: skip
    return "", 204


def _standing(cap_id: str) -> Balance:
    with service().transactions.begin() as session:
        found = balances(session, caller().workspace_id, [cap_id])
    if cap_id not in found:
        raise NotFound(f"There is no cap {cap_id!r}")
    return found[cap_id]


def described(balance: Balance) -> dict[str, Any]:
    """A cap as JSON; amounts are Decimal strings in its unit."""
    cap = balance.cap
    amounts: dict[Literal["limit", "spent", "held", "available"], int] = {
        "limit": cap.limit,
        "spent": balance.spent,
        "held": balance.held,
        "available": balance.available,
    }
    return {
        "id": cap.cap_id,
        "scope": {"kind": cap.scope_kind, "value": cap.scope_value},
        "unit": cap.unit,
        "mode": cap.mode,
        "sprint_id": cap.sprint_id,
        "period_start": cap.period_start and cap.period_start.isoformat(),
        "period_end": cap.period_end and cap.period_end.isoformat(),
        "thresholds": list(cap.thresholds),
        "failure_policy": cap.failure_policy,
        "max_tokens_per_request": cap.max_tokens_per_request,
        "approved_models": list(cap.approved_models),
        "approvers": list(cap.approvers),
        **{name: amount_text(cap.unit, amount) for name, amount in amounts.items()},
    }
