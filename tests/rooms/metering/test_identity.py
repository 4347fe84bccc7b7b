"""The marks by which several reports of one call are recognised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from integration.metering.identity import detail_of, identities
from integration.metering.usage import UsageEvent

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def report(source: str = "api", **fields: Any) -> UsageEvent:
    return UsageEvent(source=source, occurred_at=NOON, request_model="m", **fields)


def test_four_observers_of_one_call_share_a_mark() -> None:
    client = report("otlp.openllmetry", response_id="r", trace_id="t", span_id="1")
    gateway = report("otlp.litellm", response_id="r", call_id="c", trace_id="t", span_id="2")
    callback = report("litellm", response_id="r", call_id="c", event_id="r")
    log = report("bedrock", response_id="r", event_id="req")
    shared = set(identities(client)) & set(identities(gateway))
    assert shared & set(identities(callback)) & set(identities(log))


def test_a_call_without_ids_is_known_by_its_content() -> None:
    assert identities(report(trace_id="t")) == identities(report(trace_id="t"))
    assert identities(report(input_tokens=1)) != identities(report(input_tokens=2))


def test_a_cache_hit_does_not_pass_for_the_call_it_saved() -> None:
    call = report("litellm", response_id="r", call_id="c")
    hit = report("litellm", response_id="r", call_id="d", outcome="cache_hit")
    assert not set(identities(call)) & set(identities(hit))


def test_ids_of_two_sources_do_not_meet() -> None:
    assert identities(report("a", event_id="1")) != identities(report("b", event_id="1"))


def test_the_report_with_more_token_detail_wins_and_the_gateway_at_a_draw() -> None:
    def weight(source: str, cached_tokens: int) -> int:
        return detail_of(
            "completed", source, input_tokens=10, output_tokens=1, cached_tokens=cached_tokens,
            reasoning_output_tokens=0, accelerator_time=0,
        )  # fmt: skip

    ordered = [
        ("litellm", 0), ("otlp.logfire", 5), ("otlp.litellm", 5), ("litellm", 5),
    ]  # fmt: skip
    weights = [weight(*each) for each in ordered]
    assert weights == sorted(set(weights))
