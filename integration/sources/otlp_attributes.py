"""Which attributes of spans, log records and metric points are read; the rest, content included,
is never copied out of the body.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from integration.sources.labels import field_of
from integration.sources.otlp_tokens import TOKEN_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Value: TypeAlias = str | int | float | bool | list[str]
Attributes: TypeAlias = dict[str, Value]

MAX_ELEMENTS = 64

PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
REQUEST_MODEL = (
    "gen_ai.request.model", "llm.model_name", "embedding.model_name", "llm.request.model",
)  # fmt: skip
RESPONSE_MODEL = ("gen_ai.response.model", "llm.response.model")
OPERATION = ("gen_ai.operation.name", "llm.request.type")
TIER = (
    "gen_ai.openai.response.service_tier", "openai.response.service_tier",
    "gen_ai.response.service_tier", "gen_ai.openai.request.service_tier",
)  # fmt: skip
COST = ("gen_ai.cost.total_cost", "operation.cost", "gen_ai.usage.cost", "llm.cost.total")

_EXACT = frozenset({
    *PROVIDER, *REQUEST_MODEL, *RESPONSE_MODEL, *OPERATION, *TIER, *COST, *TOKEN_NAMES,
    "gen_ai.response.id", "gen_ai.usage.raw", "gen_ai.token.type", "error.type",
    "openinference.span.kind", "traceloop.span.kind", "output.value", "metadata", "tag.tags",
    "langfuse.trace.tags", "cloud.region", "service.name",
    # LiteLLM
    "litellm.call_id", "litellm.model_group", "litellm.provider.model",
    "metadata.spend_logs_metadata", "metadata.requester_metadata", "metadata.usage_object",
    "metadata.requester_custom_headers", "metadata.user_api_key_alias",
    "metadata.user_api_key_hash", "metadata.user_api_key_team_alias",
    "metadata.user_api_key_team_id",
    # Coding agents
    "event.name", "event.kind", "event.sequence", "event.timestamp", "model", "type",
    "token_type", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens",
    "cost_usd", "request_id", "speed", "service_tier", "input_token_count",
    "output_token_count", "cached_token_count", "cached_content_token_count",
    "reasoning_token_count", "thoughts_token_count", "tool_token_count", "total_token_count",
    "prompt_id", "user.account_id",
})  # fmt: skip


@lru_cache(maxsize=8192)
def wanted(key: str) -> bool:
    """Whether an attribute is read at all."""
    return key in _EXACT or field_of(key) is not None


def from_protobuf(attributes: Iterable[KeyValue]) -> Attributes:
    """Copy the wanted attributes out of a message."""
    found: Attributes = {}
    for attribute in attributes:
        if wanted(attribute.key):
            value = _plain(attribute.value)
            if value is not None:
                found[attribute.key] = value
    return found


def _plain(value: AnyValue) -> Value | None:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "int_value":
        return value.int_value
    if kind == "double_value":
        return value.double_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "array_value":
        elements = value.array_value.values[:MAX_ELEMENTS]
        return [element.string_value for element in elements if element.string_value]
    return None


def first_text(attributes: Attributes, names: tuple[str, ...]) -> str:
    """Return the first of several attributes which holds a text."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return ""
