"""Langfuse: exported observations, as an array, an API page (`{"data": […]}`) or lines.

Generations and embeddings are model calls; spans and events are not. Langfuse keeps each class of
tokens apart in `usageDetails`; the older `usage` holds only input and output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from integration.metering.usage import UsageEvent, pseudonym
from integration.sources.batch import Batch, Collector, Unreadable
from integration.sources.json_bodies import as_mapping, each_item
from integration.sources.labels import clean_tags, labels
from integration.sources.provider_names import provider_of
from integration.sources.response_ids import identifier
from integration.sources.token_counts import TokenCounts, apart, included
from integration.sources.values import cost_usd, count, instant, label, text

if TYPE_CHECKING:
    from datetime import datetime

_CALLS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
_SPAN_ID = re.compile(r"[0-9a-f]{16}")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")

_CACHE_READ = (
    "input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "input_cached",
    "cached_tokens",
)  # fmt: skip
_CACHE_WRITE = (
    "cache_creation_input_tokens", "input_cache_creation", "input_cache_write",
    "cache_write_input_tokens",
)  # fmt: skip
_REASONING = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")


class _Observation(msgspec.Struct, rename="camel"):
    id: str
    type: str
    start_time: str
    trace_id: str | None = None
    model: str | None = None
    provided_model_name: str | None = None
    usage_details: Any = None
    usage: Any = None
    cost_details: Any = None
    total_cost: Any = None
    calculated_total_cost: Any = None
    metadata: Any = None
    tags: Any = None
    trace_tags: Any = None
    level: str | None = None
    environment: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    prompt_version: int | str | None = None
    prompt_name: str | None = None


_OBSERVATION = msgspec.json.Decoder(_Observation)


def read(body: bytes, *, now: datetime) -> Batch:
    """Read exported observations. Raises InvalidInput when the body is no JSON."""
    collector = Collector(now, "/data")
    for index, observation in each_item(body, "data", _OBSERVATION.decode, collector):
        if observation.type.upper() not in _CALLS:
            collector.ignored += 1
            continue
        try:
            collector.take(index, _event(observation))
        except Unreadable as problem:
            collector.reject(index, observation.id, problem.error)
    return collector.batch()


def _event(seen: _Observation) -> UsageEvent:
    counts = _counts(as_mapping(seen.usage_details), as_mapping(seen.usage))
    model = text(seen.provided_model_name or seen.model, "/model")
    tags = clean_tags(seen.tags) or clean_tags(seen.trace_tags)
    found = labels(as_mapping(seen.metadata), tags=tags)
    failed = seen.level == "ERROR" and not counts.output
    costs = as_mapping(seen.cost_details).get("total")
    is_otel = _TRACE_ID.fullmatch(seen.trace_id or "") and _SPAN_ID.fullmatch(seen.id)
    return UsageEvent(
        source="langfuse",
        occurred_at=instant(seen.start_time, "/startTime"),
        provider_name=provider_of(model),
        request_model=model,
        operation_name=_CALLS[seen.type.upper()],
        outcome="failed" if failed else "completed",
        input_tokens=counts.input,
        cache_read_input_tokens=counts.cache_read,
        cache_write_input_tokens=counts.cache_write,
        output_tokens=counts.output,
        reasoning_output_tokens=counts.reasoning,
        event_id=identifier(seen.id, "/id"),
        trace_id=(seen.trace_id or "") if is_otel else "",
        span_id=seen.id if is_otel else "",
        authorization_id=found.get("authorization_id", ""),
        story_key=found.get("story_key", ""),
        branch=found.get("branch", ""),
        team=found.get("team", ""),
        feature=found.get("feature", ""),
        user=pseudonym(label(seen.user_id) or found.get("user", "")),
        session=label(seen.session_id) or found.get("session", ""),
        environment=label(seen.environment) or found.get("environment", ""),
        prompt_version=_prompt_version(seen),
        workload_class=found.get("workload_class", ""),
        tags=tags,
        source_cost_usd=cost_usd(_first_cost(costs, seen.total_cost, seen.calculated_total_cost)),
    )


def _first_cost(*amounts: object) -> object:
    return next((amount for amount in amounts if amount is not None), None)


def _prompt_version(seen: _Observation) -> str:
    version = label(seen.prompt_version)
    return label(f"{seen.prompt_name}@{version}") if seen.prompt_name and version else version


def _counts(details: dict[str, Any], usage: dict[str, Any]) -> TokenCounts:
    if not details:
        return TokenCounts(
            input=_named(usage, ("input", "promptTokens", "inputTokens")),
            output=_named(usage, ("output", "completionTokens", "outputTokens")),
        )
    counts = TokenCounts(
        input=_named(details, ("input", "input_tokens", "prompt_tokens")),
        cache_read=_named(details, _CACHE_READ),
        cache_write=_named(details, _CACHE_WRITE),
        output=_named(details, ("output", "output_tokens", "completion_tokens")),
        reasoning=_named(details, _REASONING),
    )
    total = _named(details, ("total", "total_tokens"))
    if total and total == counts.input + counts.output:
        return included(counts, total)
    return apart(counts)


def _named(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    value = next((usage[name] for name in names if usage.get(name) is not None), None)
    return count(value, "/usageDetails")
