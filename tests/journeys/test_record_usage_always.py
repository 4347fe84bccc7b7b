"""What must hold for any order and any duplication of reports, and for writers at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from integration.assembly import default_books
from integration.foundation.errors import Unavailable
from integration.foundation.turn import let_go
from integration.journeys.record_usage import Submission, UsageRecorder, record_usage
from integration.journeys.usage_queue import Ticket, UsageQueue
from integration.metering.usage import UsageEvent
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.journeys.ledger_recount import disagreements, double_reversals, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from integration.foundation.database import Transactions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOOKS = default_books()
A_TOKEN_IN, A_CACHED_TOKEN, A_TOKEN_OUT = 2_500, 1_250, 10_000  # nano-USD of gpt-4o


@pytest.fixture
def acme(transactions: Transactions) -> Transactions:
    with transactions.begin() as session:
        workspaces.create(session, Workspace("acme", "Acme"), NOON)
    return transactions


def reports(number: int) -> list[UsageEvent]:
    """Four observers' records of one call of 1,000 + number tokens, 500 of them cached."""
    base: dict[str, Any] = {
        "occurred_at": NOON - timedelta(hours=number), "provider_name": "openai",
        "request_model": "gpt-4o", "input_tokens": 1000 + number, "output_tokens": 10,
    }  # fmt: skip
    ids: dict[str, Any] = {"response_id": f"r{number}"}
    span: dict[str, Any] = {"trace_id": f"{number:032x}", "span_id": f"{number:016x}"}
    return [
        UsageEvent(source="otlp.openllmetry", **base, **span, story_key=f"SHOP-{number % 3 + 1}"),
        UsageEvent(source="otlp.litellm", **base, **ids, **span, call_id=f"c{number}"),
        UsageEvent(
            source="litellm", **base, **ids, call_id=f"c{number}", cache_read_input_tokens=500
        ),
        UsageEvent(source="bedrock", **base, **ids, event_id=f"e{number}"),
    ]  # fmt: skip


def cost_of(numbers: Sequence[int]) -> int:
    """By hand: what those calls cost, each once, with its cached tokens."""
    return sum(
        (500 + number) * A_TOKEN_IN + 500 * A_CACHED_TOKEN + 10 * A_TOKEN_OUT for number in numbers
    )


ALL = [event for number in range(4) for event in reports(number)]


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_any_order_and_duplication_counts_each_call_once(
    acme: Transactions, data: st.DataObject
) -> None:
    with acme.begin() as session:
        session.execute(text("TRUNCATE call_identity, sprint_spend, day_spend, usage_conflict"))
        session.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER USER"))
        session.execute(text("TRUNCATE ledger_entry"))
    again = data.draw(st.lists(st.sampled_from(range(len(ALL))), max_size=12))
    order = data.draw(st.permutations([*range(len(ALL)), *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=6)))
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        record_usage(acme, "acme", [ALL[place] for place in order[start:end]], BOOKS, now=NOON)
    assert totals(acme, "calls", "list_cost_nanousd") == (4, cost_of(range(4)))
    with acme.begin() as session:
        stories = session.execute(
            text(
                "SELECT story_key, sum(calls)::int FROM ledger_entry "
                "GROUP BY 1 HAVING sum(calls) <> 0"
            )
        )
        assert {row[0]: row[1] for row in stories} == {"SHOP-1": 2, "SHOP-2": 1, "SHOP-3": 1}
    assert disagreements(acme) == []
    assert double_reversals(acme) == 0


def at_once(workers: Sequence[Callable[[], object]]) -> list[object]:
    """Run all of them at the same moment and return their results."""
    gate = threading.Barrier(len(workers))

    def through_the_gate(work: Callable[[], object]) -> object:
        gate.wait(30)
        return work()

    with ThreadPoolExecutor(len(workers)) as pool:
        return list(pool.map(through_the_gate, workers))


def test_observers_that_report_at_the_same_moment_count_each_call_once(acme: Transactions) -> None:
    numbers = range(30)
    orders = [[reports(number)[observer] for number in numbers] for observer in range(4)]
    orders += [list(reversed(orders[2])), list(reversed(orders[0]))]

    def recorder(events: list[UsageEvent]) -> Callable[[], object]:
        return lambda: [
            record_usage(acme, "acme", events[start : start + 5], BOOKS, now=NOON)
            for start in range(0, len(events), 5)
        ]

    at_once([recorder(events) for events in orders])
    assert totals(acme, "calls", "list_cost_nanousd") == (30, cost_of(numbers))
    assert disagreements(acme) == []
    assert double_reversals(acme) == 0


def test_requests_at_the_same_moment_share_transactions_and_all_count(acme: Transactions) -> None:
    queue = UsageQueue(UsageRecorder(acme))

    def one(number: int) -> Callable[[], object]:
        return lambda: queue.record(Submission("acme", [reports(number)[2]], BOOKS, NOON))

    outcomes = at_once([one(number) for number in range(24)])
    assert outcomes == [["accepted"]] * 24
    assert totals(acme, "calls", "list_cost_nanousd") == (24, cost_of(range(24)))
    assert queue.waiting_events == 0


def test_a_poisoned_request_fails_no_other_in_its_transaction(acme: Transactions) -> None:
    recorder = UsageRecorder(acme)
    bad = UsageEvent(source="api", occurred_at=NOON, request_model="m", team="a\0b", event_id="x")
    submissions = [
        Submission("acme", [reports(0)[2]], BOOKS, NOON),
        Submission("acme", [bad], BOOKS, NOON),
        Submission("acme", [reports(1)[2]], BOOKS, NOON),
    ]
    recorder.record(submissions)
    assert [each.outcomes for each in submissions] == [["accepted"], ["rejected"], ["accepted"]]
    assert totals(acme, "calls") == (2,)


def test_a_request_for_an_unknown_workspace_fails_alone(acme: Transactions) -> None:
    queue = UsageQueue(UsageRecorder(acme))

    def ask(workspace_id: str, number: int) -> Callable[[], object]:
        def work() -> object:
            try:
                return queue.record(Submission(workspace_id, [reports(number)[2]], BOOKS, NOON))
            except Exception as error:
                return type(error).__name__

        return work

    work = [ask("acme", number) for number in range(6)] + [ask("nobody", 7)]
    assert at_once(work) == [["accepted"]] * 6 + ["NotFound"]


class Blocked(UsageRecorder):
    """A recorder whose database answers only when told to."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions)
        self.began = threading.Event()
        self.may_go_on = threading.Event()

    def record(self, submissions: Sequence[Submission]) -> None:
        self.began.set()
        assert self.may_go_on.wait(30)
        super().record(submissions)


def test_what_waits_is_bounded_and_the_rest_is_told_to_come_back(acme: Transactions) -> None:
    recorder = Blocked(acme)
    queue = UsageQueue(recorder, most_waiting_events=2)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(queue.record, Submission("acme", [reports(0)[2]], BOOKS, NOON))
        recorder.began.wait(30)
        second = pool.submit(
            queue.record, Submission("acme", [reports(1)[2], reports(2)[2]], BOOKS, NOON)
        )
        while queue.waiting_events < 2:
            threading.Event().wait(0.001)
        with pytest.raises(Unavailable) as refused:
            queue.record(Submission("acme", [reports(3)[2]], BOOKS, NOON))
        assert refused.value.retry_after == timedelta(seconds=1)
        recorder.may_go_on.set()
        assert first.result(30) == ["accepted"]
        assert second.result(30) == ["accepted", "accepted"]
    assert totals(acme, "calls") == (3,)


def test_a_request_that_waited_too_long_is_told_so_and_blocks_nobody(acme: Transactions) -> None:
    recorder = Blocked(acme)
    queue = UsageQueue(recorder, deadline_s=0.05)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(queue.record, Submission("acme", [reports(0)[2]], BOOKS, NOON))
        recorder.began.wait(30)
        with pytest.raises(Unavailable):
            queue.record(Submission("acme", [reports(1)[2]], BOOKS, NOON))
        recorder.may_go_on.set()
        assert first.result(30) == ["accepted"]
    assert queue.record(Submission("acme", [reports(1)[2]], BOOKS, NOON)) == ["accepted"]
    assert totals(acme, "calls") == (2,)


def test_who_has_given_up_keeps_nobody_behind_from_going() -> None:
    tickets = [Ticket(Submission("acme", (), BOOKS, NOON)) for _ in range(4)]
    assert not tickets[1].wait(0)
    let_go(tickets)
    assert not tickets[2].wait(0)  # Not yet: the first one has not gone.
    tickets[2].is_given_up = False
    assert [tickets[place].wait(0) for place in (0, 2, 3)] == [True, True, True]
