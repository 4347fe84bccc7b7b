"""LiteLLM: batches of the `generic_api` callback, and the records of a custom callback.

Bodies are an array, one object, or objects on lines, all as `application/json`. A cache hit keeps
its tokens but costs nothing; its id is that of the call it saved plus `_cache_hit<time>`. Failed
and blocked calls are told apart by who refused them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from integration.metering.usage import Outcome, UsageEvent, pseudonym
from integration.sources.batch import Batch, Collector, Unreadable
from integration.sources.json_bodies import (
    DECODE_ERRORS,
    as_mapping,
    decode_items,
    each_item,
)
from integration.sources.labels import clean_tags, labels
from integration.sources.litellm_records import (
    NULL,
    Metadata,
    Record,
    RequesterMetadata,
    ResponseHead,
    Usage,
    small,
)
from integration.sources.response_ids import identifier, response_id
from integration.sources.service_tiers import service_tier
from integration.sources.token_counts import TokenCounts
from integration.sources.values import cost_usd, count, instant, label, text

if TYPE_CHECKING:
    from datetime import datetime

_RECORDS = msgspec.json.Decoder(list[Record])
_RECORD = msgspec.json.Decoder(Record)
_HEAD = msgspec.json.Decoder(ResponseHead)
_CACHE_HIT = re.compile(r"_cache_hit[0-9.]*$")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_VERSION = re.compile(r"(?:[-@:.]|v?[0-9])*")  # What a dated version adds to its model's name.
_NOBODY = frozenset({"default_user_id", "anonymous"})  # What LiteLLM writes for the master key.
_REFUSALS = frozenset({
    "GuardrailRaisedException", "BudgetExceededError", "HTTPException", "ProxyException",
    "GuardrailInterventionNormalStringError", "ModifyResponseException", "BlockedPiiEntityError",
})  # fmt: skip
_OPERATIONS = {"embedding": "embeddings", "text_completion": "text_completion"}


def read(body: bytes, *, now: datetime) -> Batch:
    """Read a batch of records. Raises InvalidInput when the body holds no records at all."""
    collector = Collector(now)
    records = decode_items(body, _RECORDS.decode) if body.lstrip()[:1] == b"[" else None
    if records is not None:
        for index, record in enumerate(records):
            _take(index, record, collector)
        return collector.batch()
    for index, record in each_item(body, "", _RECORD.decode, collector):
        _take(index, record, collector)
    return collector.batch()


def _take(index: int, record: Record, collector: Collector) -> None:
    try:
        collector.take(index, _event(record))
    except Unreadable as problem:
        collector.reject(index, record.id, problem.error)


def _event(record: Record) -> UsageEvent:
    metadata = record.metadata or Metadata()
    call_id = identifier(record.litellm_call_id, "/litellm_call_id")
    answer_id = response_id(_CACHE_HIT.sub("", record.id), "/id")
    outcome = _outcome(record)
    counts = _counts(record, metadata.usage_object or Usage())
    tags = clean_tags(small(record.request_tags))
    found = _labels(metadata, tags)
    head = _response_head(record.response)
    request_model = _model(record)
    trace_id = record.trace_id or ""
    return UsageEvent(
        source="litellm",
        occurred_at=instant(record.startTime or record.endTime, "/startTime"),
        provider_name=text(record.custom_llm_provider, "/custom_llm_provider"),
        request_model=request_model,
        response_model=_dated(head.model, request_model),
        operation_name=_operation(record.call_type),
        outcome=outcome,
        input_tokens=counts.input,
        cache_read_input_tokens=counts.cache_read,
        cache_write_input_tokens=counts.cache_write,
        cache_write_1h_input_tokens=counts.cache_write_1h,
        output_tokens=counts.output,
        reasoning_output_tokens=counts.reasoning,
        service_tier=_tier(record, head),
        response_id="" if answer_id == call_id else answer_id,
        call_id=call_id,
        event_id=identifier(record.id, "/id"),
        trace_id=trace_id if _TRACE_ID.fullmatch(trace_id) else "",
        authorization_id=found.get("authorization_id", ""),
        story_key=found.get("story_key", ""),
        branch=found.get("branch", ""),
        key_alias=label(metadata.user_api_key_alias) or label(metadata.user_api_key_hash),
        team=_team(metadata) or found.get("team", ""),
        feature=found.get("feature", ""),
        user=user_named(
            record.end_user, metadata.user_api_key_end_user_id, metadata.user_api_key_user_id
        ),
        session=label(record.session_id) or found.get("session", ""),
        environment=found.get("environment", ""),
        prompt_version=found.get("prompt_version", ""),
        workload_class=found.get("workload_class", ""),
        tags=tags,
        source_cost_usd=cost_usd(record.response_cost),
    )


def _outcome(record: Record) -> Outcome:
    if record.status == "failure":
        return "blocked" if _refused(record) else "failed"
    if record.cache_hit or _CACHE_HIT.search(record.id):
        return "cache_hit"
    return "completed"


def _refused(record: Record) -> bool:
    """Whether the gateway refused the call, rather than the provider failing it."""
    if record.status_fields and record.status_fields.guardrail_status == "guardrail_intervened":
        return True
    error = record.error_information
    if error is None:
        return False
    return bool(error.error_budget_entity_type) or (
        error.error_class in _REFUSALS and not error.llm_provider
    )


def _counts(record: Record, usage: Usage) -> TokenCounts:
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    read_now = usage.cache_read_input_tokens
    written = usage.cache_creation_input_tokens
    details: dict[str, Any] = {}
    if prompt:
        read_now = prompt.cached_tokens if prompt.cached_tokens is not None else read_now
        written = prompt.cache_creation_tokens or written
        details = prompt.cache_creation_token_details or details
    at = "/metadata/usage_object"
    return TokenCounts(
        input=count(record.prompt_tokens, "/prompt_tokens"),
        cache_read=count(read_now, f"{at}/cached_tokens"),
        cache_write=count(written, f"{at}/cache_creation_tokens"),
        cache_write_1h=count(details.get("ephemeral_1h_input_tokens"), f"{at}/ephemeral_1h"),
        output=count(record.completion_tokens, "/completion_tokens"),
        reasoning=count(completion and completion.reasoning_tokens, f"{at}/reasoning_tokens"),
    )


def _labels(metadata: Metadata, tags: tuple[str, ...]) -> dict[str, str]:
    """What the call itself says, tags included, and only then what its key or team says."""
    headers = as_mapping(small(metadata.requester_custom_headers))
    of_call = labels(
        as_mapping(small(metadata.spend_logs_metadata)),
        _sent(metadata.requester_metadata),
        headers,
        tags=tags or clean_tags(headers.get("x-litellm-tags")),
    )
    return labels(as_mapping(small(metadata.user_api_key_auth_metadata))) | of_call


def _sent(metadata: RequesterMetadata | None) -> dict[str, object]:
    if metadata is None:
        return {}
    fields = msgspec.structs.asdict(metadata)
    return {name: small(raw) for name, raw in fields.items() if raw is not NULL}


def _model(record: Record) -> str:
    """Return the model behind the gateway's own name for it, without the provider's prefix."""
    model = text(record.model, "/model") or text(record.model_group, "/model_group")
    provider = record.custom_llm_provider
    return model.removeprefix(f"{provider}/") if provider else model


def _dated(answered: str | None, asked: str) -> str:
    """Return the answering model where it is a version of the one asked; gateways put an alias.

    An alias may begin like its model: `gpt-4o-team`, which no price is known of.
    """
    name = label(answered)
    is_version = name.startswith(asked) and _VERSION.fullmatch(name, len(asked))
    return name if asked and is_version else ""


def _response_head(raw: msgspec.Raw) -> ResponseHead:
    try:
        return _HEAD.decode(raw)
    except DECODE_ERRORS:  # Redacted, or an answer that is no object, such as speech.
        return ResponseHead()


def _operation(call_type: str | None) -> str:
    name = (call_type or "").removeprefix("a")
    return _OPERATIONS.get(name, "chat")


def _tier(record: Record, head: ResponseHead) -> str:
    priced = record.cost_breakdown.service_tier if record.cost_breakdown else None
    return service_tier(priced or head.service_tier)


def _team(metadata: Metadata) -> str:
    names = (metadata.user_api_key_team_alias, metadata.team_alias, metadata.user_api_key_team_id)
    return next((label(name) for name in names if name), "")


def user_named(*names: str | None) -> str:
    """Return the first name that stands for somebody, as a pseudonym."""
    return next((pseudonym(label(name)) for name in names if name and name not in _NOBODY), "")
