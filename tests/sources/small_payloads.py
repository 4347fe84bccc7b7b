"""The smallest sound body of every source, with `CANARY` wherever that format carries content."""

from __future__ import annotations

import json
from typing import Any

CANARY = "the-secret-words-of-a-prompt"

LITELLM: dict[str, Any] = {
    "id": "chatcmpl-1", "litellm_call_id": "call-1", "status": "success", "cache_hit": None,
    "call_type": "acompletion", "custom_llm_provider": "anthropic", "startTime": 1795311201.5,
    "endTime": 1795311202.5, "model": "anthropic/claude-sonnet-4-5", "model_group": "sonnet",
    "response_cost": 0.002, "prompt_tokens": 1200, "completion_tokens": 340,
    "request_tags": ["jira:PROJ-1", "User-Agent: curl"], "end_user": None,
    "metadata": {
        "user_api_key_alias": "ci", "user_api_key_team_alias": "core",
        "spend_logs_metadata": {"prompt": CANARY, "feature": "search"},
        "requester_metadata": {"tags": ["jira:PROJ-1"], "branch": "feat/PROJ-1", "x": CANARY},
        "usage_object": {
            "prompt_tokens": 1200, "completion_tokens": 340, "cache_read_input_tokens": 700,
            "cache_creation_input_tokens": 100,
            "prompt_tokens_details": {
                "cached_tokens": 700, "cache_creation_tokens": 100,
                "cache_creation_token_details": {"ephemeral_1h_input_tokens": 40},
            },
            "completion_tokens_details": {"reasoning_tokens": 200},
        },
    },
    "messages": [{"role": "user", "content": CANARY}],
    "response": {
        "model": "claude-sonnet-4-5-20250929", "service_tier": "default",
        "choices": [{"message": {"content": CANARY}}],
    },
    "error_str": CANARY, "error_information": {"error_message": CANARY},
    "status_fields": {"guardrail_status": "success"},
}  # fmt: skip

BEDROCK: dict[str, Any] = {
    "schemaType": "ModelInvocationLog", "timestamp": "2026-11-20T10:00:00Z",
    "requestId": "req-1", "operation": "InvokeModel", "region": "eu-central-1",
    "modelId": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/Agents/bea@example.com"},
    "requestMetadata": {"jira_issue": "PROJ-1"},
    "input": {
        "inputTokenCount": 400, "cacheReadInputTokenCount": 700, "cacheWriteInputTokenCount": 100,
        "inputBodyJson": {"messages": [{"content": CANARY}]},
    },
    "output": {
        "outputTokenCount": 50,
        "outputBodyJson": {
            "id": "msg_bdrk_1", "model": "claude-sonnet-4-5-20250929",
            "content": [{"text": CANARY}],
        },
    },
}  # fmt: skip

LANGFUSE: dict[str, Any] = {
    "id": "0123456789abcdef", "traceId": "0123456789abcdef0123456789abcdef",
    "type": "GENERATION", "startTime": "2026-11-20T10:00:00.000Z", "model": "gpt-5-mini",
    "input": CANARY, "output": CANARY, "level": "DEFAULT", "environment": "production",
    "usageDetails": {
        "input": 400, "input_cached_tokens": 800, "output": 140, "output_reasoning_tokens": 200,
        "total": 1540,
    },
    "costDetails": {"input": 0.0001, "total": 0.0008}, "promptName": "triage", "promptVersion": 3,
    "metadata": {"jira_issue": "PROJ-1", "note": [CANARY]}, "tags": ["team:core"],
    "userId": "u-1", "sessionId": "s-1",
}  # fmt: skip

CLOUDEVENT: dict[str, Any] = {
    "specversion": "1.0", "type": "ai.usage", "source": "/ci/agents", "id": "42",
    "time": "2026-11-20T10:00:00Z", "subject": "PROJ-1",
    "data": {"request_model": "gpt-5-mini", "input_tokens": 1200, "output_tokens": 340},
}  # fmt: skip

OUR_OWN: dict[str, Any] = {
    "request_model": "gpt-5-mini", "input_tokens": 1200, "output_tokens": 340,
    "occurred_at": "2026-11-20T10:00:00Z", "story_key": "PROJ-1", "tags": ["a"],
}  # fmt: skip

EMISSIONS_CSV = (
    b"timestamp,project_name,run_id,duration,emissions,energy_consumed,country_iso_code,region,"
    b"cloud_provider,cloud_region,gpu_count,gpu_model,cpu_model\n"
    b"2026-11-20T10:00:00,PROJ-1,run-1,1800,0.2,0.5,DEU,hesse,,,4,4 x NVIDIA A40,EPYC\n"
    b"2026-11-20T11:00:00,PROJ-1,run-1,7200,0.8,2.5,DEU,hesse,,,4,4 x NVIDIA A40,EPYC\n"
)


def attributes(**values: Any) -> list[dict[str, Any]]:
    """Write attributes as OTLP/JSON has them; a double underscore in a name stands for a dot."""
    return [{"key": name.replace("__", "."), "value": _value(v)} for name, v in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": value}


SPAN: dict[str, Any] = {
    "traceId": "0123456789abcdef0123456789abcdef", "spanId": "0123456789abcdef",
    "name": "chat gpt-5-mini", "kind": 3, "startTimeUnixNano": "1795311201540815030",
    "endTimeUnixNano": "1795311202540815030", "status": {"code": 1},
    "attributes": attributes(
        gen_ai__operation__name="chat", gen_ai__provider__name="openai",
        gen_ai__request__model="gpt-5-mini", gen_ai__response__id="chatcmpl-1",
        gen_ai__usage__input_tokens=1200, gen_ai__usage__output_tokens=340,
        jira__issue="PROJ-1", gen_ai__input__messages=CANARY, gen_ai__output__messages=CANARY,
    ),
    "events": [{"name": CANARY}],
}  # fmt: skip
LOG: dict[str, Any] = {
    "timeUnixNano": "1795311201540815030", "body": {"stringValue": "claude_code.api_request"},
    "attributes": attributes(
        event__name="claude_code.api_request", model="claude-sonnet-4-5", input_tokens=400,
        cache_read_tokens=700, cache_creation_tokens=100, output_tokens=50, cost_usd=0.0123,
        request_id="req_011", session__id="s-1", user__id="abc", user__email="bea@example.com",
        prompt=CANARY,
    ),
}  # fmt: skip
POINT: dict[str, Any] = {
    "startTimeUnixNano": "1795311201000000000", "timeUnixNano": "1795311261000000000",
    "asInt": "1200", "attributes": attributes(type="input", model="claude-sonnet-4-5"),
}  # fmt: skip


def traces(*spans: Any, scope: str = "my.instrumentation", **resource: Any) -> bytes:
    """Wrap spans into an OTLP/JSON body."""
    scoped = [{"scope": {"name": scope}, "spans": list(spans)}]
    group = {"resource": {"attributes": attributes(**resource)}, "scopeSpans": scoped}
    return json.dumps({"resourceSpans": [group]}).encode()


def logs(*records: Any, **resource: Any) -> bytes:
    """Wrap log records into an OTLP/JSON body."""
    scoped = [{"scope": {"name": "events"}, "logRecords": list(records)}]
    group = {"resource": {"attributes": attributes(**resource)}, "scopeLogs": scoped}
    return json.dumps({"resourceLogs": [group]}).encode()


def metrics(name: str, *points: Any, temporality: int = 1) -> bytes:
    """Wrap points of one sum into an OTLP/JSON body; 1 is delta, 2 cumulative."""
    total = {"dataPoints": list(points), "aggregationTemporality": temporality}
    scoped = [{"scope": {"name": "meter"}, "metrics": [{"name": name, "sum": total}]}]
    return json.dumps({"resourceMetrics": [{"scopeMetrics": scoped}]}).encode()
