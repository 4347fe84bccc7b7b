"""Metrics: kept, compared with calls, never added to them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integration.journeys.check_totals import compare_totals, keep_totals
from integration.metering import store as metering
from integration.sources import otlp_metrics
from tests.journeys.test_record_usage import NOON, Acme, call
from tests.sources import small_payloads as small

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions
    from integration.journeys.check_totals import DayCheck

TODAY = NOON.date()
HOUR = timedelta(hours=1)


def point(kind: str, amount: int, at: datetime, started: datetime) -> dict[str, Any]:
    return {
        "startTimeUnixNano": str(int(started.timestamp()) * 10**9),
        "timeUnixNano": str(int(at.timestamp()) * 10**9), "asInt": str(amount),
        "attributes": small.attributes(type=kind, model="claude-sonnet-4-5"),
    }  # fmt: skip


def send(transactions: Transactions, *points: dict[str, Any], temporality: int = 1) -> None:
    body = small.metrics("claude_code.token.usage", *points, temporality=temporality)
    found = otlp_metrics.read(body, now=NOON, content_type="application/json")
    assert found.rejected == []
    keep_totals(transactions, "acme", [total for _, total in found.totals])


def checks(transactions: Transactions) -> list[DayCheck]:
    with transactions.begin() as session:
        return compare_totals(session, "acme", TODAY - timedelta(days=2), TODAY)


def test_what_metrics_told_and_no_call_accounts_for_is_missing(transactions: Transactions) -> None:
    acme = Acme(transactions)
    acme.record(call("claude_code", event_id="1"))  # 1,000 in and 100 out.
    parts = {"input": 400, "cacheRead": 700, "cacheCreation": 100, "output": 130}
    for _ in range(2):  # An exporter may send the same again.
        send(transactions, *(point(kind, n, NOON, NOON - HOUR) for kind, n in parts.items()))
    (found,) = checks(transactions)
    assert (found.source, found.told_input_tokens, found.told_output_tokens) == (
        "claude_code", 1200, 130,
    )  # fmt: skip
    assert (found.metered_input_tokens, found.missing_input_tokens) == (1000, 200)
    assert found.missing_output_tokens == 30
    assert acme.calls() == 1
    acme.record(call("otlp", span_id="1", trace_id="1", input_tokens=200, output_tokens=30))
    assert [each.missing_input_tokens for each in checks(transactions)] == [0]


def test_deltas_add_up_and_a_cumulative_series_counts_what_it_grew_by(
    transactions: Transactions,
) -> None:
    Acme(transactions)
    yesterday = NOON - timedelta(days=1)
    send(transactions, point("input", 5, NOON - HOUR, NOON - 2 * HOUR))
    send(transactions, point("input", 7, NOON, NOON - HOUR))
    grown = [(yesterday, 100), (NOON - HOUR, 130), (NOON, 160)]
    for at, amount in [grown[1], *grown, grown[0]]:
        send(transactions, point("output", amount, at, yesterday - HOUR), temporality=2)
    before, today = checks(transactions)
    assert (before.told_output_tokens, today.told_output_tokens) == (100, 60)
    assert today.told_input_tokens == 12


def test_old_totals_are_forgotten(transactions: Transactions) -> None:
    Acme(transactions)
    send(transactions, point("input", 5, NOON, NOON - HOUR))
    with transactions.begin() as session:
        metering.forget_totals(session, TODAY)
    assert len(checks(transactions)) == 1
    with transactions.begin() as session:
        metering.forget_totals(session, TODAY + timedelta(days=1))
    assert checks(transactions) == []
