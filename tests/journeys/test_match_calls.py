"""Calls whose records share no id: counted once as soon as the clock has looked at them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integration.journeys.correct_entries import move_spend
from integration.journeys.match_calls import match_calls
from tests.journeys.ledger_recount import disagreements, double_reversals
from tests.journeys.test_record_usage import CACHED, NOON, PLAIN, Acme, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.foundation.database import Transactions
    from integration.metering.usage import UsageEvent


@pytest.fixture
def acme(transactions: Transactions) -> Iterator[Acme]:
    acme = Acme(transactions)
    yield acme
    assert disagreements(transactions) == []
    assert double_reversals(transactions) == 0


def match(acme: Acme, workspace_id: str = "acme") -> int:
    now = NOON + timedelta(minutes=1)
    since = now - timedelta(minutes=15)
    return match_calls(acme.transactions, workspace_id, since=since, now=now)


def stream(place: int = 1, **fields: Any) -> UsageEvent:
    """What Logfire reports when a streamed answer ends: no id of the answer."""
    return call("otlp.logfire", trace_id=f"{place:032d}", span_id=f"{place:016d}", **fields)


def gateway(place: int = 1, **fields: Any) -> UsageEvent:
    ids = {"response_id": f"r{place}", "call_id": f"c{place}"}
    return call("litellm", cache_read_input_tokens=500, **ids | fields)


def test_a_stream_joins_the_gateways_record_and_stays_known(acme: Acme) -> None:
    client = stream(story_key="SHOP-1")
    acme.record(client)
    acme.record(gateway())
    assert acme.calls() == 2
    assert match(acme, "other") == 0
    assert match(acme) == 1
    assert acme.spend() == {("SHOP-1", 14): (1, CACHED)}
    assert match(acme) == 0
    assert acme.record(client) == ["duplicate"]
    assert acme.record(gateway()) == ["duplicate"]
    assert acme.spend() == {("SHOP-1", 14): (1, CACHED)}


def test_as_many_equal_calls_remain_as_there_were(acme: Acme) -> None:
    acme.record(stream(1), stream(2), stream(3), gateway(1), gateway(2))
    assert match(acme) == 2
    assert (acme.calls(), acme.cost()) == (3, 2 * CACHED + PLAIN)
    acme.record(gateway(3))
    assert match(acme) == 1
    assert (acme.calls(), acme.cost()) == (3, 3 * CACHED)


def test_a_persons_decision_outlasts_the_match(acme: Acme) -> None:
    acme.record(stream(story_key="SHOP-1"))
    move_spend(
        acme.transactions, "acme", from_story="SHOP-1", to_story="", first=NOON.date(),
        last=NOON.date(), is_applied=True, actor="ann", reason="a spike", now=NOON,
    )  # fmt: skip
    acme.record(gateway())
    assert match(acme) == 1
    assert acme.spend() == {("", 0): (1, CACHED)}


def test_a_record_that_names_the_call_later_finds_it_where_it_went(acme: Acme) -> None:
    acme.record(stream(), gateway())
    match(acme)
    both = stream(response_id="r1", reasoning_output_tokens=50, cache_read_input_tokens=500)
    assert acme.record(both) == ["improved"]
    assert (acme.calls(), acme.cost()) == (1, CACHED)
