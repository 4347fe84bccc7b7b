"""What accelerator hours and storage cost: only by rows somebody has entered.

No list price ships for these: clouds quote whole machines, by region and commitment, and change
them without a dated record. Without a row the answer is `Unpriced`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.money import nanousd
from integration.metering.accelerators import is_same_accelerator
from integration.pricing.model_names import seller_of
from integration.pricing.override_rows import day_of, row_on
from integration.pricing.schedule import Unpriced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from integration.pricing.override_rows import Kind, OverrideRow, Side


def accelerator_cost(
    rows: Sequence[OverrideRow],
    provider_name: str | None,
    accelerator: str,
    at: datetime,
    accelerator_hours: Decimal,
) -> tuple[int, int] | Unpriced:
    """Return list and contracted nano-USD of devices × hours, e.g. 8 devices for 2 h are 16.

    Where rows give one side only, the other side equals it.
    """
    return _both_sides(
        rows,
        "accelerator_hours",
        provider_name=provider_name,
        thing=accelerator,
        at=at,
        quantity=accelerator_hours,
    )


def storage_cost(
    rows: Sequence[OverrideRow],
    provider_name: str | None,
    storage_class: str,
    at: datetime,
    gb_months: Decimal,
) -> tuple[int, int] | Unpriced:
    """Return list and contracted nano-USD of gigabyte-months."""
    return _both_sides(
        rows, "storage", provider_name=provider_name, thing=storage_class, at=at, quantity=gb_months
    )


def _both_sides(
    rows: Sequence[OverrideRow],
    kind: Kind,
    *,
    provider_name: str | None,
    thing: str,
    at: datetime,
    quantity: Decimal,
) -> tuple[int, int] | Unpriced:
    listed = _rate(rows, kind, "list", provider_name=provider_name, thing=thing, at=at)
    agreed = _rate(rows, kind, "contracted", provider_name=provider_name, thing=thing, at=at)
    rates = (agreed if listed is None else listed, listed if agreed is None else agreed)
    if rates[0] is None or rates[1] is None:
        code = "unknown_accelerator" if kind == "accelerator_hours" else "unknown_storage"
        return Unpriced(code, _why_none(rows, kind, provider_name, thing, at))
    return nanousd(rates[0] * quantity), nanousd(rates[1] * quantity)


def _why_none(
    rows: Sequence[OverrideRow], kind: Kind, provider_name: str | None, thing: str, at: datetime
) -> str:
    sellers = sorted({
        row.provider_name for row in rows
        if row.kind == kind and _is_about(row, kind, thing) and row.holds_on(day_of(at))
    })  # fmt: skip
    if sellers and not provider_name:
        return f"name the provider; {', '.join(sellers)} has a price for {thing!r}"
    return f"no price for {thing!r} of {provider_name or 'anyone'}"


def _is_about(row: OverrideRow, kind: Kind, thing: str) -> bool:
    if kind == "accelerator_hours":
        return is_same_accelerator(row.model, thing)
    return _is_called(row, thing)


def _is_called(row: OverrideRow, thing: str) -> bool:
    return row.model.lower() == thing.strip().lower()


def _rate(
    rows: Sequence[OverrideRow],
    kind: Kind,
    side: Side,
    *,
    provider_name: str | None,
    thing: str,
    at: datetime,
) -> Decimal | None:
    about = [
        row
        for row in rows
        if row.kind == kind
        and row.sets == side
        and _is_about(row, kind, thing)
        and seller_of(row.provider_name) == seller_of(provider_name)
    ]
    # A row that says exactly this name beats one that means the same device.
    exact = [row for row in about if _is_called(row, thing)]
    row = row_on(exact, day_of(at)) or row_on(about, day_of(at))
    if row is None:
        return None
    return row.usd_per_accelerator_hour if kind == "accelerator_hours" else row.usd_per_gb_month
