"""Versions of estimates in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Table as SqlTable

from integration.estimation import store
from integration.estimation.models import EstimateRow
from integration.estimation.workload import (
    AppliedCalibration,
    Estimate,
    Missing,
    Range,
    Workload,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integration.foundation.database import Transactions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ESTIMATE = Estimate(
    tokens=Range(1, 2, 3), list_cost_nanousd=Range(10, 20, 30), energy_uwh=Range(4, 5, 6),
    location_based_ugco2e=Range(7, 8, 9), market_based_ugco2e=None,
    workloads=(
        Workload(name="Chat", kind="chat", model="gpt-4o", calls=Decimal("5000.5"), region="eu"),
        Workload(name="Tune", kind="training", accelerator="H100", gpu_hours=Decimal(6)),
    ),
    assumptions=("Chat: 0 % of the input tokens come from cache.",),
    missing=(Missing("Tune", "price", "There is no hourly rate for H100."),),
    coverage_pct=Decimal("50.0"), method_version="m/1", price_version="p/1", factor_version="f/1",
    factor_tier="C", factor_sources=("a source",),
    calibration=AppliedCalibration(0.25, 12, Decimal("83.3")),
)  # fmt: skip


@pytest.fixture(autouse=True)
def table(engine: Engine) -> None:
    assert isinstance(EstimateRow.__table__, SqlTable)
    EstimateRow.__table__.create(engine, checkfirst=True)


def test_an_estimate_comes_back_as_it_was_saved(transactions: Transactions) -> None:
    with transactions.begin() as session:
        assert store.save_if_changed(session, "acme", "ACME-1", ESTIMATE, NOON) == (1, True)
    with transactions.begin() as session:
        found = store.latest(session, "acme", "ACME-1")
    assert found is not None
    assert found.estimate == ESTIMATE
    assert (found.story_key, found.version, found.created_at) == ("ACME-1", 1, NOON)


def test_nothing_changed_makes_no_version(transactions: Transactions) -> None:
    with transactions.begin() as session:
        store.save_if_changed(session, "acme", "ACME-1", ESTIMATE, NOON)
        assert store.save_if_changed(session, "acme", "ACME-1", ESTIMATE, NOON + HOUR) == (1, False)
        newer = replace(ESTIMATE, price_version="p/2")
        assert store.save_if_changed(session, "acme", "ACME-1", newer, NOON + HOUR) == (2, True)
        back = store.save_if_changed(session, "acme", "ACME-1", ESTIMATE, NOON + 2 * HOUR)
        assert back == (3, True)


def test_no_figure_stays_no_figure(transactions: Transactions) -> None:
    empty = replace(ESTIMATE, tokens=None, list_cost_nanousd=None, calibration=None)
    with transactions.begin() as session:
        store.save_if_changed(session, "acme", "ACME-1", empty, NOON)
    with transactions.begin() as session:
        found = store.latest(session, "acme", "ACME-1")
    assert found is not None
    assert found.estimate == empty


def test_the_version_in_force_is_found_for_any_instant(transactions: Transactions) -> None:
    with transactions.begin() as session:
        store.save_if_changed(session, "acme", "ACME-1", ESTIMATE, NOON)
        newer = replace(ESTIMATE, price_version="p/2")
        store.save_if_changed(session, "acme", "ACME-1", newer, NOON + HOUR)
    with transactions.begin() as session:
        instants = (NOON - HOUR, NOON, NOON + HOUR / 2, NOON + HOUR)
        found = [store.at(session, "acme", "ACME-1", instant) for instant in instants]
    assert [each and each.version for each in found] == [None, 1, 1, 2]


def test_the_latest_of_many_stories_come_in_one_answer(transactions: Transactions) -> None:
    with transactions.begin() as session:
        for price_version in ("p/1", "p/2"):
            changed = replace(ESTIMATE, price_version=price_version)
            store.save_if_changed(session, "acme", "ACME-1", changed, NOON)
        store.save_if_changed(session, "acme", "ACME-2", ESTIMATE, NOON)
        found = store.latest_of(session, "acme", ["ACME-1", "ACME-2", "ACME-3"])
    assert {key: each.version for key, each in found.items()} == {"ACME-1": 2, "ACME-2": 1}


def test_workspaces_do_not_see_each_other(transactions: Transactions) -> None:
    with transactions.begin() as session:
        store.save_if_changed(session, "acme", "ACME-1", ESTIMATE, NOON)
        assert store.latest(session, "globex", "ACME-1") is None
        assert store.save_if_changed(session, "globex", "ACME-1", ESTIMATE, NOON) == (1, True)


def test_two_writers_at_once_make_one_version(transactions: Transactions) -> None:
    answers: list[tuple[int, bool]] = []

    def write() -> None:
        with transactions.begin() as session:
            answers.append(store.save_if_changed(session, "acme", "ACME-1", ESTIMATE, NOON))

    writers = [Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(answers) == [(1, False)] * 3 + [(1, True)]
