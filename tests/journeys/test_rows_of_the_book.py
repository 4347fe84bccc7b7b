"""What is copied into the book is read from it again, whatever it holds; ids follow each other."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from integration.foundation.row_wall import only
from integration.ledger import store as ledger
from integration.ledger.blocks import blocks_of
from integration.ledger.entry import LAST_REVISION, LedgerEntry, entry_id_at, entry_ids_at, first_of

if TYPE_CHECKING:
    from integration.foundation.database import Transactions

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
LARGEST = 2**63 - 1

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
amounts = st.none() | st.integers(-LARGEST, LARGEST)


def entry(**fields: Any) -> LedgerEntry:
    """A line of the book, of nothing."""
    plain = dict.fromkeys(LedgerEntry._fields, 0) | {
        "entry_id": first_of(uuid4()), "occurred_on": NOON.date(), "occurred_at": NOON,
        "kind": "usage", "reverses": None, "source": "api", "outcome": "completed",
        "provider_name": "openai", "model": "gpt-4o", "region": "", "story_key": "",
        "attribution": "none", "team": "", "feature": "", "authorization_id": "",
        "unpriced_reason": "", "attributes": "{}",
    }  # fmt: skip
    return LedgerEntry(**plain | fields)


@pytest.fixture
def book(transactions: Transactions) -> Transactions:
    """A database with room for the day."""
    with transactions.begin() as session:
        ledger.make_partitions(session, [NOON.date()])
    return transactions


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    label=words, sprint=st.integers(0, LARGEST), ids=words, reason=words, costs=amounts,
    energy=amounts, market=amounts, said=amounts, is_reversal=st.booleans(),
    at=st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 20, 23, 59)),
)  # fmt: skip
def test_an_entry_is_read_as_it_was_entered(
    book: Transactions, label: str, sprint: int, ids: str, reason: str, costs: int | None,
    energy: int | None, market: int | None, said: int | None, is_reversal: bool, at: datetime,
) -> None:  # fmt: skip
    sent = entry(
        occurred_at=at.replace(tzinfo=UTC), team=label, model=label, sprint_id=sprint,
        authorization_id=ids, unpriced_reason=reason, list_cost_nanousd=costs,
        contracted_cost_nanousd=costs, energy_uwh=energy, location_low_ugco2e=energy,
        market_ugco2e=market, source_cost_nanousd=said, input_tokens=LARGEST,
        kind="reversal" if is_reversal else "usage",
        reverses=entry_id_at(NOON) if is_reversal else None,
        attributes=json.dumps({"branch": label}),
    )  # fmt: skip
    for doors in (book, only(book, "acme")):  # Copied, and row by row behind the second wall.
        with doors() as session:
            ledger.copy_in(session, "acme", blocks_of([entry(), sent]), NOON)
            name = (sent.entry_id, NOON.date())
            (found,) = ledger.histories(session, "acme", [name])[sent.entry_id]
            recorded = session.execute(
                text("SELECT recorded_at FROM ledger_entry WHERE entry_id = :it"),
                {"it": sent.entry_id},
            ).scalar_one()
        assert found._replace(attributes="") == sent._replace(attributes="")
        assert json.loads(found.attributes) == json.loads(sent.attributes)
        assert recorded == NOON


def test_a_number_that_no_column_holds_is_told_as_such(book: Transactions) -> None:
    with pytest.raises(OverflowError), book.begin() as session:
        ledger.copy_in(session, "acme", blocks_of([entry(input_tokens=LARGEST + 1)]), NOON)


def test_ids_taken_together_grow_and_those_taken_later_are_higher() -> None:
    together = [UUID(bytes=each) for each in islice(entry_ids_at(NOON), 5000)]
    assert {later.int - earlier.int for earlier, later in pairwise(together)} == {LAST_REVISION + 1}
    assert entry_id_at(NOON + timedelta(milliseconds=1)) > together[-1]
    assert {each.version for each in together} == {7}
    assert {each.variant for each in together} == {"specified in RFC 4122"}
    assert not any(each.int & LAST_REVISION for each in together)
    assert entry_id_at(NOON) != entry_id_at(NOON)
