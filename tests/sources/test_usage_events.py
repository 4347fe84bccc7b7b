"""Our own JSON: what may be left out, and how a mistake is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from integration.foundation.errors import InvalidInput
from integration.metering.usage import UsageEvent
from integration.sources import usage_events
from integration.sources.batch import MAX_ITEMS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALL: dict[str, Any] = {"request_model": "claude-sonnet-4-5", "input_tokens": 100}


def body_of(*events: Any) -> bytes:
    return json.dumps({"events": events}).encode()


def only_rejection(body: bytes) -> tuple[int, str, str, str]:
    batch = usage_events.read(body, now=NOW)
    assert batch.events == []
    (item,) = batch.rejected
    return item.index, item.id, item.code, item.message


def test_a_model_and_its_tokens_are_enough() -> None:
    ((index, event),) = usage_events.read(body_of(CALL), now=NOW).events
    assert index == 0
    assert msgspec.structs.asdict(event) == msgspec.structs.asdict(
        UsageEvent(
            source="api", occurred_at=NOW, provider_name="anthropic",
            request_model="claude-sonnet-4-5", input_tokens=100,
        )
    )  # fmt: skip


@pytest.mark.parametrize("body", [
    b'[{"request_model":"m"},{"request_model":"n"}]',
    b'{"request_model":"m"}\n{"request_model":"n"}\n',
    b' {"events": [{"request_model":"m"},{"request_model":"n"}]}',
])  # fmt: skip
def test_events_come_wrapped_in_an_array_or_on_lines(body: bytes) -> None:
    events = usage_events.read(body, now=NOW).events
    assert [(index, event.model) for index, event in events] == [(0, "m"), (1, "n")]


def test_one_event_alone_is_read() -> None:
    (found,) = usage_events.read(b'{"request_model":"m"}', now=NOW).events
    assert found[1].model == "m"


@pytest.mark.parametrize(("theirs", "ours"), [
    ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"),
    ("model", "request_model"), ("timestamp", "occurred_at"), ("jira_issue", "story_key"),
])  # fmt: skip
def test_another_api_s_name_is_refused_by_naming_ours(theirs: str, ours: str) -> None:
    index, name, code, message = only_rejection(body_of(CALL | {theirs: 1, "event_id": "e-1"}))
    assert (index, name, code) == (0, "e-1", "unknown_field")
    assert message == f"/events/0/{theirs}: the field is called {ours} here"


@pytest.mark.parametrize(("wrong", "code", "pointer"), [
    ({"input_tokens": "100"}, "wrong_type", "/events/0/input_tokens"),
    ({"input_tokens": -1}, "out_of_range", "/events/0/input_tokens"),
    ({"output_tokens": 10**9 + 1}, "out_of_range", "/events/0/output_tokens"),
    ({"output_tokens": 10**400}, "out_of_range", "/events/0/output_tokens"),
    ({"cache_read_input_tokens": 101}, "excludes_cached", "/events/0/input_tokens"),
    ({"reasoning_output_tokens": 1}, "excludes_reasoning", "/events/0/output_tokens"),
    ({"cache_write_1h_input_tokens": 1}, "excludes_1h", "/events/0/cache_write_input_tokens"),
    ({"occurred_at": "2026-11-22T12:11:00Z"}, "in_the_future", "/events/0/occurred_at"),
    ({"occurred_at": "2019-01-01T00:00:00Z"}, "too_old", "/events/0/occurred_at"),
    ({"occurred_at": "2026-11-22T12:00:00"}, "no_time_zone", "/events/0/occurred_at"),
    ({"occurred_at": "yesterday"}, "wrong_type", "/events/0/occurred_at"),
    ({"story_key": "x" * 257}, "wrong_type", "/events/0/story_key"),
    ({"story_key": "a\0b"}, "bad_character", "/events/0"),
    ({"gpu_hours": -0.5}, "out_of_range", "/events/0/gpu_hours"),
    ({"gpu_utilisation": 1.5}, "out_of_range", "/events/0/gpu_utilisation"),
    ({"source_cost_usd": "a lot"}, "wrong_type", "/events/0/source_cost_usd"),
    ({"request_model": ""}, "missing", "/events/0/request_model"),
    ({"tags": ["x"] * 33}, "wrong_type", "/events/0/tags"),
    ({"outcome": "lost"}, "wrong_type", "/events/0/outcome"),
])  # fmt: skip
def test_a_fault_is_named_with_its_field(wrong: dict[str, Any], code: str, pointer: str) -> None:
    _, _, found, message = only_rejection(body_of(CALL | wrong))
    assert found == code
    assert message.startswith(f"{pointer}: ")


def test_one_bad_event_is_rejected_alone() -> None:
    batch = usage_events.read(body_of(CALL, CALL | {"calls": "two"}, CALL), now=NOW)
    assert [index for index, _ in batch.events] == [0, 2]
    assert [(item.index, item.code) for item in batch.rejected] == [(1, "wrong_type")]


def test_an_e_mail_address_becomes_a_pseudonym() -> None:
    batch = usage_events.read(body_of(CALL | {"user": "Bea@example.com"}), now=NOW)
    again = usage_events.read(body_of(CALL | {"user": "bea@example.com"}), now=NOW)
    user = batch.events[0][1].user
    assert user.startswith("user-")
    assert user == again.events[0][1].user


@pytest.mark.parametrize("body", [
    b"", b"not json", b"7", b'"text"', b'{"events": 7}', b"[" * 100_000,
    b'{"events": [{"request_model": "\xff"}', b'{"events": [{"gpu_hours": NaN}]}',
])  # fmt: skip
def test_a_body_that_is_malformed_as_a_whole_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        usage_events.read(body, now=NOW)
    assert refused.value.errors[0].message


def test_more_items_than_the_limit_are_refused() -> None:
    body = b"[" + b",".join([b"{}"] * (MAX_ITEMS + 1)) + b"]"
    with pytest.raises(InvalidInput) as refused:
        usage_events.read(body, now=NOW)
    assert refused.value.errors[0].code == "too_many_items"
