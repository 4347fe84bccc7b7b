"""Tables of the estimation room."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from integration.foundation.database import Table


class EstimateRow(Table):
    """One version of one story's estimate. Rows are only ever added.

    The three columns of a quantity are all null when it has no figure.
    """

    __tablename__ = "estimate"
    __table_args__ = (Index(None, "workspace_id", "story_key", "created_at"),)

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    story_key: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    digest: Mapped[str] = mapped_column(Text)

    tokens_low: Mapped[int | None]
    tokens_central: Mapped[int | None]
    tokens_high: Mapped[int | None]
    list_cost_nanousd_low: Mapped[int | None]
    list_cost_nanousd_central: Mapped[int | None]
    list_cost_nanousd_high: Mapped[int | None]
    energy_uwh_low: Mapped[int | None]
    energy_uwh_central: Mapped[int | None]
    energy_uwh_high: Mapped[int | None]
    location_based_ugco2e_low: Mapped[int | None]
    location_based_ugco2e_central: Mapped[int | None]
    location_based_ugco2e_high: Mapped[int | None]
    market_based_ugco2e_low: Mapped[int | None]
    market_based_ugco2e_central: Mapped[int | None]
    market_based_ugco2e_high: Mapped[int | None]

    workloads: Mapped[list[dict[str, Any]]]
    assumptions: Mapped[list[str]] = mapped_column(JSONB)
    missing: Mapped[list[dict[str, Any]]]
    calibration: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    coverage_pct: Mapped[Decimal] = mapped_column(Numeric(4, 1))
    method_version: Mapped[str] = mapped_column(Text)
    price_version: Mapped[str] = mapped_column(Text)
    factor_version: Mapped[str] = mapped_column(Text)
    factor_tier: Mapped[str] = mapped_column(Text)
    factor_sources: Mapped[list[str]] = mapped_column(JSONB)


class StoryInputsRow(Table):
    """What a story stated last, in table and fields, so that it can be estimated anew."""

    __tablename__ = "story_inputs"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    story_key: Mapped[str] = mapped_column(Text, primary_key=True)
    cells: Mapped[list[list[str]]] = mapped_column(JSONB)
    """Headings first; empty where the story has no such table."""
    fields: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The filled input fields, by column of the table."""
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class WhatIfOptionsRow(Table):
    """What a workspace lets alternatives change: approved models, regions, accelerators."""

    __tablename__ = "what_if_options"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    options: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class RetrainingCheckRow(Table):
    """One retraining that was asked about, and the answer. Rows are only ever added."""

    __tablename__ = "retraining_check"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    check_id: Mapped[str] = mapped_column(Text, primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    asked_by: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    proposed: Mapped[dict[str, Any]]
    reference: Mapped[dict[str, Any]]
    decision: Mapped[dict[str, Any]]


class RetrainingResultRow(Table):
    """What came of a checked retraining. Rows are only ever added."""

    __tablename__ = "retraining_result"

    workspace_id: Mapped[str] = mapped_column(Text, primary_key=True)
    check_id: Mapped[str] = mapped_column(Text, primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    realised_error: Mapped[float]
    realised_benefit: Mapped[float]
    threshold_after: Mapped[float]
    """The threshold that holds for checks from here on."""
