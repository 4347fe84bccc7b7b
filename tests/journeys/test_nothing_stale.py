"""A recorder remembers; what it remembers never decides about a call once it has changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from integration.assembly import default_books
from integration.backlog import store as backlog
from integration.backlog.story import Membership, Story
from integration.caps.policy import Cap
from integration.journeys.held_stories import HeldStories
from integration.journeys.keep_backlog import take_in_story
from integration.journeys.record_usage import Submission, UsageRecorder
from integration.journeys.set_cap import set_cap
from integration.metering import store as metering
from integration.metering.attribution import AttributionRule
from integration.metering.usage import UsageEvent
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.journeys.ledger_recount import disagreements, spend_by_story
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.journeys.known_calls import Outcome

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOOKS = default_books()
COST = 3_500_000  # 1,000 tokens in and 100 out on gpt-4o, in nano-USD.


class Recording:
    """One process's recorder on the workspace `acme`, warm from a first call."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions
        self._recorder = UsageRecorder(transactions)
        with transactions.begin() as session:
            workspaces.create(session, Workspace("acme", "Acme", default_region="eu-west-1"), NOON)
        self.record("warm", occurred_at=NOON - timedelta(days=1))

    def record(self, response_id: str, **fields: Any) -> Outcome:
        values: dict[str, Any] = {
            "source": "api", "occurred_at": NOON, "provider_name": "openai",
            "request_model": "gpt-4o", "input_tokens": 1000, "output_tokens": 100,
            "response_id": response_id,
        } | fields  # fmt: skip
        submission = Submission("acme", [UsageEvent(**values)], BOOKS, NOON)
        self._recorder.record([submission])
        return submission.outcomes[0]

    def spend(self) -> dict[tuple[str, int], tuple[int, int]]:
        return spend_by_story(self.transactions)

    def regions(self) -> list[str]:
        with self.transactions.begin() as session:
            query = "SELECT region FROM ledger_entry ORDER BY recorded_at, occurred_at, entry_id"
            return list(session.execute(text(query)).scalars())


@pytest.fixture
def recording(transactions: Transactions) -> Iterator[Recording]:
    yield Recording(transactions)
    assert disagreements(transactions) == []


def test_a_rule_decides_about_the_first_call_after_it_was_added_or_ended(
    recording: Recording,
) -> None:
    rule = AttributionRule("team", "assist", "SHOP-1", rule_id="r1")
    with recording.transactions.begin() as session:
        metering.add_rule(session, "acme", rule, by="test", now=NOON)
    recording.record("a", team="assist")
    with recording.transactions.begin() as session:
        metering.end_rule(session, "acme", "r1", NOON - timedelta(hours=1))
    recording.record("b", team="assist")
    assert recording.spend() == {("", 0): (2, 2 * COST), ("SHOP-1", 0): (1, COST)}


def test_a_rule_that_ends_while_another_is_added_is_seen_too(recording: Recording) -> None:
    """One change on its own must not hide the other: neither is the newest for the other."""
    for name in ("r1", "r2"):
        rule = AttributionRule("team", name, "SHOP-1", rule_id=name)
        with recording.transactions.begin() as session:
            metering.add_rule(session, "acme", rule, by="test", now=NOON)
    recording.record("a", team="r1")
    with recording.transactions.begin() as early:
        metering.end_rule(early, "acme", "r1", NOON - timedelta(hours=1))
        with recording.transactions.begin() as late:
            rule = AttributionRule("team", "r3", "SHOP-3", rule_id="r3")
            metering.add_rule(late, "acme", rule, by="test", now=NOON)
        recording.record("b", team="r3")
    recording.record("c", team="r1")
    assert recording.spend() == {
        ("", 0): (2, 2 * COST), ("SHOP-1", 0): (1, COST), ("SHOP-3", 0): (1, COST)
    }  # fmt: skip


def test_a_changed_region_counts_for_the_next_call(recording: Recording) -> None:
    with recording.transactions.begin() as session:
        session.execute(text("UPDATE workspace SET default_region = 'us-east-1'"))
    recording.record("a")
    assert recording.regions() == ["eu-west-1", "us-east-1"]


def test_a_cap_counts_the_first_call_after_it_was_set(recording: Recording) -> None:
    cap = Cap("acme", "all", "workspace", "acme", "tokens", 10_000, "observe")
    set_cap(recording.transactions, cap, actor="test", now=NOON)
    recording.record("a")
    with recording.transactions.begin() as session:
        assert session.execute(text("SELECT sum(spent) FROM cap_spend")).scalar_one() == 2200


def test_a_storys_new_sprint_takes_the_next_call(recording: Recording) -> None:
    keep(recording.transactions, 1, memberships=(Membership(14, NOON - timedelta(days=5)),))
    recording.record("a", story_key="SHOP-1")
    moved = (
        Membership(14, NOON - timedelta(days=5), NOON - timedelta(hours=1)),
        Membership(15, NOON - timedelta(hours=1)),
    )
    keep(recording.transactions, 1, memberships=moved, updated_at=NOON)
    recording.record("b", story_key="SHOP-1")
    assert recording.spend() == {("", 0): (1, COST), ("SHOP-1", 15): (2, 2 * COST)}


def test_a_call_that_waits_for_a_storys_change_follows_it(recording: Recording) -> None:
    """SHOP-2 turns into a sub-task of SHOP-1 while a call on it is about to be booked."""
    keep(recording.transactions, 1, memberships=(Membership(14, NOON - timedelta(days=5)),))
    keep(recording.transactions, 2)
    with ThreadPoolExecutor(1) as pool:
        with recording.transactions.begin() as session:
            backlog.change_histories(session, "acme", ["SHOP-2"])
            booking = pool.submit(recording.record, "a", story_key="SHOP-2")
            wait_until(lambda: waiting(recording.transactions) == 1)
            make_part(session, "SHOP-2", "SHOP-1")
        assert booking.result(30) == "accepted"
    assert recording.spend() == {("", 0): (1, COST), ("SHOP-1", 14): (1, COST)}


def test_a_story_that_turned_out_to_be_part_of_another_is_held_with_it(
    recording: Recording,
) -> None:
    keep(recording.transactions, 2)
    with ThreadPoolExecutor(1) as pool:
        with recording.transactions.begin() as session:
            backlog.change_histories(session, "acme", ["SHOP-2"])
            holding = pool.submit(held_with, recording.transactions, "SHOP-2")
            wait_until(lambda: waiting(recording.transactions) == 1)
            make_part(session, "SHOP-2", "SHOP-1")
        assert holding.result(30) == ("SHOP-1", {"SHOP-1", "SHOP-2"})


def held_with(transactions: Transactions, key: str) -> tuple[str, set[str]]:
    """The story that a key stands for, and which of two stories' histories are held then."""
    query = (
        "SELECT name FROM unnest(ARRAY['SHOP-1', 'SHOP-2']) AS name JOIN pg_locks "
        "ON locktype = 'advisory' AND objid = (hashtext(name) & 255)::bigint::oid "
        "WHERE pid = pg_backend_pid() AND granted"
    )
    with transactions.begin() as session:
        stories = HeldStories(session, "acme")
        stories.hold([key])
        return stories.story_of(key), set(session.execute(text(query)).scalars())


def make_part(session: Session, key: str, parent_key: str) -> None:
    session.execute(
        text("UPDATE story SET is_subtask = true, parent_key = :parent WHERE story_key = :key"),
        {"parent": parent_key, "key": key},
    )


def keep(transactions: Transactions, number: int, **changes: Any) -> None:
    values: dict[str, Any] = {
        "issue_id": str(number), "story_key": f"SHOP-{number}", "project_key": "SHOP",
        "summary": "A story", "issue_type": "Story", "status": "In Progress",
        "status_category": "indeterminate", "updated_at": NOON - timedelta(days=6),
        "created_at": NOON - timedelta(days=6),
    } | changes  # fmt: skip
    take_in_story(
        transactions, "acme", Story(**values), BOOKS, rows=None, has_section=True, now=NOON
    )


def waiting(transactions: Transactions) -> int:
    """How many sessions wait for an advisory lock of this database."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database "
        "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    with transactions.begin() as session:
        return int(session.execute(text(query)).scalar_one())
