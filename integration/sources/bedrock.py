"""AWS Bedrock model-invocation logs: one object, an array, or the lines of an S3 object.

The story rides in `requestMetadata` (the header `X-Amzn-Bedrock-Request-Metadata`, or the Converse
parameter). Bedrock counts cached tokens beside `inputTokenCount`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from integration.metering.usage import UsageEvent, pseudonym
from integration.sources.batch import Batch, Collector, Unreadable
from integration.sources.json_bodies import DECODE_ERRORS, as_mapping, each_item
from integration.sources.labels import labels
from integration.sources.response_ids import identifier
from integration.sources.service_tiers import service_tier
from integration.sources.token_counts import TokenCounts, input_apart
from integration.sources.values import count, instant, label, text

if TYPE_CHECKING:
    from datetime import datetime

SCHEMA = "ModelInvocationLog"


class _Identity(msgspec.Struct):
    arn: str = ""


class _Input(msgspec.Struct, rename="camel"):
    input_token_count: int | None = None
    cache_read_input_token_count: int | None = None
    cache_write_input_token_count: int | None = None


class _Output(msgspec.Struct, rename="camel"):
    output_token_count: int | None = None
    output_body_json: msgspec.Raw = msgspec.Raw(b"null")


class _AnswerHead(msgspec.Struct):
    """The head of the model's answer, without its content."""

    id: str = ""
    model: str = ""


class _Log(msgspec.Struct, rename="camel"):
    schema_type: str
    timestamp: str
    request_id: str
    model_id: str
    operation: str = ""
    region: str = ""
    inference_region: str | None = None
    request_metadata: Any = None
    identity: _Identity | None = None
    input: _Input | None = None
    output: _Output | None = None
    error_code: str | None = None
    service_tier: Any = None


_LOG = msgspec.json.Decoder(_Log)
_HEAD = msgspec.json.Decoder(_AnswerHead)


def read(body: bytes, *, now: datetime) -> Batch:
    """Read invocation logs. Raises InvalidInput when the body is no JSON."""
    collector = Collector(now)
    for index, log in each_item(body, "", _LOG.decode, collector):
        if log.schema_type != SCHEMA:
            collector.ignored += 1
            continue
        try:
            collector.take(index, _event(log))
        except Unreadable as problem:
            collector.reject(index, log.request_id, problem.error)
    return collector.batch()


def _event(log: _Log) -> UsageEvent:
    counts = _counts(log.input or _Input(), log.output or _Output())
    head = _answer_head(log.output)
    found = labels(as_mapping(log.request_metadata))
    model = text(log.model_id, "/modelId")
    return UsageEvent(
        source="bedrock",
        occurred_at=instant(log.timestamp, "/timestamp"),
        provider_name="aws.bedrock",
        request_model=model,
        response_model=label(head.model),
        operation_name="embeddings" if "embed" in model else "chat",
        outcome="failed" if log.error_code and not counts.output else "completed",
        input_tokens=counts.input,
        cache_read_input_tokens=counts.cache_read,
        cache_write_input_tokens=counts.cache_write,
        output_tokens=counts.output,
        service_tier=service_tier(log.service_tier),
        region=text(log.inference_region or log.region, "/inferenceRegion"),
        response_id=label(head.id),
        event_id=identifier(log.request_id, "/requestId"),
        authorization_id=found.get("authorization_id", ""),
        story_key=found.get("story_key", ""),
        branch=found.get("branch", ""),
        key_alias=found.get("key_alias", "") or _role(log.identity),
        team=found.get("team", ""),
        feature=found.get("feature", ""),
        user=pseudonym(found.get("user", "")),
        session=found.get("session", ""),
        environment=found.get("environment", ""),
        prompt_version=found.get("prompt_version", ""),
        workload_class=found.get("workload_class", ""),
    )


def _counts(into: _Input, out_of: _Output) -> TokenCounts:
    return input_apart(
        TokenCounts(
            input=count(into.input_token_count, "/input/inputTokenCount"),
            cache_read=count(into.cache_read_input_token_count, "/input/cacheReadInputTokenCount"),
            cache_write=count(
                into.cache_write_input_token_count, "/input/cacheWriteInputTokenCount"
            ),
            output=count(out_of.output_token_count, "/output/outputTokenCount"),
        )
    )


def _answer_head(output: _Output | None) -> _AnswerHead:
    try:
        return _HEAD.decode(output.output_body_json) if output else _AnswerHead()
    except DECODE_ERRORS:  # A streamed answer is a list of chunks.
        return _AnswerHead()


def _role(identity: _Identity | None) -> str:
    """Return the role that called, without the session name, which may be a person's."""
    resource = identity.arn.rpartition(":")[2] if identity else ""
    kind, _, rest = resource.partition("/")
    return label(rest.partition("/")[0]) if kind in {"assumed-role", "role"} else ""
