"""Revisions of Sprint reports in the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integration.foundation.database import Table
from integration.reconciliation import models, store

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integration.foundation.database import Transactions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _table(engine: Engine) -> None:
    name = models.SprintReconciliationRow.__tablename__
    Table.metadata.tables[name].create(engine, checkfirst=True)


def report(calls: int, as_of: str = "monday") -> dict[str, Any]:
    return {"revision": 0, "as_of": as_of, "stories": [{"story_key": "A-1", "calls": calls}]}


def test_the_same_report_twice_is_one_revision(transactions: Transactions) -> None:
    with transactions.begin() as session:
        assert store.save_if_changed(session, "acme", 7, report(5), "closed", NOON) == (1, True)
    with transactions.begin() as session:
        again = report(5, as_of="tuesday")
        assert store.save_if_changed(session, "acme", 7, again, "late_usage", NOON) == (1, False)
        assert len(store.all_revisions(session, "acme", 7)) == 1


def test_late_usage_makes_a_second_revision_and_leaves_the_first(
    transactions: Transactions,
) -> None:
    with transactions.begin() as session:
        store.save_if_changed(session, "acme", 7, report(5), "closed", NOON)
    with transactions.begin() as session:
        saved = store.save_if_changed(session, "acme", 7, report(6), "late_usage", NOON + HOUR)
        assert saved == (2, True)
    with transactions.begin() as session:
        first, second = store.all_revisions(session, "acme", 7)
        assert (first.body["revision"], first.body["stories"][0]["calls"]) == (1, 5)
        assert (second.body["revision"], second.reason) == (2, "late_usage")
        assert second.created_at == NOON + HOUR
        assert store.latest(session, "acme", 7) == second


def test_a_return_to_an_earlier_report_is_a_revision_of_its_own(
    transactions: Transactions,
) -> None:
    with transactions.begin() as session:
        for calls in (5, 6, 5):
            store.save_if_changed(session, "acme", 7, report(calls), "reopened", NOON)
        assert [each.revision for each in store.all_revisions(session, "acme", 7)] == [1, 2, 3]


def test_workspaces_and_sprints_are_kept_apart(transactions: Transactions) -> None:
    with transactions.begin() as session:
        for workspace, sprint in (("acme", 7), ("acme", 8), ("other", 7)):
            saved = store.save_if_changed(session, workspace, sprint, report(5), "closed", NOON)
            assert saved == (1, True)
        assert store.latest(session, "other", 8) is None


def test_two_workers_closing_at_once_make_one_revision(transactions: Transactions) -> None:
    def close(_: int) -> tuple[int, bool]:
        with transactions.begin() as session:
            return store.save_if_changed(session, "acme", 7, report(5), "closed", NOON)

    with ThreadPoolExecutor(8) as pool:
        saved = list(pool.map(close, range(16)))
    assert sorted(saved) == [(1, False)] * 15 + [(1, True)]
