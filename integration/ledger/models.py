"""Tables of the ledger room."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Index, SmallInteger, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table

INSTANT = DateTime(timezone=True)
UNNAMED = (
    "source <> 'api' AND kind = 'usage' AND outcome = 'completed' "
    "AND (attributes ->> 'response_id' IS NULL OR attributes ->> 'response_id' LIKE 'long-%')"
)
"""In which rows `ledger/match_by_figures.py` may find a call that is known by another record."""


class LedgerEntryRow(Table):
    """One line of the book; partitioned by the day of the call (UTC), dropped by retention."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        # Finds the few records that share no id with others; most rows are not in it.
        Index(
            "ix_ledger_entry_unnamed", "workspace_id", "recorded_at",
            postgresql_where=text(UNNAMED),
        ),
        # Rows come in about the order of their calls: a few words for each stretch of pages.
        Index("ix_ledger_entry_time", "occurred_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (occurred_on)"},
    )  # fmt: skip

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    occurred_on: Mapped[date] = mapped_column(Date, primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    kind: Mapped[str] = mapped_column(Text)
    reverses: Mapped[UUID | None] = mapped_column(Uuid)
    source: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    provider_name: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)
    story_key: Mapped[str] = mapped_column(Text)
    attribution: Mapped[str] = mapped_column(Text)
    sprint_id: Mapped[int]
    team: Mapped[str] = mapped_column(Text)
    feature: Mapped[str] = mapped_column(Text)
    authorization_id: Mapped[str] = mapped_column(Text)
    calls: Mapped[int]
    input_tokens: Mapped[int]
    cache_read_input_tokens: Mapped[int]
    cache_write_input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    reasoning_output_tokens: Mapped[int]
    accelerator_seconds: Mapped[int]
    list_cost_nanousd: Mapped[int | None]
    contracted_cost_nanousd: Mapped[int | None]
    energy_uwh: Mapped[int | None]
    location_low_ugco2e: Mapped[int | None]
    location_central_ugco2e: Mapped[int | None]
    location_high_ugco2e: Mapped[int | None]
    market_ugco2e: Mapped[int | None]
    unpriced_calls: Mapped[int]
    calls_without_factor: Mapped[int]
    avoided_calls: Mapped[int]
    source_cost_nanousd: Mapped[int | None]
    books_version: Mapped[int]
    unpriced_reason: Mapped[str] = mapped_column(Text)
    attributes: Mapped[dict[str, Any]]


class CallIdentityRow(Table):
    """A mark by which a call is recognised, and the first entry about that call."""

    __tablename__ = "call_identity"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    identity: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(Uuid)
    occurred_on: Mapped[date] = mapped_column(Date)
    digest: Mapped[int]
    """Of everything the record said that brought the mark: an exact resend is told at a glance."""


class BooksVersionRow(Table):
    """What a version number in the entries stands for."""

    __tablename__ = "books_version"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    books_version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    price_version: Mapped[str] = mapped_column(Text)
    factor_version: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime] = mapped_column(INSTANT)


class UsageConflictRow(Table):
    """A record that contradicts the one that counts for its call; kept for people to look at."""

    __tablename__ = "usage_conflict"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    """The first entry about the call."""
    occurred_on: Mapped[date] = mapped_column(Date)
    digest: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime] = mapped_column(INSTANT)
    record: Mapped[dict[str, Any]]


class _Amounts:
    """What both roll-ups add up."""

    calls: Mapped[int]
    input_tokens: Mapped[int]
    cache_read_input_tokens: Mapped[int]
    cache_write_input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    reasoning_output_tokens: Mapped[int]
    accelerator_seconds: Mapped[int]
    list_cost_nanousd: Mapped[int]
    contracted_cost_nanousd: Mapped[int]
    energy_uwh: Mapped[int]
    location_low_ugco2e: Mapped[int]
    location_central_ugco2e: Mapped[int]
    location_high_ugco2e: Mapped[int]
    market_ugco2e: Mapped[int]
    unpriced_calls: Mapped[int]
    calls_without_factor: Mapped[int]
    avoided_calls: Mapped[int]


class SprintSpendRow(_Amounts, Table):
    """Spend by Sprint, story and model. Parallel writers add to different slots; readers sum."""

    __tablename__ = "sprint_spend"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sprint_id: Mapped[int] = mapped_column(primary_key=True)
    story_key: Mapped[str] = mapped_column(Text, primary_key=True)
    provider_name: Mapped[str] = mapped_column(Text, primary_key=True)
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)


class DaySpendRow(_Amounts, Table):
    """Spend by UTC day, story and model, for charts, digests and spikes."""

    __tablename__ = "day_spend"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    story_key: Mapped[str] = mapped_column(Text, primary_key=True)
    provider_name: Mapped[str] = mapped_column(Text, primary_key=True)
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    sprint_id: Mapped[int] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
