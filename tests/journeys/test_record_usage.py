"""One call, however often and from however many observers it is reported, is counted once.

gpt-4o costs 2.50 USD per million input tokens, 1.25 cached, 10.00 output: 2,500, 1,250 and 10,000
nano-USD a token.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from integration.assembly import default_books
from integration.backlog import store as backlog
from integration.backlog.story import Membership, Sprint, Story
from integration.journeys.keep_backlog import take_in_sprint, take_in_story
from integration.journeys.record_usage import record_usage
from integration.ledger import store as ledger
from integration.metering.usage import UsageEvent
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.journeys.ledger_recount import (
    disagreements,
    double_reversals,
    spend_by_story,
    totals,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.foundation.database import Transactions
    from integration.journeys.known_calls import Outcome

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = NOON - timedelta(days=9)
BOOKS = default_books()


def call(source: str = "api", **fields: Any) -> UsageEvent:
    """1,000 tokens in, 100 out on gpt-4o: 2,500,000 + 1,000,000 nano-USD."""
    values: dict[str, Any] = {
        "source": source,
        "occurred_at": NOON,
        "provider_name": "openai",
        "request_model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 100,
        "region": "eu-west-1",
    } | fields
    return UsageEvent(**values)  # fmt: skip


PLAIN, CACHED = 3_500_000, 2_875_000  # With 500 of the 1,000 from the cache: 625,000 less.


class Acme:
    """The workspace `acme` with SHOP-1 in Sprint 14 and its sub-task SHOP-2."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions
        with transactions.begin() as session:
            workspaces.create(session, Workspace("acme", "Acme"), START)
        take_in_sprint(transactions, "acme", sprint(), now=START)
        for number, changes in ((1, {}), (2, {"parent_key": "SHOP-1", "is_subtask": True})):
            take_in_story(
                transactions, "acme", story(number, **changes), BOOKS, rows=None,
                has_section=True, now=START,
            )  # fmt: skip

    def record(self, *events: UsageEvent, now: datetime = NOON) -> list[Outcome]:
        return record_usage(self.transactions, "acme", events, BOOKS, now=now)

    def cost(self) -> int:
        return totals(self.transactions, "list_cost_nanousd")[0]

    def calls(self) -> int:
        return totals(self.transactions, "calls")[0]

    def spend(self) -> dict[tuple[str, int], tuple[int, int]]:
        return spend_by_story(self.transactions)


def sprint(**changes: Any) -> Sprint:
    values: dict[str, Any] = {
        "sprint_id": 14,
        "board_id": 7,
        "name": "Acme Sprint 14",
        "state": "active",
        "starts_at": START,
        "ends_at": START + timedelta(days=11),
    } | changes
    return Sprint(**values)  # fmt: skip


def story(number: int, **changes: Any) -> Story:
    values: dict[str, Any] = {
        "issue_id": str(number),
        "story_key": f"SHOP-{number}",
        "project_key": "SHOP",
        "summary": "A story",
        "issue_type": "Story",
        "status": "In Progress",
        "status_category": "indeterminate",
        "updated_at": START,
        "created_at": START,
        "memberships": (Membership(14, START),),
    } | changes
    return Story(**values)  # fmt: skip


@pytest.fixture
def acme(transactions: Transactions) -> Iterator[Acme]:
    yield Acme(transactions)
    assert disagreements(transactions) == []
    assert double_reversals(transactions) == 0


def test_a_call_is_priced_and_lands_on_its_story_and_sprint(acme: Acme) -> None:
    assert acme.record(call(response_id="r1", story_key="SHOP-1")) == ["accepted"]
    assert acme.spend() == {("SHOP-1", 14): (1, PLAIN)}


def test_the_same_call_from_four_observers_costs_once(acme: Acme) -> None:
    client = call("otlp.openllmetry", response_id="r1", trace_id="a" * 32, span_id="1" * 16)
    gateway = call("otlp.litellm", response_id="r1", call_id="c1", trace_id="a" * 32, span_id="2")
    callback = call("litellm", response_id="r1", call_id="c1", cache_read_input_tokens=500)
    log = call("bedrock", response_id="r1", event_id="req-1")
    outcomes = [acme.record(each)[0] for each in (client, gateway, callback, log)]
    assert outcomes == ["accepted", "duplicate", "improved", "duplicate"]
    assert (acme.calls(), acme.cost()) == (1, CACHED)


def test_a_resend_with_another_timestamp_counts_once(acme: Acme) -> None:
    acme.record(call(event_id="e1", occurred_at=NOON - timedelta(days=2)))
    assert acme.record(call(event_id="e1")) == ["duplicate"]
    assert acme.calls() == 1


def test_a_resend_inside_one_batch_counts_once(acme: Acme) -> None:
    assert acme.record(*[call(event_id="e1")] * 3) == ["accepted", "duplicate", "duplicate"]
    assert (acme.calls(), acme.cost()) == (1, PLAIN)


def test_a_batch_may_improve_on_its_own_earlier_record(acme: Acme) -> None:
    outcomes = acme.record(
        call(response_id="r1"), call("litellm", response_id="r1", cache_read_input_tokens=500)
    )
    assert outcomes == ["accepted", "improved"]
    assert (acme.calls(), acme.cost()) == (1, CACHED)


def test_a_record_that_joins_two_calls_into_one_takes_the_other_one_back(acme: Acme) -> None:
    """The span knew no response id, the callback no span: only the third record has both."""
    span = call("otlp.a", trace_id="a" * 32, span_id="1" * 16)
    callback = call("litellm", response_id="r1", cache_read_input_tokens=500)
    both = call("otlp.b", response_id="r1", trace_id="a" * 32, span_id="1" * 16)
    acme.record(span)
    acme.record(callback)
    assert acme.calls() == 2
    assert acme.record(both) == ["improved"]
    assert (acme.calls(), acme.cost()) == (1, CACHED)
    assert acme.record(span, callback, both) == ["duplicate"] * 3
    again = call("otlp.c", trace_id="a" * 32, span_id="1" * 16, input_tokens=7)
    assert acme.record(again) == ["duplicate"]
    assert (acme.calls(), acme.cost()) == (1, CACHED)


def test_joining_inside_one_batch_counts_once_as_well(acme: Acme) -> None:
    outcomes = acme.record(
        call(call_id="c1"), call(response_id="r1"), call(response_id="r1", call_id="c1")
    )
    assert outcomes == ["accepted", "accepted", "improved"]
    assert (acme.calls(), acme.cost()) == (1, PLAIN)


def test_marks_that_a_duplicate_brings_recognise_the_call_from_then_on(acme: Acme) -> None:
    acme.record(call(response_id="r1"))
    acme.record(call(response_id="r1", call_id="c1"), call(call_id="c1", event_id="e1"))
    assert acme.record(call(event_id="e1")) == ["duplicate"]
    assert acme.calls() == 1


def test_the_story_comes_from_whichever_record_has_one(acme: Acme) -> None:
    """The client knows the story, the gateway knows the cached tokens: each keeps its own."""
    acme.record(call(response_id="r1", story_key="SHOP-1", team="assist"))
    acme.record(call("litellm", response_id="r1", cache_read_input_tokens=500))
    assert acme.spend() == {("SHOP-1", 14): (1, CACHED)}


def test_a_story_that_comes_with_a_worse_record_is_taken(acme: Acme) -> None:
    acme.record(call("litellm", response_id="r1", cache_read_input_tokens=500))
    assert acme.record(call(response_id="r1", story_key="SHOP-1")) == ["improved"]
    assert acme.spend() == {("SHOP-1", 14): (1, CACHED)}


def test_an_explicit_tag_outweighs_a_branch_whichever_comes_first(acme: Acme) -> None:
    branch = call("otlp", response_id="r1", branch="feature/SHOP-2-x")
    tagged = call(response_id="r1", story_key="SHOP-9")
    acme.record(branch, tagged)
    acme.record(
        call(response_id="r2", story_key="SHOP-9"), call("x", response_id="r2", branch="SHOP-1")
    )
    assert acme.spend() == {("SHOP-9", 0): (2, 2 * PLAIN)}


def test_an_improved_record_keeps_the_day_and_the_sprint_of_the_first(acme: Acme) -> None:
    before_the_sprint_closed = START + timedelta(days=1)
    acme.record(call(response_id="r1", occurred_at=before_the_sprint_closed))
    later = START + timedelta(days=40)
    take_in_sprint(
        acme.transactions, "acme",
        sprint(state="closed", completed_at=START + timedelta(days=11)), now=later,
    )  # fmt: skip
    acme.record(call("litellm", response_id="r1", story_key="SHOP-1", occurred_at=later), now=later)
    assert acme.spend() == {("SHOP-1", 14): (1, PLAIN)}


def test_a_failed_record_gives_way_to_the_completed_one_in_either_order(acme: Acme) -> None:
    failed = call("litellm", call_id="c1", outcome="failed")
    done = call("litellm", call_id="c1", response_id="r1")
    assert acme.record(failed) == ["accepted"]
    assert (acme.calls(), acme.cost()) == (0, 0)
    assert acme.record(done) == ["improved"]
    other = call("litellm", call_id="c2", response_id="r2")
    attempt = call("litellm", call_id="c2", outcome="failed", input_tokens=9999)
    assert acme.record(other, attempt) == ["accepted", "duplicate"]
    assert (acme.calls(), acme.cost()) == (2, 2 * PLAIN)


def test_a_record_with_output_tokens_beats_one_without(acme: Acme) -> None:
    acme.record(call(response_id="r1", output_tokens=0))
    assert acme.record(call(response_id="r1")) == ["improved"]
    assert acme.cost() == PLAIN


def test_a_cache_hit_costs_nothing_and_the_call_it_saved_stays(acme: Acme) -> None:
    acme.record(call("litellm", response_id="r1", call_id="c1"))
    hit = call("litellm", response_id="r1", call_id="c2", outcome="cache_hit")
    assert acme.record(hit) == ["accepted"]
    assert totals(acme.transactions, "calls", "avoided_calls", "list_cost_nanousd") == (1, 1, PLAIN)


def test_a_client_that_saw_a_cached_answer_does_not_pay_for_it(acme: Acme) -> None:
    span = call("otlp", trace_id="a" * 32, span_id="1" * 16)
    hit = call("litellm", call_id="c2", trace_id="a" * 32, span_id="1" * 16, outcome="cache_hit")
    acme.record(span)
    assert acme.record(hit) == ["improved"]
    assert acme.record(span) == ["duplicate"]
    assert totals(acme.transactions, "calls", "avoided_calls", "list_cost_nanousd") == (0, 1, 0)


def test_a_cache_hit_is_avoided_once_even_if_its_client_repeats_the_saved_call(acme: Acme) -> None:
    acme.record(call("litellm", response_id="r1", call_id="c1"))
    echo = call("otlp", response_id="r1", trace_id="b" * 32, span_id="2" * 16)
    hit = call("litellm", call_id="c2", trace_id="b" * 32, span_id="2" * 16, outcome="cache_hit")
    assert acme.record(echo, hit) == ["duplicate", "accepted"]
    assert totals(acme.transactions, "calls", "avoided_calls", "list_cost_nanousd") == (1, 1, PLAIN)


def test_two_answers_under_one_span_are_two_calls(acme: Acme) -> None:
    span: dict[str, Any] = {"trace_id": "a" * 32, "span_id": "1" * 16}
    assert acme.record(call(response_id="r1", **span), call(response_id="r2", **span)) == [
        "accepted", "accepted"
    ]  # fmt: skip
    assert (acme.calls(), acme.cost()) == (2, 2 * PLAIN)


def test_a_call_whose_entry_retention_dropped_is_still_known(acme: Acme) -> None:
    old = call(response_id="r1", occurred_at=NOON - timedelta(days=3))
    acme.record(old)
    with acme.transactions.begin() as session:
        session.execute(text("TRUNCATE sprint_spend, day_spend"))
        session.execute(text("DROP TABLE ledger_entry_20261117"))
    better = call("litellm", response_id="r1", cache_read_input_tokens=500)
    assert acme.record(old, better) == ["duplicate", "duplicate"]
    assert acme.calls() == 0


def test_a_sub_tasks_spend_is_its_storys(acme: Acme) -> None:
    acme.record(call(response_id="r1", story_key="SHOP-2"))
    assert acme.spend() == {("SHOP-1", 14): (1, PLAIN)}


def test_a_story_nobody_knows_yet_keeps_its_spend_until_it_is_known(acme: Acme) -> None:
    acme.record(call(response_id="r1", story_key="SHOP-77"))
    assert acme.spend() == {("SHOP-77", 0): (1, PLAIN)}
    take_in_story(
        acme.transactions, "acme", story(77), BOOKS, rows=None, has_section=True, now=NOON
    )
    assert acme.spend() == {("SHOP-77", 14): (1, PLAIN)}
    acme.record(call("litellm", response_id="r1", cache_read_input_tokens=500))
    assert acme.spend() == {("SHOP-77", 14): (1, CACHED)}


def test_late_usage_and_late_corrections_of_a_closed_sprint_are_noted(acme: Acme) -> None:
    end = START + timedelta(days=8)
    take_in_sprint(acme.transactions, "acme", sprint(state="closed", completed_at=end), now=end)
    late = call(response_id="r1", story_key="SHOP-1", occurred_at=end - timedelta(hours=1))
    acme.record(late)
    acme.record(call("litellm", response_id="r1", cache_read_input_tokens=500))
    acme.record(late)
    with acme.transactions.begin() as session:
        noted = session.execute(
            text("SELECT subject FROM inbox WHERE event = 'late_usage'")
        ).scalars()
        assert list(noted) == ["sprint:14", "sprint:14"]


def test_a_contradicting_record_is_kept_and_the_first_amount_counts(acme: Acme) -> None:
    acme.record(call(response_id="r1"))
    liar = call("other", response_id="r1", input_tokens=9000)
    assert acme.record(liar, liar) == ["duplicate", "duplicate"]
    assert acme.cost() == PLAIN
    with acme.transactions.begin() as session:
        kept = session.execute(
            text("SELECT record ->> 'input_tokens' FROM usage_conflict")
        ).scalars()
        assert list(kept) == ["9000"]


def test_a_gpu_jobs_second_report_counts_once_and_hours_beat_none(acme: Acme) -> None:
    job: dict[str, Any] = {"request_model": "", "accelerator": "H100"}
    job |= {"input_tokens": 0, "output_tokens": 0}
    acme.record(call("gpu", event_id="j1", **job))
    done = call("gpu", event_id="j1", gpu_count=2, gpu_hours=1.5, **job)
    assert acme.record(done, done) == ["improved", "duplicate"]
    assert totals(acme.transactions, "calls", "accelerator_seconds") == (1, 10_800)


def test_an_unpriced_call_has_no_cost_and_is_counted_as_unpriced(acme: Acme) -> None:
    acme.record(call(response_id="r1", request_model="acme-router-7", provider_name="acme"))
    assert totals(acme.transactions, "unpriced_calls", "list_cost_nanousd") == (1, 0)
    with acme.transactions.begin() as session:
        costs = session.execute(text("SELECT list_cost_nanousd FROM ledger_entry")).scalars()
        assert list(costs) == [None]


@pytest.mark.parametrize("said", ["NaN", "Infinity", "1e99", "-3", "ten"])
def test_an_unbelievable_cost_of_the_source_is_left_out(acme: Acme, said: str) -> None:
    assert acme.record(call(response_id="r1", source_cost_usd=said)) == ["accepted"]
    assert totals(acme.transactions, "source_cost_nanousd") == (0,)


@pytest.mark.parametrize("poison", ["\0", "\ud800"])
def test_an_event_the_database_cannot_keep_is_rejected_alone(acme: Acme, poison: str) -> None:
    events = [call(response_id=f"r{number}") for number in range(5)]
    events[3] = call(response_id="r3", team=f"a{poison}b")
    assert acme.record(*events) == ["accepted"] * 3 + ["rejected", "accepted"]
    assert (acme.calls(), acme.cost()) == (4, 4 * PLAIN)


@pytest.mark.parametrize(
    "odd", ["a\tb", "a\\b", "a\nb", 'a"b', "a\\N", "\\.", "{a,b}", "Zürich 🎉"]
)
def test_any_text_survives_the_way_into_the_book(acme: Acme, odd: str) -> None:
    event = call(
        response_id="r1", team=odd, feature=odd, key_alias=odd, request_model=odd, tags=(odd,)
    )
    acme.record(event)
    with acme.transactions.begin() as session:
        query = "SELECT team, feature, model, attributes ->> 'key_alias' FROM ledger_entry"
        assert tuple(session.execute(text(query)).one()) == (odd, odd, odd, odd)
        rolled = session.execute(text("SELECT model FROM sprint_spend")).scalar_one()
        assert rolled == odd


def test_the_versions_behind_an_entry_can_be_looked_up(acme: Acme) -> None:
    acme.record(call(response_id="r1"))
    with acme.transactions.begin() as session:
        query = (
            "SELECT price_version, factor_version FROM ledger_entry "
            "JOIN books_version USING (workspace_id, books_version)"
        )
        assert tuple(session.execute(text(query)).one()) == (
            BOOKS.prices.price_version, BOOKS.carbon.factor_version
        )  # fmt: skip


def test_an_entry_cannot_be_reversed_twice_even_by_mistake(acme: Acme) -> None:
    from sqlalchemy.exc import IntegrityError

    from integration.ledger.entry import reversal_of

    acme.record(call(response_id="r1"))
    with acme.transactions.begin() as session:
        first = session.execute(text("SELECT entry_id, occurred_on FROM ledger_entry")).one()
        name = (first.entry_id, first.occurred_on)
        entry = ledger.histories(session, "acme", [name])[first.entry_id][0]
        ledger.write(session, "acme", [reversal_of(entry, "test")], NOON)
    with pytest.raises(IntegrityError), acme.transactions.begin() as session:
        ledger.write(session, "acme", [reversal_of(entry, "test")], NOON)


def test_usage_of_another_workspace_with_the_same_ids_is_another_call(acme: Acme) -> None:
    with acme.transactions.begin() as session:
        workspaces.create(session, Workspace("other", "Other"), START)
    acme.record(call(response_id="r1", story_key="SHOP-1"))
    event = call(response_id="r1", story_key="SHOP-1")
    assert record_usage(acme.transactions, "other", [event], BOOKS, now=NOON) == ["accepted"]
    assert acme.calls() == 2
    with acme.transactions.begin() as session:
        assert backlog.memberships(session, "other", ["SHOP-1"]) == {}
