"""Entries put into blocks are the same entries, and add up to the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from integration.ledger.blocks import blocks_of
from integration.ledger.entry import AMOUNTS, LedgerEntry

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
numbers = count(1)

entries = st.builds(
    LedgerEntry,
    **dict.fromkeys(AMOUNTS, st.none() | st.integers(-9, 9)),
    entry_id=st.builds(lambda: UUID(int=next(numbers))),
    occurred_on=st.sampled_from([date(2026, 11, 20), date(2026, 11, 21)]),
    occurred_at=st.just(NOON),
    kind=st.sampled_from(["usage", "reversal"]),
    reverses=st.none() | st.just(UUID(int=7)),
    sprint_id=st.integers(0, 1),
    source_cost_nanousd=st.none() | st.integers(0, 9),
    books_version=st.just(1),
    **dict.fromkeys(
        ("source", "outcome", "provider_name", "model", "region", "story_key", "attribution",
         "team", "feature", "authorization_id", "unpriced_reason"),
        st.sampled_from(["", "a"]),
    ),
    attributes=st.sampled_from(["{}", '{"branch":"é"}']),
)  # fmt: skip


@given(st.lists(entries, max_size=20))
def test_blocks_hold_each_entry_as_it_was(made: list[LedgerEntry]) -> None:
    found = [entry for block in blocks_of(made) for entry in block.entries()]
    assert sorted(found, key=by_id) == sorted(made, key=by_id)


@given(st.lists(entries, max_size=20))
def test_blocks_add_up_to_what_their_entries_do(made: list[LedgerEntry]) -> None:
    added = [block.sums() for block in blocks_of(made)]
    assert [sum(amounts) for amounts in zip(*added, strict=True)] == [
        sum(getattr(entry, name) or 0 for entry in made) for name in AMOUNTS if made
    ]


def by_id(entry: LedgerEntry) -> Any:
    return entry.entry_id
