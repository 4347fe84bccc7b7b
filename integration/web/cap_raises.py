"""Raises of caps over the API: asked for, agreed to, declined."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast, get_args

import msgspec
from flask import Blueprint, Response, jsonify, request

from integration.caps.amounts import amount_of_text, amount_text
from integration.caps.queries import balances
from integration.caps.raising import store as raising
from integration.caps.raising.terms import State, Terms
from integration.caps.written import described
from integration.foundation.errors import FieldError, InvalidInput
from integration.journeys.raise_cap import Who, decide_raise, raise_cap
from integration.web.access import caller, needs
from integration.web.bodies import sent_json
from integration.web.caps import standing
from integration.web.service import service

if TYPE_CHECKING:
    from integration.caps.policy import Unit
    from integration.caps.raising.terms import RaiseRequest
    from integration.journeys.raise_cap import RaiseOutcome

cap_raises = Blueprint("cap_raises", __name__)


class SentRaise(msgspec.Struct, forbid_unknown_fields=True):
    """A new, higher limit in the cap's unit, why, and until when; without `until` for good.

    `id` is the client's own choice, so that a retry is the same request.
    """

    limit: str
    reason: str
    until: datetime | None = None
    id: str = ""


class SentDecision(msgspec.Struct, forbid_unknown_fields=True):
    """Why a request is agreed to or declined."""

    reason: str = ""


@cap_raises.post("/v1/caps/<cap_id>/raise")
@needs("admin")
def post_raise(cap_id: str) -> tuple[Response, int]:
    """Raise a cap with a reason that is kept: 200 when it is raised, 202 when others must agree."""
    sent = sent_json(SentRaise)
    here = service()
    unit = standing(cap_id).cap.unit
    outcome = raise_cap(
        here.transactions, caller().workspace_id, cap_id,
        Terms(amount_of_text(unit, sent.limit, "/limit"), sent.reason, sent.until),
        who=_caller(), now=here.clock.now(), request_id=sent.id,
    )  # fmt: skip
    return _told(outcome), 202 if outcome.request.state == "waiting" else 200


@cap_raises.get("/v1/cap-raise-requests")
@needs("read")
def get_raise_requests() -> Response:
    """List requests, newest first: those that wait, or those in the `state` that is asked for."""
    state = request.args.get("state", "waiting")
    if state not in get_args(State):
        message = f"state is one of {', '.join(get_args(State))}"
        raise InvalidInput(message, errors=(FieldError("/state", "invalid", message),))
    workspace_id = caller().workspace_id
    with service().transactions.begin() as session:
        found = raising.requests(session, workspace_id, (cast("State", state),))
        units = {name: each.cap.unit for name, each in balances(session, workspace_id).items()}
    return jsonify(
        requests=[told(each, units[each.cap_id]) for each in found if each.cap_id in units]
    )


@cap_raises.post("/v1/cap-raise-requests/<request_id>/grant")
@needs("admin")
def post_grant(request_id: str) -> Response:
    """Agree to a request; the cap is raised."""
    return _decide(request_id, is_granted=True)


@cap_raises.post("/v1/cap-raise-requests/<request_id>/decline")
@needs("admin")
def post_decline(request_id: str) -> Response:
    """Decline a request, or withdraw one's own."""
    return _decide(request_id, is_granted=False)


def _decide(request_id: str, *, is_granted: bool) -> Response:
    sent = sent_json(SentDecision)
    here = service()
    outcome = decide_raise(
        here.transactions, caller().workspace_id, request_id, is_granted=is_granted,
        who=_caller(), now=here.clock.now(), reason=sent.reason,
    )  # fmt: skip
    return _told(outcome)


def _caller() -> Who:
    return Who(f"key:{caller().key_id}", f"API key {caller().name}")


def _told(outcome: RaiseOutcome) -> Response:
    unit = outcome.balance.cap.unit
    return jsonify(described(outcome.balance) | {"request": told(outcome.request, unit)})


def told(asked: RaiseRequest, unit: Unit) -> dict[str, Any]:
    """A request as JSON; amounts are Decimal strings in the cap's unit."""
    at = asked.decided_at
    return {
        "id": asked.request_id,
        "cap_id": asked.cap_id,
        "state": asked.state,
        "limit_before": amount_text(unit, asked.limit_before),
        "limit": amount_text(unit, asked.terms.limit),
        "until": asked.terms.until and asked.terms.until.isoformat(),
        "reason": asked.terms.reason,
        "asked_by": asked.asked_by,
        "asked_at": asked.asked_at.isoformat(),
        "decided_by": asked.decided_by,
        "decided_at": at and at.isoformat(),
        "decided_reason": asked.decided_reason,
    }
