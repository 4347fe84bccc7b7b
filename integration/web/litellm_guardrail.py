"""LiteLLM's generic guardrail: it asks before each call, and needs no code in the gateway.

It sends the prompt along. Of that only the length is looked at; the text never becomes an object
here, and is neither kept nor logged. LiteLLM sends no token counts, no `max_tokens` and the
gateway's own name of the model; what they are may stand in the guardrail's configuration, under
`additional_provider_specific_params`. What the call used comes with the `generic_api` callback,
under the same `litellm_call_id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import msgspec
from flask import Blueprint, Response, jsonify
from msgspec.structs import replace

from integration.caps.policy import Granted
from integration.caps.request import AuthorizationRequest, is_plain
from integration.foundation.errors import Conflict, InvalidInput
from integration.sources.json_bodies import as_mapping
from integration.sources.labels import clean_tags, labels
from integration.sources.litellm import user_named
from integration.sources.litellm_records import NULL, small
from integration.sources.values import label
from integration.web.access import needs
from integration.web.bodies import sent_json
from integration.web.decisions import decided, sentence

if TYPE_CHECKING:
    from integration.journeys.authorize_call import Answer

litellm_guardrail = Blueprint("litellm_guardrail", __name__)

HOLD_S = 900
"""Longer than LiteLLM's longest call by default, and than its callback waits to be sent."""
UNKNOWN_MAXIMUM = 131_072
"""Output tokens taken for a model whose maximum nobody states: as much as common ones make."""
IMAGE_TOKENS = 2_000
"""More than OpenAI, Anthropic and Google count for one image; in the text it is many bytes."""
HIDDEN = "[present]"
"""What LiteLLM writes in the place of a header that it does not pass on."""


class Settings(msgspec.Struct):
    """What the gateway's operator writes into the guardrail's configuration."""

    models: dict[str, str] = {}
    """The provider's name of a model by the gateway's."""
    provider_name: str = ""
    max_output_tokens: int | None = None
    region: str = ""
    team: str = ""
    feature: str = ""


class KeyOwner(msgspec.Struct):
    """Whose virtual key it was."""

    user_api_key_hash: str | None = None
    user_api_key_alias: str | None = None
    user_api_key_team_alias: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_user_id: str | None = None
    user_api_key_end_user_id: str | None = None


class SentGuardrailCall(msgspec.Struct):
    """What LiteLLM sends before a call, as far as it is read."""

    input_type: Literal["request", "response"] = "request"
    litellm_call_id: str | None = None
    model: str | None = None
    request_headers: dict[str, Any] | None = None
    request_data: KeyOwner | None = None
    additional_provider_specific_params: Settings | None = None
    texts: msgspec.Raw = NULL
    structured_messages: msgspec.Raw = NULL
    tools: msgspec.Raw = NULL
    images: msgspec.Raw = NULL


@litellm_guardrail.post("/beta/litellm_basic_guardrail_api")
@needs("authorize")
def post_guardrail() -> Response:
    """Hold a call's worst case, or block it with the reason."""
    sent = sent_json(SentGuardrailCall)
    if sent.input_type == "response":
        return jsonify(action="NONE")
    try:
        answer = _decided(_asked(sent))
    except (InvalidInput, Conflict) as refused:
        details = "; ".join(each.message for each in refused.errors)
        return _blocked(details or refused.message)
    if isinstance(answer.decision, Granted):
        return jsonify(action="NONE")
    return _blocked(sentence(answer))


def _blocked(reason: str) -> Response:
    return jsonify(action="BLOCKED", blocked_reason=reason)


def _decided(asked: AuthorizationRequest) -> Answer:
    """Decide; where nobody knows how much the model can write, take it for a great deal."""
    try:
        return decided(asked)
    except InvalidInput as refused:
        if [each.pointer for each in refused.errors] != ["/max_output_tokens"]:
            raise
    return decided(replace(asked, max_output_tokens=UNKNOWN_MAXIMUM))


def _asked(sent: SentGuardrailCall) -> AuthorizationRequest:
    settings = sent.additional_provider_specific_params or Settings()
    owner = sent.request_data or KeyOwner()
    headers = {
        name.lower(): value
        for name, value in (sent.request_headers or {}).items()
        if value != HIDDEN
    }
    tags = clean_tags(headers.get("x-litellm-tags"))
    spent = as_mapping(small(_raw(headers.get("x-litellm-spend-logs-metadata"))))
    found = labels(spent, headers, tags=tags)
    team = owner.user_api_key_team_alias or found.get("team") or owner.user_api_key_team_id
    model = label(sent.model)
    return AuthorizationRequest(
        authorization_id=label(sent.litellm_call_id) or uuid4().hex,
        model=label(settings.models.get(model, model)),
        input_tokens=most_tokens(sent),
        max_output_tokens=_stated(headers) or settings.max_output_tokens,
        provider_name=settings.provider_name,
        story_key=found.get("story_key", ""),
        team=label(team) or settings.team,
        feature=found.get("feature") or settings.feature,
        region=settings.region,
        ttl_seconds=HOLD_S,
        branch=_plain(found.get("branch")),
        key_alias=_plain(owner.user_api_key_alias) or _plain(owner.user_api_key_hash),
        user=_plain(user_named(owner.user_api_key_end_user_id, owner.user_api_key_user_id)),
        session=_plain(found.get("session")),
        environment=_plain(found.get("environment")),
        workload_class=_plain(found.get("workload_class")),
        tags=tuple(filter(_plain, tags)),
    )


def _plain(written: str | None) -> str:
    """A label that an authorization can carry; another one must not stop the call."""
    return written if written and is_plain(written) else ""


def most_tokens(sent: SentGuardrailCall) -> int:
    """Bound the input from above: a token is at least one byte of what was sent."""
    spoken = max(_bytes(sent.structured_messages), _bytes(sent.texts)) + _bytes(sent.tools)
    if not _bytes(sent.images):
        return spoken
    pictures = len(msgspec.json.decode(sent.images, type=list[msgspec.Raw]))
    return max(0, spoken - _bytes(sent.images)) + pictures * IMAGE_TOKENS


def _bytes(raw: msgspec.Raw) -> int:
    view = memoryview(raw)
    return 0 if view == memoryview(NULL) else view.nbytes


def _raw(text: object) -> msgspec.Raw:
    return msgspec.Raw(text.encode()) if isinstance(text, str) else NULL


def _stated(headers: dict[str, Any]) -> int | None:
    """The caller's own word on how much it will accept, from a header that LiteLLM passes on."""
    sent = str(headers.get("x-storymeter-max-output-tokens", ""))
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) <= 10 else None
