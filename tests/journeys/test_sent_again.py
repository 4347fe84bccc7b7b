"""What is sent again is recognised, and costs little more than its first time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from integration.journeys.record_usage import Submission, UsageRecorder
from integration.ledger import store as ledger
from tests.each_statement import before_each_statement
from tests.journeys.test_record_usage import BOOKS, NOON, PLAIN, Acme, call

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integration.foundation.database import Transactions

LATER = datetime(2026, 11, 20, 13, tzinfo=UTC)


@pytest.fixture
def acme(transactions: Transactions) -> Acme:
    return Acme(transactions)


def calls(size: int, **fields: Any) -> list[Any]:
    return [call(response_id=f"r{number}", **fields) for number in range(size)]


def test_known_calls_are_told_from_new_ones_whatever_was_expected(acme: Acme) -> None:
    recorder = UsageRecorder(acme.transactions)  # It expects what its last batch was like.
    told = []
    for numbers in ((1, 2), (2, 3), (3, 4), (5,), (5, 6)):
        events = [call(response_id=f"r{number}") for number in numbers]
        batch = Submission("acme", events, BOOKS, NOON)
        recorder.record([batch])
        told.append(batch.outcomes)
    new, known = "accepted", "duplicate"
    assert told == [[new, new], [known, new], [known, new], [new], [known, new]]
    assert (acme.calls(), acme.cost()) == (6, 6 * PLAIN)


def test_its_contradictions_are_kept_once_and_in_one_statement(acme: Acme, engine: Engine) -> None:
    acme.record(*calls(30))
    sent: list[str] = []
    before_each_statement(engine, sent.append)
    for _ in range(2):
        assert acme.record(*calls(30, output_tokens=101), now=LATER) == ["duplicate"] * 30
    kept = [each for each in sent if each.startswith("INSERT INTO usage_conflict")]
    assert len(kept) == 2
    with acme.transactions.begin() as session:
        rows = session.execute(
            text(
                "SELECT count(*), min(record ->> 'output_tokens'), min(seen_at) FROM usage_conflict"
            )
        ).one()
    assert rows == (30, "101", LATER)
    assert (acme.calls(), acme.cost()) == (30, 30 * PLAIN)


def test_its_calls_are_read_without_all_others_of_their_day(acme: Acme) -> None:
    acme.record(*calls(200))
    with acme.transactions.begin() as session:
        wanted = [
            (row[0], NOON.date())
            for row in session.execute(text("SELECT entry_id FROM ledger_entry LIMIT 10"))
        ]
        read = text(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables "
            "WHERE relname LIKE 'ledger\\_entry%'"
        )
        before = session.execute(read).scalar_one()
        assert len(ledger.histories(session, "acme", wanted)) == 10
        assert session.execute(read).scalar_one() - before == 10
