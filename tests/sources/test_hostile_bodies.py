"""Whatever is sent, a reader answers with a Batch or InvalidInput; only sound events leave it."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.foundation.errors import InvalidInput
from integration.metering.attribution import attribute
from integration.metering.identity import identities
from integration.metering.usage import faults
from integration.sources import (
    bedrock,
    cloudevents,
    gpu_jobs,
    langfuse,
    litellm,
    otlp_logs,
    otlp_metrics,
    otlp_traces,
    usage_events,
)
from integration.sources.batch import Batch
from integration.sources.otlp_records import JSON
from tests.sources import small_payloads as small

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

READERS: dict[str, tuple[Callable[..., Any], Any]] = {
    "usage_events": (usage_events.read, {"events": [small.OUR_OWN]}),
    "litellm": (litellm.read, [small.LITELLM]),
    "bedrock": (bedrock.read, [small.BEDROCK]),
    "langfuse": (langfuse.read, {"data": [small.LANGFUSE]}),
    "cloudevents": (cloudevents.read, [small.CLOUDEVENT]),
    "otlp_traces": (
        partial(otlp_traces.read, content_type=JSON),
        json.loads(small.traces(small.SPAN)),
    ),
    "otlp_logs": (partial(otlp_logs.read, content_type=JSON), json.loads(small.logs(small.LOG))),
    "otlp_metrics": (
        partial(otlp_metrics.read, content_type=JSON),
        json.loads(small.metrics("claude_code.token.usage", small.POINT)),
    ),
}
BYTES_READERS: dict[str, Callable[..., Any]] = {
    **{name: read for name, (read, _) in READERS.items()},
    "gpu_jobs": gpu_jobs.read,
    "otlp_traces_protobuf": otlp_traces.read,
    "otlp_logs_protobuf": otlp_logs.read,
    "otlp_metrics_protobuf": otlp_metrics.read,
    "cloudevents_binary": partial(
        cloudevents.read,
        content_type="application/json",
        headers={"ce-specversion": "1.0", "ce-type": "t", "ce-source": "s", "ce-id": "i"},
    ),
}
NASTY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from([
        -1, 10**9 + 1, 10**30, 2**63, -(2**63), 1e308, "", "\0", "9" * 400, "x" * 300, "\ud800",
        "2026-11-20T10:00:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00", "1e999",
        "-5", "{'a': 1}", "{" * 300, "[" * 300, [], {}, [[]], [{}], "٣", "²", "\udfff",
        99999999999999999999999, "18446744073709551615", 253402300800, -62135596801,
    ]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)  # fmt: skip


def check(read: Callable[..., Any], body: bytes) -> None:
    try:
        found = read(body, now=NOW)
    except InvalidInput:
        return
    for item in found.rejected:
        assert item.message.startswith("/")
        assert len(item.message) < 700
    if isinstance(found, Batch):
        for _, event in found.events:
            assert faults(event, NOW) == []
            assert len(set(identities(event))) <= 4
            assert attribute(event, (), {"PROJ"}).reason in {"tag", "branch", "none"}
            assert b"\\u0000" not in msgspec.json.encode(event)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [path] + [place for key, child in children for place in places(child, (*path, key))]


def swapped(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    """Return the value with one place replaced."""
    if not place:
        return other
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = other
    return changed


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_refused(name: str, data: st.DataObject) -> None:
    read, sound = READERS[name]
    mutated = sound
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(places(mutated)))
        mutated = swapped(mutated, place, data.draw(NASTY))
    check(read, json.dumps(mutated).encode(errors="surrogatepass"))


@pytest.mark.parametrize("name", BYTES_READERS)
@settings(max_examples=150, deadline=None)
@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
@example(body=b"[" * 50_000)
@example(body=b'{"a":' * 50_000)
@example(body=b'{"events":[' + b"[" * 50_000)
@example(body=b'{"resourceSpans":[' + b"[" * 50_000)
@example(body=b'[{"a": NaN}]')
@example(body=b'[{"id": "\xff\xfe"}]')
@example(body=b'[{"id": "\\ud800", "status": "success", "model": "m", "startTime": 1795311201}]')
@example(body=b"\x0a\x02\x12\x00" * 1000)
@example(body=b"\x0a" * 1000)
def test_any_bytes_are_read_or_refused(name: str, body: bytes) -> None:
    check(BYTES_READERS[name], body)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 1), flip=st.integers(0, 255))
def test_a_damaged_body_is_read_or_refused(name: str, cut: float, flip: int) -> None:
    read, sound = READERS[name]
    body = bytearray(json.dumps(sound).encode())
    at = int(cut * (len(body) - 1))
    check(read, bytes(body[:at]))
    body[at] = flip
    check(read, bytes(body))


@pytest.mark.parametrize("name", READERS)
def test_content_never_leaves_a_reader(name: str) -> None:
    read, sound = READERS[name]
    found = read(json.dumps(sound).encode(), now=NOW)
    if isinstance(found, Batch):
        assert len(found.events) == 1
        assert small.CANARY not in msgspec.json.encode(found.events[0][1]).decode()
    assert found.rejected == []


@pytest.mark.parametrize("literal", [
    "{" + "-" * 60_000 + "1}", "{'a': " + "(" * 60_000, "{'a': " + "[" * 5_000 + "]" * 5_000 + "}",
    "{'a': " + "1+" * 30_000 + "1}", "{'a': " + "9" * 60_000 + "}", "{'a': {[]: 1}}", "{'\\d': 1}",
    "{**{}}", "{" * 1000,
])  # fmt: skip
def test_hostile_python_literals_are_empty(literal: str) -> None:
    values = {"gen_ai__request__model": "m", "gen_ai__usage__input_tokens": 1}
    span = {
        **small.SPAN,
        "attributes": small.attributes(**values, metadata__requester_metadata=literal),
    }
    body = small.traces(span, scope="litellm")
    (found,) = otlp_traces.read(body, now=NOW, content_type=JSON).events
    assert found[1].story_key == ""
