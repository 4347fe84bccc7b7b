"""CloudEvents, Bedrock logs, Langfuse exports and CodeCarbon's file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integration.foundation.errors import InvalidInput
from integration.metering.identity import identities
from integration.sources import bedrock, cloudevents, gpu_jobs, langfuse
from tests.sources.small_payloads import BEDROCK, CLOUDEVENT, EMISSIONS_CSV, LANGFUSE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
HEADERS = {
    "Ce-Specversion": "1.0", "Ce-Type": "ai.usage", "Ce-Source": "/ci/agents", "Ce-Id": "42",
    "Ce-Time": "2026-11-20T10:00:00Z", "Ce-Subject": "PROJ%2D1",
}  # fmt: skip


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_cloudevent_reads_the_same_in_all_three_modes() -> None:
    single = cloudevents.read(encoded(CLOUDEVENT), now=NOW)
    batched = cloudevents.read(
        encoded([CLOUDEVENT]), now=NOW, content_type=cloudevents.BATCHED + "; charset=utf-8"
    )
    binary = cloudevents.read(
        encoded(CLOUDEVENT["data"]), now=NOW, content_type="application/json", headers=HEADERS
    )
    assert single == batched == binary
    event = single.events[0][1]
    assert (event.occurred_at, event.event_id) == (TEN, "/ci/agents 42")
    assert (event.provider_name, event.input_tokens) == ("openai", 1200)
    assert event.tags == ("PROJ-1",)


def test_source_and_id_together_name_a_cloudevent() -> None:
    def named(**changes: Any) -> list[Any]:
        (found,) = cloudevents.read(encoded(CLOUDEVENT | changes), now=NOW).events
        return identities(found[1])

    assert named() == named(time="2026-11-20T11:00:00Z")
    assert named() != named(source="/other")
    assert named() != named(id="43")


def test_cloudevents_are_told_from_other_json() -> None:
    assert cloudevents.is_cloudevent("application/cloudevents+json; charset=utf-8", {})
    assert cloudevents.is_cloudevent("application/json", {"CE-Id": "1"})
    assert not cloudevents.is_cloudevent("application/json", {"X-Id": "1"})


def test_openmeter_s_input_and_output_events_make_one_call() -> None:
    halves = [
        CLOUDEVENT | {"id": kind, "data": {"tokens": "20", "model": "gpt-5", "type": kind}}
        for kind in ("input", "output")
    ]
    events = [event for _, event in cloudevents.read(encoded(halves), now=NOW).events]
    assert sum(event.calls for event in events) == 1
    assert sum(event.input_tokens for event in events) == 20
    assert sum(event.output_tokens for event in events) == 20


@pytest.mark.parametrize(("changes", "pointer"), [
    ({"specversion": "0.3"}, "/0/specversion"), ({"time": "noon"}, "/0/time"),
    ({"data": {"prompt_tokens": 1}}, "/0/data/prompt_tokens"), ({"id": 7}, "/0/id"),
    ({"data": {"tokens": "20", "model": "m", "type": "cached"}}, "/0/data/type"),
])  # fmt: skip
def test_a_bad_cloudevent_is_rejected_with_its_field(changes: dict[str, Any], pointer: str) -> None:
    (item,) = cloudevents.read(encoded(CLOUDEVENT | changes), now=NOW).rejected
    assert item.message.startswith(f"{pointer}: ")


def test_a_binary_cloudevent_without_an_id_is_refused() -> None:
    headers = {name: value for name, value in HEADERS.items() if name != "Ce-Id"}
    with pytest.raises(InvalidInput) as refused:
        cloudevents.read(b"{}", now=NOW, content_type="application/json", headers=headers)
    assert refused.value.errors[0].pointer == "/ce-id"


def test_bedrock_counts_cached_tokens_beside_the_input() -> None:
    ((_, event),) = bedrock.read(encoded(BEDROCK), now=NOW).events
    assert (event.input_tokens, event.output_tokens) == (1200, 50)  # 400 + 700 + 100
    assert (event.cache_read_input_tokens, event.cache_write_input_tokens) == (700, 100)
    assert (event.response_id, event.event_id) == ("msg_bdrk_1", "req-1")
    assert (event.response_model, event.region) == ("claude-sonnet-4-5-20250929", "eu-central-1")


def test_the_session_name_of_a_role_is_nobody_s_business() -> None:
    ((_, event),) = bedrock.read(encoded(BEDROCK), now=NOW).events
    assert (event.key_alias, event.user) == ("Agents", "")


def test_the_lines_of_a_bedrock_log_file_are_read_and_others_ignored() -> None:
    lines = b"\n".join(encoded(log) for log in (BEDROCK, {**BEDROCK, "schemaType": "Other"}))
    batch = bedrock.read(lines, now=NOW)
    assert (len(batch.events), batch.ignored) == (1, 1)


def test_langfuse_keeps_each_class_of_tokens_apart() -> None:
    batch = langfuse.read(encoded({"data": [LANGFUSE, {**LANGFUSE, "type": "SPAN"}]}), now=NOW)
    assert batch.ignored == 1
    ((_, event),) = batch.events
    assert (event.input_tokens, event.cache_read_input_tokens) == (1200, 800)  # 400 + 800
    assert (event.output_tokens, event.reasoning_output_tokens) == (340, 200)  # 140 + 200
    assert (event.story_key, event.team, event.prompt_version) == ("PROJ-1", "core", "triage@3")
    assert (event.source_cost_usd, event.session, event.user) == ("0.0008", "s-1", "u-1")
    assert (event.trace_id[:8], event.span_id) == ("01234567", "0123456789abcdef")


def test_langfuse_totals_say_when_cached_tokens_are_inside() -> None:
    inside = {"input": 1200, "input_cached_tokens": 800, "output": 340, "total": 1540}
    ((_, event),) = langfuse.read(encoded([{**LANGFUSE, "usageDetails": inside}]), now=NOW).events
    assert (event.input_tokens, event.output_tokens) == (1200, 340)


def test_langfuse_s_older_usage_is_read() -> None:
    older = {**LANGFUSE, "usageDetails": None, "usage": {"input": 12, "output": 5, "total": 17}}
    ((_, event),) = langfuse.read(encoded([older]), now=NOW).events
    assert (event.input_tokens, event.output_tokens) == (12, 5)


def test_a_codecarbon_run_counts_once_with_its_last_row() -> None:
    batch = gpu_jobs.read(EMISSIONS_CSV, now=NOW, time_zone=ZoneInfo("Europe/Berlin"))
    assert batch.ignored == 1
    ((index, event),) = batch.events
    assert (index, event.occurred_at) == (1, TEN)
    assert (event.accelerator, event.gpu_count, event.gpu_hours) == ("NVIDIA A40", 4, 2.0)
    assert (event.energy_wh, event.region) == (2500.0, "DEU")
    assert (event.event_id, event.tags) == ("run-1", ("PROJ-1",))


def test_a_run_without_gpus_is_named_by_its_processor() -> None:
    body = EMISSIONS_CSV.replace(b"4,4 x NVIDIA A40,EPYC", b",,EPYC")
    ((_, event),) = gpu_jobs.read(body, now=NOW, story_key="PROJ-2").events
    assert (event.accelerator, event.gpu_count, event.story_key) == ("EPYC", 0, "PROJ-2")


@pytest.mark.parametrize(("wrong", "code"), [
    (b"x,7200", "bad_time"), (b"2026-11-20T11:00:00,PROJ-1,run-1,soon", "not_a_number"),
    (b"2026-11-20T11:00:00,PROJ-1,run-1,nan", "not_a_number"),
    (b"2026-11-20T11:00:00,PROJ-1,run-1,-7200", "out_of_range"),
])  # fmt: skip
def test_a_bad_row_is_rejected(wrong: bytes, code: str) -> None:
    good = b"2026-11-20T11:00:00,PROJ-1,run-1,7200"
    swapped = good.replace(b"2026-11-20T11:00:00", b"x") if code == "bad_time" else wrong
    batch = gpu_jobs.read(EMISSIONS_CSV.replace(good, swapped), now=NOW)
    assert [item.code for item in batch.rejected] == [code]


def test_a_row_without_end_is_refused_before_it_fills_the_memory() -> None:
    for body in (EMISSIONS_CSV + b"," * 70_000, b"," * 70_000, EMISSIONS_CSV + b"\r" * 70_000):
        with pytest.raises(InvalidInput, match="longer"):
            gpu_jobs.read(body, now=NOW)


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"\xff\xfe", b'"' * 10])
def test_a_file_that_is_not_codecarbon_s_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        gpu_jobs.read(body, now=NOW)
