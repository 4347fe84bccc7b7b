"""Corrections of what is booked: another price, another story; append-only, with who and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import text

from integration.assembly import default_books
from integration.journeys.books import Books
from integration.journeys.correct_entries import apply_rules, move_spend, reprice
from integration.metering import store as metering
from integration.metering.attribution import AttributionRule
from integration.pricing.override_rows import parse_rows
from integration.pricing.price_book import default_price_book
from tests.journeys.ledger_recount import disagreements
from tests.journeys.test_record_usage import CACHED, NOON, PLAIN, Acme, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.foundation.database import Transactions

BOOKS = default_books()
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
WHO: dict[str, Any] = {"actor": "slack:U0PO", "reason": "agreed with finance", "now": NOON}
WHEN: dict[str, Any] = {"first": FIRST, "last": LAST, **WHO}


@pytest.fixture
def acme(transactions: Transactions) -> Iterator[Acme]:
    acme = Acme(transactions)
    yield acme
    assert disagreements(transactions) == []


def half_price() -> Books:
    """Our own row: gpt-4o at half the list price, 1.25 in, 0.625 cached, 5 out per million."""
    row = {
        "provider_name": "openai", "model": "gpt-4o", "valid_from": "2026-01-01", "sets": "list",
        "input_usd_per_mtok": "1.25", "cache_read_usd_per_mtok": "0.625",
        "output_usd_per_mtok": "5", "source": "test",
    }  # fmt: skip
    rows = parse_rows(msgspec.json.encode([row]))
    return Books(default_price_book(rows), BOOKS.carbon)


def test_a_reprice_shows_first_and_writes_reversals_only_when_applied(acme: Acme) -> None:
    acme.record(call(response_id="r1", story_key="SHOP-1"), call(response_id="r2"))
    asked = {"books": half_price(), **WHEN}
    shown = reprice(acme.transactions, "acme", is_applied=False, **asked)
    assert (shown.entries, shown.list_cost_before_nanousd) == (2, 2 * PLAIN)
    assert shown.list_cost_after_nanousd == PLAIN
    assert acme.cost() == 2 * PLAIN
    reprice(acme.transactions, "acme", is_applied=True, **asked)
    assert acme.spend() == {("SHOP-1", 14): (1, PLAIN // 2), ("", 0): (1, PLAIN // 2)}
    again = reprice(acme.transactions, "acme", is_applied=True, **asked)
    assert again.entries == 0
    with acme.transactions.begin() as session:
        kept = session.execute(text("SELECT actor, detail ->> 'reason' FROM audit_log")).all()
    assert [tuple(row) for row in kept] == [("slack:U0PO", "agreed with finance")]


def test_a_repriced_call_is_still_known_by_all_its_marks(acme: Acme) -> None:
    acme.record(call(response_id="r1"))
    reprice(acme.transactions, "acme", half_price(), is_applied=True, **WHEN)
    assert acme.record(call(response_id="r1")) == ["duplicate"]
    better = call("litellm", response_id="r1", cache_read_input_tokens=500)
    assert acme.record(better) == ["improved"]
    assert (acme.calls(), acme.cost()) == (1, CACHED)


def test_what_a_person_moves_stays_where_it_was_put(acme: Acme) -> None:
    acme.record(call(response_id="r1", team="assist"), call(response_id="r2", team="search"))
    moved = move_spend(
        acme.transactions, "acme", from_story="", to_story="SHOP-1", team="assist",
        is_applied=True, **WHEN,
    )  # fmt: skip
    assert moved.entries == 1
    assert acme.spend() == {("SHOP-1", 14): (1, PLAIN), ("", 0): (1, PLAIN)}
    tagged = call("litellm", response_id="r1", story_key="SHOP-9", cache_read_input_tokens=500)
    assert acme.record(tagged) == ["improved"]
    assert acme.spend() == {("SHOP-1", 14): (1, CACHED), ("", 0): (1, PLAIN)}


def test_a_rule_holds_for_new_usage_and_can_be_applied_to_what_is_booked(acme: Acme) -> None:
    acme.record(call(response_id="r1", key_alias="ci-bot"), call(response_id="r2", team="x"))
    rule = AttributionRule("key", "ci-*", "SHOP-1", rule_id="ci")
    with acme.transactions.begin() as session:
        metering.add_rule(session, "acme", rule, by="cli", now=NOON)
    acme.record(call(response_id="r3", key_alias="ci-other"))
    assert acme.spend() == {("SHOP-1", 14): (1, PLAIN), ("", 0): (2, 2 * PLAIN)}
    changed = apply_rules(acme.transactions, "acme", is_applied=True, **WHEN)
    assert changed.entries == 1
    assert acme.spend() == {("SHOP-1", 14): (2, 2 * PLAIN), ("", 0): (1, PLAIN)}


def test_an_ended_rule_holds_no_longer_and_rules_of_others_never(acme: Acme) -> None:
    rule = AttributionRule("team", "assist", "SHOP-1", rule_id="assist")
    with acme.transactions.begin() as session:
        metering.add_rule(session, "acme", rule, by="cli", now=NOON)
        metering.add_rule(session, "other", replace(rule, pattern="*"), by="cli", now=NOON)
        metering.end_rule(session, "acme", "assist", NOON - timedelta(hours=1))
    acme.record(
        call(response_id="r1", team="assist"),
        call(response_id="r2", team="assist", occurred_at=datetime(2026, 11, 20, 10, tzinfo=UTC)),
    )
    assert acme.spend() == {("SHOP-1", 14): (1, PLAIN), ("", 0): (1, PLAIN)}
