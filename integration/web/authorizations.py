"""POST /v1/authorizations and its ends, and GET /v1/authorize for proxies' sub-requests."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
from flask import Blueprint, Response, jsonify, request

from integration.caps.policy import Denied, Granted
from integration.caps.request import AuthorizationRequest
from integration.foundation.errors import FieldError, InvalidInput
from integration.foundation.wording import environment
from integration.journeys.end_holds import call_of, void_call
from integration.journeys.record_usage import record_usage
from integration.metering.usage import UsageEvent, faults
from integration.web.access import caller, needs
from integration.web.amounts import amount_text
from integration.web.bodies import sent_json
from integration.web.service import service

if TYPE_CHECKING:
    from integration.journeys.authorize_call import Answer

authorizations = Blueprint("authorizations", __name__)


class SentAuthorization(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a client sends. `id` is its own choice, so that a retry is the same request."""

    id: str
    model: str
    input_tokens: int
    max_output_tokens: int | None = None
    provider_name: str = ""
    story_key: str = ""
    team: str = ""
    feature: str = ""
    region: str = ""
    service_tier: str = "standard"
    ttl_seconds: int = 300


class SentCapture(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an authorized call really used; what is left out is as it was authorized."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    reasoning_output_tokens: int = 0
    model: str = ""
    response_id: str = ""


@authorizations.post("/v1/authorizations")
@needs("authorize")
def post_authorization() -> tuple[Response, int]:
    """Hold a call's worst case, or say which cap refuses it. A denial is a normal answer."""
    sent = sent_json(SentAuthorization)
    values = msgspec.structs.asdict(sent)
    answer = _authorize(AuthorizationRequest(authorization_id=values.pop("id"), **values))
    return jsonify(described(answer)), 201 if isinstance(answer.decision, Granted) else 200


@authorizations.post("/v1/authorizations/<authorization_id>/void")
@needs("authorize")
def post_void(authorization_id: str) -> Response:
    """Release the hold of a call that did not happen."""
    here = service()
    void_call(here.transactions, caller().workspace_id, authorization_id, now=here.clock.now())
    return jsonify(id=authorization_id, state="void")


@authorizations.post("/v1/authorizations/<authorization_id>/capture")
@needs("authorize")
def post_capture(authorization_id: str) -> Response:
    """Record what an authorized call used, for less or more than was held. Twice counts once."""
    sent = sent_json(SentCapture)
    here = service()
    workspace_id, now = caller().workspace_id, here.clock.now()
    asked = call_of(here.transactions, workspace_id, authorization_id)
    books = here.books.for_workspace(workspace_id)
    event = UsageEvent(
        source="authorization", occurred_at=now, provider_name=asked.provider_name,
        request_model=asked.model, response_model=sent.model, input_tokens=sent.input_tokens,
        output_tokens=sent.output_tokens, cache_read_input_tokens=sent.cache_read_input_tokens,
        cache_write_input_tokens=sent.cache_write_input_tokens,
        reasoning_output_tokens=sent.reasoning_output_tokens, service_tier=asked.service_tier,
        region=asked.region, response_id=sent.response_id, call_id=authorization_id,
        authorization_id=authorization_id, story_key=asked.story_key, team=asked.team,
        feature=asked.feature,
    )  # fmt: skip
    if errors := faults(event, now):
        raise InvalidInput("The usage needs mending", errors=tuple(errors))
    (outcome,) = record_usage(here.transactions, workspace_id, [event], books, now=now)
    return jsonify(id=authorization_id, state="captured", usage=outcome)


@authorizations.get("/v1/authorize")
@needs("authorize")
def get_authorize() -> tuple[Response, int]:
    """Decide for a proxy that only speaks sub-requests: headers in, 200 or 403 out."""
    headers = request.headers
    asked = AuthorizationRequest(
        authorization_id=headers.get("X-StoryMeter-Authorization-Id", "") or uuid4().hex,
        model=headers.get("X-StoryMeter-Model", ""),
        provider_name=headers.get("X-StoryMeter-Provider", ""),
        input_tokens=_header_count("X-StoryMeter-Input-Tokens") or 0,
        max_output_tokens=_header_count("X-StoryMeter-Max-Output-Tokens"),
        story_key=headers.get("X-StoryMeter-Story", ""),
        team=headers.get("X-StoryMeter-Team", ""),
        feature=headers.get("X-StoryMeter-Feature", ""),
    )
    answer = _authorize(asked)
    body = described(answer)
    if isinstance(answer.decision, Denied):
        return jsonify(body), 403
    response = jsonify(body)
    response.headers["X-StoryMeter-Authorization-Id"] = answer.authorization_id
    return response, 200


def _header_count(name: str) -> int | None:
    sent = request.headers.get(name, "").strip()
    if not sent:
        return None
    if not (sent.isascii() and sent.isdecimal() and len(sent) <= 10):
        message = f"{name} must be a whole number"
        raise InvalidInput(message, errors=(FieldError(f"/{name}", "invalid", message),))
    return int(sent)


def _authorize(asked: AuthorizationRequest) -> Answer:
    return service().authorizer.authorize(caller().workspace_id, asked)


def described(answer: Answer) -> dict[str, Any]:
    """The decision as JSON: Decimal strings in the cap's unit, and a sentence for the person."""
    body: dict[str, Any] = {
        "id": answer.authorization_id,
        "decision": "granted" if isinstance(answer.decision, Granted) else "denied",
        "state": answer.state,
        "worst_case": {
            "usd": amount_text("usd", answer.amounts.nanousd),
            "tokens": answer.amounts.tokens,
            "kgco2e": amount_text("kgco2e", answer.amounts.ugco2e),
        },
        "assumptions": list(answer.assumptions),
        "expires_at": answer.expires_at.isoformat(),
    }
    match answer.decision:
        case Granted(holds=holds, warnings=warnings):
            body |= {"caps": sorted(holds), "warnings": list(warnings)}
        case Denied() as denied:
            unit = denied.unit
            body["cap"] = {
                "id": denied.cap_id,
                "reason": denied.reason,
                "unit": unit,
                "limit": amount_text(unit, denied.limit),
                "spent": amount_text(unit, denied.spent),
                "held": amount_text(unit, denied.held),
                "requested": amount_text(unit, denied.requested),
            }
            body["message"] = (
                environment("api").get_template("denial.txt.j2").render(denied=asdict(denied))
            ).strip()
            body["alternative"] = {"model": answer.alternative} if answer.alternative else None
    return body
