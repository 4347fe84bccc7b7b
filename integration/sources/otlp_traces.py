"""OTLP traces: the spans of model calls become events; every other span is ignored.

Read are spans of the OpenTelemetry GenAI conventions (old and new names), OpenLLMetry,
OpenInference, Logfire, openai-v2 and LiteLLM. Spans which sum up other spans (agents, chains,
workflows, tools) are ignored, and so are those of coding agents, whose log events are the meter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from integration.metering.usage import UsageEvent, pseudonym
from integration.sources import otlp_json, otlp_protobuf
from integration.sources.batch import MAX_ITEMS, Batch, Collector, Unreadable, too_many
from integration.sources.coding_agents import is_coding_agent
from integration.sources.json_bodies import DECODE_ERRORS, as_mapping
from integration.sources.labels import clean_tags, labels
from integration.sources.otlp_attributes import (
    COST,
    OPERATION,
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    TIER,
    Attributes,
    first_text,
)
from integration.sources.otlp_litellm import litellm_counts, litellm_fields
from integration.sources.otlp_records import JSON, PROTOBUF, Record
from integration.sources.otlp_tokens import token_counts
from integration.sources.provider_names import provider_of
from integration.sources.response_ids import identifier, response_id
from integration.sources.service_tiers import service_tier
from integration.sources.token_counts import TokenCounts
from integration.sources.values import cost_usd, instant_of_nanoseconds, label, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

# Operations whose usage is the sum of the calls inside them, or none.
_SUMS = frozenset({
    "invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "tool_call", "agent_call",
    "retrieval", "plan", "workflow", "task", "agent", "tool",
})  # fmt: skip
_CALLS = frozenset({"LLM", "EMBEDDING", "RERANKER"})
_OPERATION_NAMES = {
    "completion": "chat", "responses": "chat", "embedding": "embeddings",
    "text_completion": "text_completion",
}  # fmt: skip
_SCOPES = (
    ("litellm", "otlp.litellm"),
    ("openinference.", "otlp.openinference"),
    ("logfire", "otlp.logfire"),
    ("pydantic-ai", "otlp.logfire"),
    ("opentelemetry.instrumentation.openai_v2", "otlp.openai_v2"),
    ("opentelemetry.instrumentation.", "otlp.openllmetry"),
    ("@traceloop/", "otlp.openllmetry"),
)
_ANSWER_ID = re.compile(r"[\w:.=+/-]{1,4096}")


def read(body: bytes, *, now: datetime, content_type: str = PROTOBUF) -> Batch:
    """Read an ExportTraceServiceRequest. Raises InvalidInput when the body is none."""
    collector = Collector(now, "/spans")
    spans = otlp_json.spans if content_type.startswith(JSON) else otlp_protobuf.spans
    collect(spans(body), collector, _event)
    return collector.batch()


def collect(
    records: Iterable[Record | Unreadable], collector: Collector,
    event: Callable[[Record], UsageEvent | None],
) -> None:  # fmt: skip
    """Take the calls among spans or log records; what is no call is ignored.

    Raises InvalidInput when there are more than are taken at once.
    """
    for index, record in enumerate(records):
        if index >= MAX_ITEMS:
            raise too_many()
        if isinstance(record, Unreadable):
            collector.reject(index, "", record.error)
            continue
        try:
            found = event(record)
        except Unreadable as problem:
            collector.reject(index, record.span_id, problem.error)
            continue
        if found is None:
            collector.ignored += 1
        else:
            collector.take(index, found)


def _event(span: Record) -> UsageEvent | None:
    if _sums_up(span) or is_coding_agent(span):
        return None
    counts = litellm_counts(span.attributes) or token_counts(span.attributes)
    if counts is None and span.failed and _names_a_call(span.attributes):
        counts = TokenCounts()
    return None if counts is None else event_of(span, counts, source_of(span.scope))


def _names_a_call(attributes: Attributes) -> bool:
    return bool(first_text(attributes, REQUEST_MODEL)) and bool(first_text(attributes, PROVIDER))


def _sums_up(span: Record) -> bool:
    attributes = span.attributes
    kind = attributes.get("openinference.span.kind")
    if isinstance(kind, str) and kind.upper() not in _CALLS:
        return True
    if attributes.get("traceloop.span.kind") in _SUMS:
        return True
    return attributes.get("gen_ai.operation.name") in _SUMS


def source_of(scope: str) -> str:
    """Name the instrumentation by its scope."""
    return next((name for prefix, name in _SCOPES if scope.startswith(prefix)), "otlp")


def event_of(span: Record, counts: TokenCounts, source: str) -> UsageEvent:
    """Build the event of one model call. Raises Unreadable when an id or the time is impossible."""
    attributes = span.attributes
    extra = litellm_fields(attributes) if source == "otlp.litellm" else {}
    request_model = extra.get("request_model") or text(
        first_text(attributes, REQUEST_MODEL), "/attributes/gen_ai.request.model"
    )
    answered = text(first_text(attributes, RESPONSE_MODEL), "/attributes/gen_ai.response.model")
    response_model = "" if answered == extra.get("model_group") else answered
    provider = text(first_text(attributes, PROVIDER), "/attributes/gen_ai.provider.name")
    call_id = identifier(attributes.get("litellm.call_id"), "/attributes/litellm.call_id")
    answer_id = _answer_id(attributes)
    tags = clean_tags(attributes.get("tag.tags") or attributes.get("langfuse.trace.tags"))
    tags = tags or clean_tags((extra.get("tags") or "").split("\n"))
    found = labels(attributes, _metadata(attributes), extra, span.resource, tags=tags)
    used = counts.input + counts.output
    return UsageEvent(
        source=source,
        occurred_at=instant_of_nanoseconds(span.time_unix_nano, "/startTimeUnixNano"),
        provider_name=provider or provider_of(response_model or request_model),
        request_model=request_model,
        response_model=response_model,
        operation_name=operation_name(first_text(attributes, OPERATION)),
        outcome="failed" if span.failed and not used else "completed",
        input_tokens=counts.input,
        cache_read_input_tokens=counts.cache_read,
        cache_write_input_tokens=counts.cache_write,
        cache_write_1h_input_tokens=counts.cache_write_1h,
        output_tokens=counts.output,
        reasoning_output_tokens=counts.reasoning,
        service_tier=service_tier(first_text(attributes, TIER)),
        response_id="" if answer_id == call_id else answer_id,
        call_id=call_id,
        trace_id=span.trace_id,
        span_id=span.span_id,
        authorization_id=found.get("authorization_id", ""),
        story_key=found.get("story_key", ""),
        branch=found.get("branch", ""),
        key_alias=found.get("key_alias", ""),
        team=found.get("team", ""),
        feature=found.get("feature", ""),
        user=pseudonym(found.get("user", "")),
        session=found.get("session", ""),
        environment=found.get("environment", ""),
        prompt_version=found.get("prompt_version", ""),
        workload_class=found.get("workload_class", ""),
        tags=tags,
        source_cost_usd=next((cost_usd(attributes[n]) for n in COST if n in attributes), ""),
    )


def operation_name(name: str) -> str:
    """Return the standard name of an operation; LiteLLM writes its own, such as `acompletion`."""
    plain = label(name) or "chat"
    plain = plain.removeprefix("a") if plain.startswith(("acomp", "aresp", "aembed")) else plain
    return _OPERATION_NAMES.get(plain, plain)


class _Answer(msgspec.Struct):
    id: str = ""


_ANSWER = msgspec.json.Decoder(_Answer)


def _answer_id(attributes: Attributes) -> str:
    stated = response_id(attributes.get("gen_ai.response.id"), "/attributes/gen_ai.response.id")
    output = attributes.get("output.value")
    if stated or not isinstance(output, str) or not output.startswith("{"):
        return stated
    try:  # OpenInference has no attribute for the id; it is only in the answer.
        found = _ANSWER.decode(output).id
    except DECODE_ERRORS:
        return ""
    return response_id(found, "/attributes/output.value") if _ANSWER_ID.fullmatch(found) else ""


def _metadata(attributes: Attributes) -> dict[str, object]:
    written = attributes.get("metadata")
    if not isinstance(written, str) or not written.startswith("{"):
        return {}
    try:
        return as_mapping(msgspec.json.decode(written))
    except DECODE_ERRORS:
        return {}
