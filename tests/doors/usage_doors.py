"""Every door that takes usage, with a body of one call, or of one call that is wrong somewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.sources import small_payloads as small

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
TIME = "2026-11-20T10:00:00Z"


@dataclass(frozen=True, slots=True)
class UsageDoor:
    """`body` makes a body of one call: how many output tokens (or seconds, or points), and when."""

    path: str
    content_type: str
    body: Callable[[Any, str], bytes]
    headers: dict[str, str] = field(default_factory=dict)
    counts: bool = True
    """Whether calls are recorded; metrics are only compared."""
    takes_text: bool = True
    """Whether a count can be something else than a number in this format."""
    absurd: int = 10**9 + 1
    """The smallest count that is refused, a little rounded."""


def nanoseconds(when: str) -> int:
    return int(datetime.fromisoformat(when).timestamp()) * 10**9


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def own(tokens: Any, when: str) -> bytes:
    return encoded({"events": [small.OUR_OWN | {"output_tokens": tokens, "occurred_at": when}]})


def structured(tokens: Any, when: str) -> bytes:
    data = small.CLOUDEVENT["data"] | {"output_tokens": tokens}
    return encoded(small.CLOUDEVENT | {"data": data, "time": when})


def batched(tokens: Any, when: str) -> bytes:
    return b"[" + structured(tokens, when) + b"]"


def binary(tokens: Any, when: str) -> bytes:
    data = small.CLOUDEVENT["data"] | {"output_tokens": tokens, "occurred_at": when}
    return encoded(data)


def litellm(tokens: Any, when: str) -> bytes:
    started = datetime.fromisoformat(when).timestamp()
    changes = {"completion_tokens": tokens, "startTime": started, "metadata": {}}
    return encoded([small.LITELLM | changes])


def bedrock(tokens: Any, when: str) -> bytes:
    return encoded([small.BEDROCK | {"output": {"outputTokenCount": tokens}, "timestamp": when}])


def langfuse(tokens: Any, when: str) -> bytes:
    details = {"input": 400, "output": tokens}
    return encoded({"data": [small.LANGFUSE | {"usageDetails": details, "startTime": when}]})


def codecarbon(seconds: Any, when: str) -> bytes:
    return (
        "timestamp,run_id,duration,energy_consumed,country_iso_code,gpu_count,gpu_model\n"
        f"{when.removesuffix('Z')},run-1,{seconds},0.5,DEU,1,1 x NVIDIA A40\n"
    ).encode()


def traces(tokens: Any, when: str) -> bytes:
    told = small.attributes(
        gen_ai__request__model="gpt-5-mini", gen_ai__usage__input_tokens=1200,
        gen_ai__usage__output_tokens=tokens,
    )  # fmt: skip
    at = {"startTimeUnixNano": str(nanoseconds(when)), "endTimeUnixNano": "0"}
    return small.traces({**small.SPAN, "attributes": told, **at})


def logs(tokens: Any, when: str) -> bytes:
    told = small.attributes(
        event__name="claude_code.api_request", model="claude-sonnet-4-5", input_tokens=400,
        output_tokens=tokens, request_id="req_011",
    )  # fmt: skip
    record = {**small.LOG, "attributes": told, "timeUnixNano": str(nanoseconds(when))}
    return small.logs(record, service__name="claude-code")


def metrics(tokens: Any, when: str) -> bytes:
    at = {"timeUnixNano": str(nanoseconds(when)), "asInt": tokens}
    return small.metrics("claude_code.token.usage", {**small.POINT, **at})


def in_protobuf(message: Any, body: bytes) -> bytes:
    """Write a JSON body in protobuf; ids are hexadecimal in the one and bytes in the other."""
    from google.protobuf.json_format import ParseDict

    told = json.loads(body)
    for group in told.get("resourceSpans", ()):
        for scoped in group["scopeSpans"]:
            for span in scoped["spans"]:
                span.pop("traceId"), span.pop("spanId")
    written: bytes = ParseDict(told, message()).SerializeToString()
    return written


CE = {"ce-specversion": "1.0", "ce-type": "t", "ce-source": "/ci", "ce-id": "1"}
USAGE_DOORS = {
    "our own JSON": UsageDoor("/v1/usage-events", JSON, own),
    "a CloudEvent": UsageDoor("/v1/usage-events", "application/cloudevents+json", structured),
    "CloudEvents": UsageDoor("/v1/usage-events", "application/cloudevents-batch+json", batched),
    "a binary CloudEvent": UsageDoor("/v1/usage-events", JSON, binary, CE),
    "LiteLLM": UsageDoor("/integrations/litellm/events", JSON, litellm),
    "Bedrock": UsageDoor("/integrations/bedrock/invocations", JSON, bedrock),
    "Langfuse": UsageDoor("/integrations/langfuse/observations", JSON, langfuse),
    "CodeCarbon": UsageDoor(
        "/integrations/codecarbon/emissions", "text/csv", codecarbon, absurd=4 * 10**9,
    ),
    "spans in JSON": UsageDoor("/v1/traces", JSON, traces),
    "logs in JSON": UsageDoor("/v1/logs", JSON, logs),
    "metrics in JSON": UsageDoor("/v1/metrics", JSON, metrics, counts=False, absurd=2 * 10**15),
    "spans": UsageDoor(
        "/v1/traces", PROTOBUF,
        lambda *asked: in_protobuf(ExportTraceServiceRequest, traces(*asked)),
    ),
    "logs": UsageDoor(
        "/v1/logs", PROTOBUF, lambda *asked: in_protobuf(ExportLogsServiceRequest, logs(*asked)),
    ),
    "metrics": UsageDoor(
        "/v1/metrics", PROTOBUF,
        lambda *asked: in_protobuf(ExportMetricsServiceRequest, metrics(*asked)),
        counts=False, takes_text=False, absurd=2 * 10**15,
    ),
}  # fmt: skip
