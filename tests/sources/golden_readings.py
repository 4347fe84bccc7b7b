"""What each captured or documented sample says, worked out by hand from the file.

Only the fields that a sample fills are listed; every other field must hold its default.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from integration.sources import bedrock, cloudevents, litellm, otlp_traces

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.sources.batch import Batch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Golden(NamedTuple):
    """How a sample is read, and the events that come out by the index of their item."""

    read: Callable[..., Batch]
    events: dict[int, dict[str, Any]]
    ignored: int = 0


def at(hour_minute_second: str, day: str = "2026-11-22") -> datetime:
    """Return an instant in UTC."""
    return datetime.fromisoformat(f"{day}T{hour_minute_second}+00:00")


FROM_PROXY = {
    "source": "litellm", "provider_name": "openai", "request_model": "gpt-4o-mini",
    "key_alias": "litellm_proxy_master_key",
}  # fmt: skip
SPAN_OF_PROXY = FROM_PROXY | {"source": "otlp.litellm", "environment": "production"}
TEN_IN_TWENTY_OUT = {"input_tokens": 10, "output_tokens": 20, "source_cost_usd": "0.0000135"}
ALICE = "user-fb816158887ad00a"  # BLAKE2b of alice@example.com, 8 bytes.

# Every call to the fake provider used 1,200 in (800 cached) and 340 out (200 reasoning).
UPSTREAM = {
    "provider_name": "openai", "response_id": "chatcmpl-up-1", "story_key": "PROJ-1",
    "input_tokens": 1200, "output_tokens": 340,
}  # fmt: skip
FROM_CLIENT = UPSTREAM | {"request_model": "up-gpt5m", "response_model": "up-gpt5m"}
CACHED = {"cache_read_input_tokens": 800}
REASONED = {"reasoning_output_tokens": 200}

_LITELLM_BATCH = {
    0: FROM_PROXY | TEN_IN_TWENTY_OUT | {
        "occurred_at": at("01:18:16.076591"), "story_key": "PROJ-1", "session": "sess-1",
        "response_id": "chatcmpl-d0908bc2-81be-4d62-971e-d563deaa40c6",
        "event_id": "chatcmpl-d0908bc2-81be-4d62-971e-d563deaa40c6",
        "call_id": "e327104b-0292-42b0-907d-45ead1d91d26",
        "user": ALICE, "tags": ("jira:PROJ-1", "sprint:42"),
    },
    1: FROM_PROXY | {
        "occurred_at": at("01:18:16.133145"), "story_key": "PROJ-7", "outcome": "blocked",
        "call_id": "79fd2348-0cb7-4705-ab04-9a304ecf70d7",
        "event_id": "79fd2348-0cb7-4705-ab04-9a304ecf70d7",
        "trace_id": "2cfadfd55e50ef502d52082a76e49f5a", "tags": ("jira:PROJ-7",),
        "source_cost_usd": "0.0",
    },
    2: FROM_PROXY | {
        "occurred_at": at("01:18:16.194701"), "story_key": "PROJ-9", "outcome": "blocked",
        "call_id": "6d7393c1-b012-4cc5-a639-8da301d92458",
        "event_id": "6d7393c1-b012-4cc5-a639-8da301d92458",
        "trace_id": "75828e7a9d7708421ce28183666ecf45", "source_cost_usd": "0.0",
    },
}  # fmt: skip
_LITELLM_CACHED = {
    0: FROM_PROXY | UPSTREAM | CACHED | REASONED | {
        "occurred_at": at("01:33:21.572198"), "request_model": "gpt-5-mini",
        "event_id": "chatcmpl-up-1", "call_id": "63690f55-caa2-464f-97ad-61869e866c76",
        "trace_id": "d07fb33f271288705669fde4987361b2", "tags": ("jira:PROJ-1",),
        "source_cost_usd": "0.0007999999999999999",
    },
}  # fmt: skip
_LITELLM_SUCCESS = {
    0: FROM_PROXY | {
        "occurred_at": at("01:18:16.402653"), "story_key": "PROJ-2",
        "input_tokens": 9, "output_tokens": 4, "source_cost_usd": "0.0000037499999999999997",
        "response_id": "chatcmpl-ed6fea4e-d0e4-4d03-afd5-ae8cdfe40d0c",
        "event_id": "chatcmpl-ed6fea4e-d0e4-4d03-afd5-ae8cdfe40d0c",
        "call_id": "4184b1a0-396c-4b0d-b3cd-0f2f2f6bd8f7",
        "trace_id": "1370a6a5245594418cfb9b8ff6af8432", "tags": ("jira:PROJ-2",),
    },
}  # fmt: skip
_LITELLM_FAILURE = {
    0: FROM_PROXY | {
        "occurred_at": at("01:18:16.239516"), "story_key": "PROJ-9", "outcome": "blocked",
        "call_id": "d1f4d434-cef6-4f0a-9a44-07f99d489620",
        "event_id": "d1f4d434-cef6-4f0a-9a44-07f99d489620",
        "trace_id": "4158aa2a603e71883f8993422e4e0032", "tags": ("jira:PROJ-9", "sprint:42"),
        "source_cost_usd": "0.0",
    },
}  # fmt: skip
_LITELLM_SPANS = {
    5: SPAN_OF_PROXY | TEN_IN_TWENTY_OUT | {
        "occurred_at": at("01:18:16.076591"), "story_key": "PROJ-1", "session": "sess-1",
        "response_id": "chatcmpl-d0908bc2-81be-4d62-971e-d563deaa40c6",
        "call_id": "e327104b-0292-42b0-907d-45ead1d91d26",
        "trace_id": "5eb0c8a5daabd762ecd80c060bbb7e4c", "span_id": "b7b0aa5f5d452c62",
        "user": ALICE, "tags": ("jira:PROJ-1", "sprint:42"),
    },
    10: SPAN_OF_PROXY | {
        "occurred_at": at("01:18:16.133145"), "story_key": "PROJ-7", "outcome": "failed",
        "call_id": "79fd2348-0cb7-4705-ab04-9a304ecf70d7",
        "trace_id": "2cfadfd55e50ef502d52082a76e49f5a", "span_id": "88db3992163ebd8f",
        "tags": ("jira:PROJ-7",),
    },
    16: SPAN_OF_PROXY | {
        "occurred_at": at("01:18:16.194701"), "story_key": "PROJ-9", "outcome": "failed",
        "call_id": "6d7393c1-b012-4cc5-a639-8da301d92458",
        "trace_id": "75828e7a9d7708421ce28183666ecf45", "span_id": "bc0cfdc88e56c4a4",
    },
    23: SPAN_OF_PROXY | {
        "occurred_at": at("01:18:16.239515"), "story_key": "PROJ-9", "outcome": "failed",
        "call_id": "d1f4d434-cef6-4f0a-9a44-07f99d489620",
        "trace_id": "4158aa2a603e71883f8993422e4e0032", "span_id": "e3229763f5f89cc8",
        "tags": ("jira:PROJ-9", "sprint:42"),
    },
    32: SPAN_OF_PROXY | TEN_IN_TWENTY_OUT | {
        "occurred_at": at("01:18:16.339533"), "story_key": "PROJ-9",
        "response_id": "chatcmpl-818fac15-52cd-4f06-8603-19cb5c742d4d",
        "call_id": "75c0399c-7fb9-4430-9384-51d202faf599",
        "trace_id": "161bfc88d7f3930c544229d11a7eb452", "span_id": "da54346146b8d213",
        "tags": ("jira:PROJ-9",),
    },
    40: SPAN_OF_PROXY | TEN_IN_TWENTY_OUT | {
        "occurred_at": at("01:18:16.376718"),
        "response_id": "chatcmpl-d4b6ac4d-57f5-40e3-979d-a2509e28b96b",
        "call_id": "6a617d02-84ce-44fa-a6e2-e10c9f300b06",
        "trace_id": "22d39efa10838b32d30b505e11e14825", "span_id": "d549dc0b59b6ea28",
    },
    49: SPAN_OF_PROXY | {
        "occurred_at": at("01:18:16.402652"), "story_key": "PROJ-2",
        "input_tokens": 9, "output_tokens": 4, "source_cost_usd": "0.0000037499999999999997",
        "response_id": "chatcmpl-ed6fea4e-d0e4-4d03-afd5-ae8cdfe40d0c",
        "call_id": "4184b1a0-396c-4b0d-b3cd-0f2f2f6bd8f7",
        "trace_id": "1370a6a5245594418cfb9b8ff6af8432", "span_id": "a697be59989eee71",
        "tags": ("jira:PROJ-2",),
    },
}  # fmt: skip
_OPENLLMETRY = {
    0: FROM_CLIENT | CACHED | REASONED | {
        "source": "otlp.openllmetry", "occurred_at": at("01:33:21.540815"),
        "trace_id": "d07fb33f271288705669fde4987361b2", "span_id": "6759e49dd74360ef",
    },
    1: FROM_CLIENT | CACHED | {  # A streamed call: no reasoning tokens are sent.
        "source": "otlp.openllmetry", "occurred_at": at("01:33:21.600850"),
        "trace_id": "a7ed4e72d247c5177093a0e50546d7c4", "span_id": "7296e54de3e55076",
    },
}  # fmt: skip
_OPENINFERENCE = {
    index: UPSTREAM | CACHED | REASONED | {
        "source": "otlp.openinference", "occurred_at": at(time), "request_model": "up-gpt5m",
        "trace_id": trace, "span_id": span, "session": "s1", "tags": ("sprint:42",),
    }
    for index, time, trace, span in (
        (0, "01:32:43.302095", "0cb48dc943598146223c78a92bc578ea", "302c1b2082df108c"),
        (1, "01:32:44.713052", "c4bc41a7a9d13decb554d0455ed7a534", "ef5c4f41e006b2cd"),
    )
}  # fmt: skip
_LOGFIRE = {
    0: FROM_CLIENT | CACHED | REASONED | {
        "source": "otlp.logfire", "occurred_at": at("01:36:53.438365"),
        "trace_id": "01a200e628be58dc323a7bf09f28f596", "span_id": "6d81130ee45be5c1",
    },
}  # fmt: skip
_OPENAI_V2 = {  # Sends neither cached nor reasoning tokens.
    index: FROM_CLIENT | {
        "source": "otlp.openai_v2", "occurred_at": at(time), "trace_id": trace, "span_id": span,
    }
    for index, time, trace, span in (
        (0, "01:36:55.795997", "5a81771f553a1bd7d74472c10918838e", "5394b779eebc4ddc"),
        (1, "01:36:55.822321", "bc2081bcf2a07f8c7cb65bbbc71a30ba", "b27ee8570156257d"),
    )
}  # fmt: skip
_BEDROCK = {
    0: {
        "source": "bedrock", "occurred_at": at("12:00:00", "2026-11-01"),
        "provider_name": "aws.bedrock", "input_tokens": 1500, "output_tokens": 500,
        "request_model":
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/xyz",
        "region": "us-west-2", "event_id": "abcd-1234", "story_key": "PROJ-1",
        "team": "engineering", "key_alias": "MyRole",
    },
}  # fmt: skip
_OPENMETER = {
    0: {
        "source": "cloudevents", "occurred_at": at("00:00:00.001", "2024-01-01"),
        "request_model": "gpt4-turbo", "output_tokens": 123456, "event_id": "chat-app 00001",
        "tags": ("customer-1",),
    },
}  # fmt: skip

_cloudevent = partial(cloudevents.read, content_type=cloudevents.STRUCTURED)

GOLDEN: dict[str, Golden] = {
    "litellm_generic_api_batch.json": Golden(litellm.read, _LITELLM_BATCH),
    "litellm_generic_api_cached_reasoning.json": Golden(litellm.read, _LITELLM_CACHED),
    "litellm_custom_callback_success.json": Golden(litellm.read, _LITELLM_SUCCESS),
    "litellm_custom_callback_failure.json": Golden(litellm.read, _LITELLM_FAILURE),
    "litellm_otlp_traces.pb": Golden(otlp_traces.read, _LITELLM_SPANS, ignored=70),
    "otlp_openllmetry_traces.pb": Golden(otlp_traces.read, _OPENLLMETRY),
    "otlp_openinference_traces.pb": Golden(otlp_traces.read, _OPENINFERENCE),
    "otlp_logfire_traces.pb": Golden(otlp_traces.read, _LOGFIRE),
    "otlp_openai_v2_traces.pb": Golden(otlp_traces.read, _OPENAI_V2),
    "bedrock_invocation_log.json": Golden(bedrock.read, _BEDROCK),
    "openmeter_cloudevent.json": Golden(_cloudevent, _OPENMETER),
}
CHECK_TOTALS = frozenset({"otlp_openllmetry_metrics.pb"})
NOT_USAGE = {
    "README.md": "describes the samples",
    "anthropic_cost_report.json": "a provider report: a check total",
    "anthropic_usage_messages.json": "a provider report: a check total",
    "openai_costs.json": "a provider report: a check total",
    "openai_usage_completions.json": "a provider report: a check total",
    "focus_1_3_aws_synthetic_sample.csv": "a bill",
    "forge_remote_manifest.sample.yml": "an app manifest",
    "litellm_generic_guardrail_request.json": "asks before a call",
    "litellm_pre_call_hook_data.json": "asks before a call",
    "litellm_otlp_litellm_request_span.json": "one span of the .pb file, to look at",
    "litellm_sprintgate.py": "a program",
    "litellm_working_config.yaml": "a configuration",
    "litellm_working_config_ndjson_failclosed.yaml": "a configuration",
    "otlp_openllmetry_metrics.json": "the .pb file, to look at",
}
TWINS = tuple(name for name in GOLDEN if name.startswith("otlp_") and name.endswith("_traces.pb"))
