"""What newer price data would change, and the override rows that would bring it about.

Only today and later dates are compared: what was priced before keeps its price. A row can carry one
flat price from a day on; what it cannot carry (context bands, hours of the day, a service tier's
own prices) is named and needs the newer package instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Literal

from integration.pricing.base_prices import STANDARD
from integration.pricing.override_rows import OverrideRow, row_on
from integration.pricing.rates import ClassPrices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from integration.pricing.base_prices import BasePrices, ModelName
    from integration.pricing.schedule import Schedule

FIELDS = {
    "input": "input_usd_per_mtok",
    "cache_read": "cache_read_usd_per_mtok",
    "cache_write": "cache_write_usd_per_mtok",
    "cache_write_1h": "cache_write_1h_usd_per_mtok",
    "output": "output_usd_per_mtok",
    "reasoning": "reasoning_usd_per_mtok",
}

Bands = tuple[tuple[int, ClassPrices], ...]


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One class price in US dollars per million tokens from a day on; None: there is none."""

    token_class: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What changes for one model at one service tier from a day (UTC) on.

    `row` brings it about; None where no row can, and `why_no_row` says why.
    """

    kind: Literal["added", "changed", "gone"]
    provider_name: str
    model: str
    service_tier: str
    valid_from: date
    changes: tuple[PriceChange, ...] = ()
    row: OverrideRow | None = None
    why_no_row: str = ""


def changes_between(
    present: BasePrices, newer: BasePrices, today: date, source: str
) -> list[ModelChange]:
    """Compare by seller, model and service tier. A model that is gone keeps its present price."""
    found: list[ModelChange] = []
    known, offered = set(present.names), set(newer.names)
    for name in sorted(known | offered):
        if name not in offered:
            found.append(ModelChange("gone", *name, STANDARD, today))
            continue
        kind: Literal["added", "changed"] = "changed" if name in known else "added"
        before = present.schedules(name) if name in known else {}
        for tier, schedule in newer.schedules(name).items():
            earlier = before.get(tier)
            for day in _days(earlier, schedule, today):
                change = _change(kind, name, tier, day, earlier, schedule, source)
                if change is not None:
                    found.append(change)
    return found


def rows_of(changes: list[ModelChange], known: Sequence[OverrideRow] = ()) -> list[OverrideRow]:
    """Return the rows that bring the changes about, without those that known rows do already."""
    return [
        change.row
        for change in changes
        if change.row is not None and not _is_known(change.row, known)
    ]


def _is_known(row: OverrideRow, known: Sequence[OverrideRow]) -> bool:
    about = [
        each
        for each in known
        if (each.provider_name, each.model, each.kind, each.sets)
        == (row.provider_name, row.model, row.kind, row.sets)
    ]
    standing = row_on(about, row.valid_from)
    return standing is not None and standing.prices == row.prices


def _days(before: Schedule | None, after: Schedule, today: date) -> list[date]:
    days = after.dates() | (before.dates() if before else set())
    return sorted({today} | {day for day in days if day > today})


def _change(
    kind: Literal["added", "changed"], name: ModelName, tier: str, day: date,
    before: Schedule | None, after: Schedule, source: str,
) -> ModelChange | None:  # fmt: skip
    old, new = _bands(before, day), _bands(after, day)
    if old == new:
        return None
    reason = _why_no_row(tier, new, after)
    earlier = old[0][1] if old else ClassPrices()
    return ModelChange(
        kind, *name, tier, day,
        changes=tuple(_class_changes(earlier, new[0][1])),
        row=None if reason else _row(name, day, new[0][1], source),
        why_no_row=reason,
    )  # fmt: skip


def _bands(schedule: Schedule | None, day: date) -> Bands:
    if schedule is None:
        return ()
    noon = datetime.combine(day, time(12), UTC)
    return tuple((band.above_input_tokens, band.prices) for band in schedule.bands_at(noon))


def _why_no_row(tier: str, bands: Bands, schedule: Schedule) -> str:
    if tier != STANDARD:
        return f"prices of the tier {tier} of its own"
    if len(bands) > 1:
        return "prices by context length"
    if len(schedule.times()) > 1:
        return "prices by hour of the day"
    if bands[0][1].per_thousand_calls:
        return "a price per call"
    return "" if bands[0][1].prices_tokens else "no price per token"


def _row(name: ModelName, day: date, prices: ClassPrices, source: str) -> OverrideRow:
    return OverrideRow(
        provider_name=name.provider_name,
        model=name.model,
        valid_from=day,
        sets="list",
        source=source,
        **{field: getattr(prices, token_class) for token_class, field in FIELDS.items()},
    )


def _class_changes(before: ClassPrices, after: ClassPrices) -> Iterator[PriceChange]:
    for token_class in FIELDS:
        old, new = getattr(before, token_class), getattr(after, token_class)
        if old != new:
            yield PriceChange(token_class, old, new)
