"""Which records are about one call, told by their figures; equal calls stay as many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.assembly import default_books
from integration.journeys.value_usage import Place, value
from integration.ledger.match_by_figures import Taken, same_calls
from integration.metering.attribution import attribute
from integration.metering.usage import UsageEvent

if TYPE_CHECKING:
    from integration.ledger.entry import LedgerEntry

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOOKS = default_books()
OPAQUE = "long-" + "5" * 32


def record(source: str, minutes: float = 0, **fields: Any) -> LedgerEntry:
    tokens = {"input_tokens": 1000, "output_tokens": 100}
    event = UsageEvent(
        source=source, occurred_at=NOON + timedelta(minutes=minutes), provider_name="openai",
        request_model="gpt-4o", **tokens | fields,
    )  # fmt: skip
    found = attribute(event, (), ())
    return value(event, Place(found.story_key, found.reason, 0, "eu-west-1"), BOOKS)


def stream(minutes: float = 0, **fields: Any) -> LedgerEntry:
    """What Logfire reports when a streamed answer ends: no id of the answer."""
    return record("otlp.logfire", minutes, **{"trace_id": "a" * 32, "span_id": "1" * 16} | fields)


def gateway(minutes: float = 0, **fields: Any) -> LedgerEntry:
    return record(
        "litellm", minutes, **{"response_id": "r1", "cache_read_input_tokens": 500} | fields
    )


@pytest.mark.parametrize("client", [
    stream(), stream(response_id=OPAQUE), record("claude_code", event_id="req_1"),
    record("langfuse", event_id="o1"), stream(14), stream(-1, cache_read_input_tokens=500),
    record("otlp", story_key="SHOP-1"),
])  # fmt: skip
def test_a_clients_record_without_an_id_joins_the_gateways(client: LedgerEntry) -> None:
    home = gateway()
    assert same_calls([client, home], ()) == [[home, client]]
    assert same_calls([client, home], [Taken(home.entry_id, client.source)]) == []


@pytest.mark.parametrize("other", [
    stream(input_tokens=1001), stream(output_tokens=99), stream(response_id="r2"), stream(16),
    stream(-3), stream(cache_read_input_tokens=499), stream(reasoning_output_tokens=7),
    stream(story_key="SHOP-7"), stream(authorization_id="b"), record("api", trace_id="a" * 32),
])  # fmt: skip
def test_what_differs_is_another_call(other: LedgerEntry) -> None:
    mine: dict[str, Any] = {
        "reasoning_output_tokens": 8,
        "story_key": "SHOP-1",
        "authorization_id": "a",
    }
    assert same_calls([gateway(trace_id="a" * 32, **mine), other], ()) == []


def test_a_call_that_used_nothing_is_never_matched() -> None:
    nothing: dict[str, Any] = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
    assert same_calls([gateway(**nothing), stream(**nothing)], ()) == []


def test_a_story_that_only_a_rule_or_a_branch_names_does_not_tell_calls_apart() -> None:
    home = gateway(branch="feat/SHOP-7")
    client = stream(story_key="SHOP-1")
    assert same_calls([home, client], ()) == [[home, client]]


def test_instrumentors_of_one_process_share_the_trace() -> None:
    """An embedding without a gateway: nobody knows an id."""
    sources = ("otlp.openllmetry", "otlp.openinference", "otlp.logfire")
    seen = [record(source, trace_id="a" * 32) for source in sources]
    other = stream(trace_id="b" * 32)
    (group,) = same_calls([*seen, other], ())
    assert sorted(each.source for each in group) == sorted(sources)
    assert other not in group


def test_client_gateway_and_provider_log_are_one_call() -> None:
    log, callback, client = record("bedrock"), gateway(response_id=""), stream()
    (group,) = same_calls([client, callback, log], ())
    assert group[0] is log
    assert len(group) == 3


def test_the_nearest_call_is_joined() -> None:
    early, late = gateway(-2), gateway(0.1, response_id="r2")
    assert same_calls([early, late, stream()], ())[0][0] is late


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["litellm", "otlp.litellm", "otlp.logfire", "codex", "api"]),
            st.floats(-20, 20), st.integers(1, 2), st.sampled_from(["", "r1", "r2", OPAQUE]),
            st.sampled_from(["", "a" * 32, "b" * 32]),
        ),
        max_size=9,
    )
)  # fmt: skip
def test_nobody_joins_twice_and_no_call_takes_two_records_of_one_source(
    drawn: list[tuple[str, float, int, str, str]],
) -> None:
    records = [
        record(source, minutes, input_tokens=size, response_id=name, trace_id=trace)
        for source, minutes, size, name, trace in drawn
    ]
    groups = same_calls(records, ())
    members = [each.entry_id for group in groups for each in group]
    assert len(members) == len(set(members))
    for group in groups:
        assert len({each.source for each in group}) == len(group)
        assert len({(each.input_tokens, each.output_tokens) for each in group}) == 1
        assert "api" not in {each.source for each in group}
    # Looked at again and again, records find the rest of their call, and then it ends.
    used: list[Taken] = []
    left = list(records)
    for _ in records:
        used += [Taken(group[0].entry_id, each.source) for group in groups for each in group[1:]]
        gone = {each.entry_id for group in groups for each in group[1:]}
        left = [each for each in left if each.entry_id not in gone]
        groups = same_calls(left, used)
    assert groups == []
    assert len(used) == len(set(used))
