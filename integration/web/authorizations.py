"""POST /v1/authorizations, and its two ends: capture and void."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, jsonify

from integration.caps.policy import Granted
from integration.caps.request import AuthorizationRequest
from integration.foundation.errors import InvalidInput
from integration.journeys.call_scope import event_with, labels_of
from integration.journeys.end_holds import call_of, void_call
from integration.journeys.record_usage import record_usage
from integration.metering.usage import faults, pseudonym
from integration.web.access import caller, needs
from integration.web.bodies import sent_json
from integration.web.decisions import decided, described
from integration.web.service import service

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
    branch: str = ""
    key_alias: str = ""
    user: str = ""
    session: str = ""
    environment: str = ""
    workload_class: str = ""
    tags: tuple[str, ...] = ()


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
    values = msgspec.structs.asdict(sent) | {"user": pseudonym(sent.user)}
    answer = decided(AuthorizationRequest(authorization_id=values.pop("id"), **values))
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
    event = msgspec.structs.replace(
        event_with(labels_of(asked), now), provider_name=asked.provider_name,
        request_model=asked.model, response_model=sent.model, input_tokens=sent.input_tokens,
        output_tokens=sent.output_tokens, cache_read_input_tokens=sent.cache_read_input_tokens,
        cache_write_input_tokens=sent.cache_write_input_tokens,
        reasoning_output_tokens=sent.reasoning_output_tokens, service_tier=asked.service_tier,
        region=asked.region, response_id=sent.response_id, call_id=authorization_id,
        authorization_id=authorization_id,
    )  # fmt: skip
    if errors := faults(event, now):
        raise InvalidInput("The usage needs mending", errors=tuple(errors))
    (outcome,) = record_usage(here.across, workspace_id, [event], books, now=now)
    return jsonify(id=authorization_id, state="captured", usage=outcome)
