"""/v1/retraining-checks: is a proposed retraining worth its cost and carbon?"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
from flask import Blueprint, Response, jsonify

from integration.caps.amounts import amount_of_text, amount_text
from integration.estimation import store as estimates
from integration.estimation.retraining import (
    ProposedRetraining,
    RetrainingCheck,
    RetrainingReference,
)
from integration.journeys.check_retraining import check_retraining, record_result
from integration.web.access import caller, needs
from integration.web.bodies import sent_json
from integration.web.service import service

retraining = Blueprint("retraining", __name__)


class SentReference(msgspec.Struct, forbid_unknown_fields=True):
    """What one usual retraining brings (share of the error taken off, 0 to 1), costs and emits."""

    improvement: float
    list_cost_usd: str
    location_based_kgco2e: str


class SentCheck(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A proposal. Errors are in any one unit; `id` is the client's, so that a retry asks once."""

    id: str = ""
    subject: str = ""
    incumbent_error: float
    candidate_error: float
    list_cost_usd: str
    location_based_kgco2e: str
    reference: SentReference | None = None


class SentResult(msgspec.Struct, forbid_unknown_fields=True):
    """The error that the retrained model really has, in the unit of the check."""

    realised_error: float


@retraining.get("/v1/retraining-checks")
@needs("read")
def get_checks() -> Response:
    """List the checks, oldest first."""
    with service().transactions.begin() as session:
        found = estimates.checks(session, caller().workspace_id)
    return jsonify(checks=[described(check) for check in found])


@retraining.post("/v1/retraining-checks")
@needs("authorize")
def post_check() -> tuple[Response, int]:
    """Decide go or no-go and keep the decision. No-go is an answer, not an error."""
    sent = sent_json(SentCheck)
    here = service()
    check = check_retraining(
        here.transactions, caller().workspace_id, sent.id or str(uuid4()),
        ProposedRetraining(
            sent.incumbent_error, sent.candidate_error,
            amount_of_text("usd", sent.list_cost_usd, "/list_cost_usd"),
            amount_of_text("kgco2e", sent.location_based_kgco2e, "/location_based_kgco2e"),
        ),
        _reference(sent.reference) if sent.reference else None,
        subject=sent.subject, actor=f"key:{caller().key_id}", now=here.clock.now(),
    )  # fmt: skip
    return jsonify(described(check)), 201


@retraining.post("/v1/retraining-checks/<check_id>/result")
@needs("authorize")
def post_result(check_id: str) -> tuple[Response, int]:
    """Tell what came of a retraining; the threshold tunes itself to results."""
    sent = sent_json(SentResult)
    here = service()
    result = record_result(
        here.transactions, caller().workspace_id, check_id, sent.realised_error,
        now=here.clock.now(),
    )  # fmt: skip
    return jsonify(
        id=check_id,
        realised_benefit=round(result.realised_benefit, 4),
        threshold=round(result.threshold_after, 4),
    ), 201


def described(check: RetrainingCheck) -> dict[str, Any]:
    """A check as JSON; benefit and cost are multiples of the reference retraining's."""
    decision, proposed = check.decision, check.proposed
    return {
        "id": check.check_id,
        "checked_at": check.checked_at.isoformat(),
        "subject": check.subject,
        "decision": "go" if decision.go else "no_go",
        "reason": decision.reason,
        "efficiency": round(decision.efficiency, 4),
        "threshold": round(decision.threshold, 4),
        "benefit": round(decision.benefit, 4),
        "cost": round(decision.cost, 4),
        "incumbent_error": proposed.incumbent_error,
        "candidate_error": proposed.candidate_error,
        "list_cost_usd": amount_text("usd", proposed.list_cost_nanousd),
        "location_based_kgco2e": amount_text("kgco2e", proposed.ugco2e),
        "reference": {
            "improvement": check.reference.improvement,
            "list_cost_usd": amount_text("usd", check.reference.list_cost_nanousd),
            "location_based_kgco2e": amount_text("kgco2e", check.reference.ugco2e),
        },
    }


def _reference(sent: SentReference) -> RetrainingReference:
    cost, mass = "/reference/list_cost_usd", "/reference/location_based_kgco2e"
    return RetrainingReference(
        sent.improvement,
        amount_of_text("usd", sent.list_cost_usd, cost),
        amount_of_text("kgco2e", sent.location_based_kgco2e, mass),
    )
