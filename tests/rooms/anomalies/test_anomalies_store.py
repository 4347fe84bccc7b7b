"""Spikes in the database: one open at a time on each subject."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.anomalies import models, store
from integration.anomalies.causes import Cause
from integration.foundation.database import Table
from integration.foundation.periods import Period

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integration.foundation.database import Transactions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST = store.Sighting(
    subject_kind="story", subject="SHOP-7", started_at=NOON, peak_at=NOON, seen_at=NOON,
    amount_nanousd=900, usual_nanousd=100, score=12.5, causes=(Cause("more_calls", 800),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _table(engine: Engine) -> None:
    Table.metadata.tables[models.SpikeRow.__tablename__].create(engine, checkfirst=True)


def test_a_spike_is_opened_extended_and_closed(transactions: Transactions) -> None:
    grown = replace(
        FIRST, started_at=NOON + HOUR, peak_at=NOON + HOUR, seen_at=NOON + HOUR,
        amount_nanousd=5000, causes=(Cause("longer_input", 4800), Cause("more_calls", 100)),
    )  # fmt: skip
    with transactions.begin() as session:
        spike_id, is_new = store.open_or_extend(session, "acme", FIRST, NOON)
        assert is_new
        assert store.open_or_extend(session, "acme", grown, NOON + HOUR) == (spike_id, False)
        (known,) = store.open_spikes(session, "acme")
        assert (known.started_at, known.peak_at, known.amount_nanousd) == (NOON, NOON + HOUR, 5000)
        assert (known.causes, known.detected_at) == (grown.causes, NOON)
    with transactions.begin() as session:
        # The end told is before it was last seen: it cannot have ended before.
        closed = store.close(session, "acme", "story", "SHOP-7", ended_at=NOON)
        assert closed == spike_id
        assert store.close(session, "acme", "story", "SHOP-7", ended_at=NOON) is None
        assert store.open_spikes(session, "acme") == []
        ended = store.spike(session, "acme", spike_id)
        assert ended is not None
        assert ended.ended_at == NOON + HOUR


def test_after_its_end_a_subject_can_have_another_spike(transactions: Transactions) -> None:
    with transactions.begin() as session:
        first, _ = store.open_or_extend(session, "acme", FIRST, NOON)
        store.close(session, "acme", "story", "SHOP-7", ended_at=NOON + HOUR)
        later = replace(FIRST, started_at=NOON + 3 * HOUR, seen_at=NOON + 3 * HOUR)
        second, is_new = store.open_or_extend(session, "acme", later, NOON + 3 * HOUR)
        assert is_new
        assert second != first


def test_of_many_detectors_at_once_one_opens(transactions: Transactions) -> None:
    def sight(_: int) -> tuple[int, bool]:
        with transactions.begin() as session:
            return store.open_or_extend(session, "acme", FIRST, NOON)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(sight, range(16)))
    assert len({spike_id for spike_id, _ in seen}) == 1
    assert sum(is_new for _, is_new in seen) == 1


def test_subjects_and_workspaces_are_kept_apart(transactions: Transactions) -> None:
    with transactions.begin() as session:
        mine, _ = store.open_or_extend(session, "acme", FIRST, NOON)
        model = replace(FIRST, subject_kind="model", subject="small", amount_nanousd=9000)
        store.open_or_extend(session, "acme", model, NOON)
        store.open_or_extend(session, "other", FIRST, NOON)
        assert [each.subject for each in store.open_spikes(session, "acme")] == ["small", "SHOP-7"]
        assert store.spike(session, "other", mine) is None
        assert store.close(session, "nobody", "story", "SHOP-7", ended_at=NOON) is None


def test_a_period_holds_the_spikes_that_touch_it(transactions: Transactions) -> None:
    with transactions.begin() as session:
        store.open_or_extend(session, "acme", FIRST, NOON)
        store.close(session, "acme", "story", "SHOP-7", ended_at=NOON + HOUR)
        during = Period(NOON + HOUR, NOON + 2 * HOUR)
        assert len(store.spikes_in(session, "acme", during)) == 1
        assert len(store.spikes_in(session, "acme", during, [("story", "SHOP-7")])) == 1
        assert store.spikes_in(session, "acme", during, [("story", "SHOP-8")]) == []
        assert store.spikes_in(session, "acme", Period(NOON - HOUR, NOON)) == []
        assert store.spikes_in(session, "acme", Period(NOON + 2 * HOUR)) == []
