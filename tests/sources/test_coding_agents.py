"""Claude Code, Codex CLI and Gemini CLI: one event per model call, from their log events."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integration.metering.usage import UsageEvent
from integration.sources import otlp_logs, otlp_metrics
from integration.sources.otlp_records import JSON
from tests.sources.small_payloads import LOG, POINT, attributes, logs, metrics

if TYPE_CHECKING:
    from integration.sources.batch import Batch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = datetime(2026, 11, 22, 1, 33, 21, 540815, tzinfo=UTC)


def read(*records: Any, **resource: Any) -> Batch:
    return otlp_logs.read(logs(*records, **resource), now=NOW, content_type=JSON)


def record(**values: Any) -> dict[str, Any]:
    return {"timeUnixNano": "1795311201540815030", "attributes": attributes(**values)}


def test_claude_code_counts_cached_tokens_beside_the_input() -> None:
    batch = read(LOG, service__name="claude-code", jira__issue="PROJ-1", team__id="core")
    assert batch.events == [
        (
            0,
            UsageEvent(
                source="claude_code",
                occurred_at=AT,
                provider_name="anthropic",
                request_model="claude-sonnet-4-5",
                input_tokens=1200,  # 400 + 700 + 100
                cache_read_input_tokens=700,
                cache_write_input_tokens=100,
                output_tokens=50,
                event_id="req_011",
                story_key="PROJ-1",
                team="core",
                user="abc",
                session="s-1",
                source_cost_usd="0.0123",
            ),
        )
    ]


def test_claude_code_may_leave_its_prefix_off_the_event_name() -> None:
    values = {"event__name": "api_request", "input_tokens": 1, "model": "claude"}
    assert len(read(record(**values), service__name="claude-code").events) == 1
    assert read(record(**values), service__name="my-app").ignored == 1


def test_claude_code_also_writes_numbers_as_texts() -> None:
    values = {"input_tokens": "400", "output_tokens": "50", "cost_usd": "0.01", "model": "claude"}
    (found,) = read(record(event__name="claude_code.api_request", **values)).events
    assert (found[1].input_tokens, found[1].output_tokens) == (400, 50)
    assert found[1].source_cost_usd == "0.01"


def test_an_error_of_an_agent_is_kept_for_audit() -> None:
    (found,) = read(record(event__name="claude_code.api_error", model="claude-opus-4-5")).events
    assert (found[1].outcome, found[1].total_tokens) == ("failed", 0)


def test_codex_counts_one_event_of_each_answer() -> None:
    sse = {"event__name": "codex.sse_event", "model": "gpt-5-codex", "conversation__id": "c-1"}
    done = record(
        **sse, event__kind="response.completed", input_token_count="1200",
        cached_token_count=800, output_token_count="340", reasoning_token_count=200,
        tool_token_count="1540",
    )  # fmt: skip
    other = record(**sse, event__kind="response.output_item.done")
    batch = read(other, done, service__name="codex_cli_rs", jira__issue="PROJ-2")
    assert batch.ignored == 1
    ((index, event),) = batch.events
    assert (index, event.source, event.story_key, event.session) == (1, "codex", "PROJ-2", "c-1")
    assert (event.input_tokens, event.cache_read_input_tokens) == (1200, 800)
    assert (event.output_tokens, event.reasoning_output_tokens) == (340, 200)
    again = read(other, done, service__name="codex_cli_rs", jira__issue="PROJ-2")
    assert again == batch


def test_gemini_counts_thoughts_beside_the_output() -> None:
    values = {
        "event__name": "gemini_cli.api_response", "model": "gemini-2.5-pro", "prompt_id": "p-1",
        "input_token_count": 1000, "cached_content_token_count": 600, "tool_token_count": 20,
        "output_token_count": 100, "thoughts_token_count": 300,
    }  # fmt: skip
    for total in ({}, {"total_token_count": 1420}):  # 1000 + 20 + 100 + 300
        (found,) = read(record(**values, **total), service__name="gemini-cli").events
        event = found[1]
        assert (event.input_tokens, event.cache_read_input_tokens) == (1020, 600)
        assert (event.output_tokens, event.reasoning_output_tokens) == (400, 300)


def test_gemini_s_second_event_about_the_same_call_is_ignored() -> None:
    second = record(
        event__name="gen_ai.client.inference.operation.details", gen_ai__usage__input_tokens=5,
        gen_ai__request__model="gemini-2.5-pro",
    )  # fmt: skip
    assert read(second, service__name="gemini-cli").ignored == 1
    assert len(read(second, service__name="my-app").events) == 1


def test_the_branch_on_the_resource_comes_along() -> None:
    (found,) = read(LOG, vcs__ref__head__name="feat/PROJ-9-login").events
    assert found[1].branch == "feat/PROJ-9-login"


def test_agent_metrics_are_check_totals() -> None:
    body = metrics("claude_code.token.usage", POINT, {**POINT, "asInt": "-1"})
    found = otlp_metrics.read(body, now=NOW, content_type=JSON)
    ((index, total),) = found.totals
    assert (index, total.source, total.token_type) == (0, "claude_code", "input")
    assert (total.amount, total.cumulative, total.unit) == (Decimal(1200), False, "tokens")
    assert [item.code for item in found.rejected] == ["out_of_range"]


def test_series_that_differ_in_an_attribute_we_do_not_read_stay_apart() -> None:
    other = {**POINT, "attributes": [*POINT["attributes"], *attributes(query_source="title")]}
    body = metrics("claude_code.token.usage", POINT, other, POINT)
    found = otlp_metrics.read(body, now=NOW, content_type=JSON)
    first, second, third = (total.series for _, total in found.totals)
    assert first == third != second


def test_metrics_without_tokens_are_ignored() -> None:
    found = otlp_metrics.read(metrics("codex.tool.call", POINT), now=NOW, content_type=JSON)
    assert (found.totals, found.ignored) == ([], 1)
