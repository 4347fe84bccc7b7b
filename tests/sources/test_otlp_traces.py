"""Spans of the GenAI conventions, old and new; sums and other people's spans stay out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from integration.sources import otlp_traces
from integration.sources.otlp_records import JSON
from tests.sources.small_payloads import SPAN, attributes, traces

if TYPE_CHECKING:
    from integration.metering.usage import UsageEvent
    from integration.sources.batch import Batch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMED = {"gen_ai__request__model": "m", "gen_ai__provider__name": "p"}


def read(*spans: Any, scope: str = "my.instrumentation", **resource: Any) -> Batch:
    body = traces(*spans, scope=scope, **resource)
    return otlp_traces.read(body, now=NOW, content_type=JSON)


def event_of(scope: str = "my.instrumentation", **values: Any) -> UsageEvent:
    batch = read({**SPAN, "attributes": attributes(**{**NAMED, **values})}, scope=scope)
    assert batch.rejected == []
    return batch.events[0][1]


@pytest.mark.parametrize(("values", "counts"), [
    ({"gen_ai__usage__input_tokens": 12, "gen_ai__usage__output_tokens": 5}, (12, 0, 0, 5, 0)),
    ({"gen_ai__usage__prompt_tokens": 12, "gen_ai__usage__completion_tokens": 5},
     (12, 0, 0, 5, 0)),
    ({"gen_ai__usage__input_tokens": 12, "gen_ai__usage__cache_read__input_tokens": 8,
      "gen_ai__usage__cache_write__input_tokens": 3, "gen_ai__usage__output_tokens": 5,
      "gen_ai__usage__reasoning__output_tokens": 2}, (12, 8, 3, 5, 2)),
    ({"gen_ai__usage__input_tokens": 12, "gen_ai__usage__input_tokens__cached": 8},
     (12, 8, 0, 0, 0)),
    # 4 in beside 8 cached: the input is too small to include them.
    ({"gen_ai__usage__input_tokens": 4, "gen_ai__usage__cache_creation__input_tokens": 8},
     (12, 0, 8, 0, 0)),
    # 10 + 8 + 5 = 23: the total says that the cached tokens were counted beside the input.
    ({"gen_ai__usage__input_tokens": 10, "gen_ai__usage__cache_read_input_tokens": 8,
      "gen_ai__usage__output_tokens": 5, "gen_ai__usage__total_tokens": 23}, (18, 8, 0, 5, 0)),
    ({"llm__token_count__prompt": 12, "llm__token_count__completion": 5,
      "llm__token_count__prompt_details__cache_read": 8,
      "llm__token_count__completion_details__reasoning": 2}, (12, 8, 0, 5, 2)),
    # Anthropic's own usage object counts cached tokens beside the input: 400 + 700 + 100.
    ({"gen_ai__usage__raw": '{"input_tokens":400,"cache_read_input_tokens":700,'
      '"cache_creation_input_tokens":100,"output_tokens":5}',
      "gen_ai__usage__input_tokens": 400}, (1200, 700, 100, 5, 0)),
    ({"gen_ai__usage__raw": "no json", "gen_ai__usage__input_tokens": 400}, (400, 0, 0, 0, 0)),
])  # fmt: skip
def test_tokens_are_read_in_every_convention(
    values: dict[str, Any], counts: tuple[int, ...]
) -> None:
    event = event_of(**values)
    assert counts == (
        event.input_tokens, event.cache_read_input_tokens, event.cache_write_input_tokens,
        event.output_tokens, event.reasoning_output_tokens,
    )  # fmt: skip


@pytest.mark.parametrize("sum_of_others", [
    {"gen_ai__operation__name": "invoke_agent"}, {"gen_ai__operation__name": "execute_tool"},
    {"openinference__span__kind": "CHAIN"}, {"traceloop__span__kind": "workflow"},
])  # fmt: skip
def test_spans_which_sum_up_others_are_not_counted_again(sum_of_others: dict[str, Any]) -> None:
    values = {**NAMED, "gen_ai__usage__input_tokens": 12, **sum_of_others}
    batch = read({**SPAN, "attributes": attributes(**values)})
    assert (batch.events, batch.ignored) == ([], 1)


def test_spans_of_coding_agents_are_left_to_their_log_events() -> None:
    batch = read(SPAN, service__name="gemini-cli")
    assert (batch.events, batch.ignored) == ([], 1)


def test_a_failed_span_without_usage_is_kept_for_audit() -> None:
    failed = {**SPAN, "status": {"code": 2}, "attributes": attributes(**NAMED)}
    (found,) = read(failed).events
    assert (found[1].outcome, found[1].input_tokens) == ("failed", 0)


def test_a_story_on_the_resource_reaches_its_spans_and_one_on_the_span_outranks_it() -> None:
    bare = {**SPAN, "attributes": attributes(**NAMED, gen_ai__usage__input_tokens=1)}
    resource = {"jira__issue": "PROJ-7", "vcs__ref__head__name": "fix/PROJ-8", "team": "core"}
    found = [event for _, event in read(bare, SPAN, **resource).events]
    assert [event.story_key for event in found] == ["PROJ-7", "PROJ-1"]
    assert {(event.branch, event.team) for event in found} == {("fix/PROJ-8", "core")}


@pytest.mark.parametrize("name", [
    "jira_issue", "jira__issue", "story_key", "storymeter__story_key", "jira__issue__key",
    "traceloop__association__properties__jira_issue",
])  # fmt: skip
def test_the_story_has_many_names(name: str) -> None:
    values: dict[str, Any] = {name: "PROJ-3", "gen_ai__usage__input_tokens": 1}
    assert event_of(**values).story_key == "PROJ-3"


def test_openinference_metadata_and_tags_are_read() -> None:
    event = event_of(
        scope="openinference.instrumentation.openai", openinference__span__kind="LLM",
        llm__token_count__prompt=1, metadata='{"jira_issue": "PROJ-4", "feature": "search"}',
        tag__tags=["sprint:42", "team:core"],
    )  # fmt: skip
    assert (event.source, event.story_key) == ("otlp.openinference", "PROJ-4")
    assert (event.feature, event.team) == ("search", "core")


def test_litellm_metadata_in_python_notation_is_read_and_never_run() -> None:
    event = event_of(
        scope="litellm", gen_ai__system="openai", gen_ai__response__model="gpt",
        litellm__model_group="gpt", litellm__provider__model="openai/gpt-5-mini",
        gen_ai__usage__input_tokens=1200, gen_ai__usage__output_tokens=340,
        metadata__requester_metadata="{'jira_issue': 'PROJ-6', 'tags': None, 'ok': True}",
        metadata__spend_logs_metadata="__import__('os').abort()",
        metadata__usage_object="{'prompt_tokens': 1200, 'completion_tokens': 340, "
        "'prompt_tokens_details': {'cached_tokens': 800}}",
    )  # fmt: skip
    assert (event.story_key, event.request_model) == ("PROJ-6", "gpt-5-mini")
    assert (event.response_model, event.cache_read_input_tokens) == ("", 800)


def test_one_bad_span_is_rejected_alone() -> None:
    bad = {**SPAN, "attributes": attributes(**NAMED, gen_ai__usage__input_tokens="many")}
    batch = read(SPAN, bad, {**SPAN, "startTimeUnixNano": {}}, SPAN)
    assert [index for index, _ in batch.events] == [0, 3]
    assert [(item.index, item.code) for item in batch.rejected] == [
        (1, "not_a_count"), (2, "wrong_type"),
    ]  # fmt: skip
    assert batch.rejected[0].message.startswith("/spans/1/attributes/gen_ai.usage.input_tokens: ")


def test_a_time_that_no_calendar_has_is_rejected() -> None:
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    span.start_time_unix_nano = 2**64 - 1
    for name in ("gen_ai.request.model", "gen_ai.provider.name"):
        span.attributes.add(key=name).value.string_value = "x"
    span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 5
    batch = otlp_traces.read(message.SerializeToString(), now=NOW)
    assert [item.code for item in batch.rejected] == ["in_the_future"]
