"""Dated prices an administrator adds: contracts, resellers, service tiers, hours and storage.

Rows are only ever added. Where several hold at an instant, a row naming the model beats one for
the whole seller ("*"), then the one which starts later wins, then the one added later.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal  # msgspec reads it to decode.
from typing import TYPE_CHECKING, Literal

import msgspec

from integration.pricing.rates import ClassPrices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WHOLE_SELLER = "*"

Kind = Literal["tokens", "accelerator_hours", "storage"]
Side = Literal["list", "contracted"]


class OverrideRow(msgspec.Struct, frozen=True, kw_only=True):
    """One dated price. Prices are US dollars; valid from its day (UTC) until before `valid_to`.

    `model` is a model id, an accelerator such as "H100", a storage class, or "*" for all of the
    seller's models. `sets` says which of the two costs it changes; a contracted cost without a row
    equals the list cost. A price left out is inherited, and a price given is flat: it holds for
    every context length. `multipliers` maps a service tier ("standard", "batch", "flex",
    "priority") to a factor on the standard price.
    """

    provider_name: str
    model: str
    valid_from: date
    valid_to: date | None = None
    kind: Kind = "tokens"
    sets: Side = "contracted"
    input_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None
    reasoning_usd_per_mtok: Decimal | None = None
    usd_per_accelerator_hour: Decimal | None = None
    usd_per_gb_month: Decimal | None = None
    multipliers: dict[str, Decimal] = {}
    source: str = ""
    note: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the row is valid on a day (UTC)."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def prices(self) -> ClassPrices:
        """The class prices the row gives, None where it gives none."""
        return ClassPrices(
            input=self.input_usd_per_mtok,
            cache_read=self.cache_read_usd_per_mtok,
            cache_write=self.cache_write_usd_per_mtok,
            cache_write_1h=self.cache_write_1h_usd_per_mtok,
            output=self.output_usd_per_mtok,
            reasoning=self.reasoning_usd_per_mtok,
        )


def digest_of(rows: Iterable[OverrideRow]) -> str:
    """Return eight hex digits that change when any row does; their order counts."""
    encoded = msgspec.json.encode([msgspec.to_builtins(row) for row in rows], order="sorted")
    return hashlib.sha256(encoded).hexdigest()[:8]


def parse_rows(raw: bytes) -> tuple[OverrideRow, ...]:
    """Read a JSON array of rows.

    Raises:
        msgspec.ValidationError: naming the row and field that is wrong.
    """
    return tuple(msgspec.json.decode(raw, type=list[OverrideRow]))


AMOUNTS: dict[Kind, tuple[str, ...]] = {
    "tokens": (
        "input_usd_per_mtok", "cache_read_usd_per_mtok", "cache_write_usd_per_mtok",
        "cache_write_1h_usd_per_mtok", "output_usd_per_mtok", "reasoning_usd_per_mtok",
    ),
    "accelerator_hours": ("usd_per_accelerator_hour",),
    "storage": ("usd_per_gb_month",),
}  # fmt: skip
LARGEST_USD = 1_000_000
"""Per million tokens or per hour: a larger number is a slip of the unit."""


def faults_of_row(row: OverrideRow) -> list[tuple[str, str]]:
    """Return (field, sentence) for everything that makes a row useless; empty when sound."""
    faults = []
    if not row.provider_name.strip():
        faults.append(("provider_name", "name who sells it"))
    if not row.model.strip():
        faults.append(("model", 'name a model, an accelerator, a storage class, or "*"'))
    if row.valid_to is not None and row.valid_to <= row.valid_from:
        faults.append(("valid_to", "a row ends after the day it starts"))
    given = {name for names in AMOUNTS.values() for name in names if getattr(row, name) is not None}
    faults += [
        (name, f"a row of kind {row.kind} gives no such price")
        for name in sorted(given - set(AMOUNTS[row.kind]))
    ]
    if not given and not (row.kind == "tokens" and row.multipliers):
        faults.append(("kind", "give at least one price or multiplier"))
    amounts = [(name, getattr(row, name)) for name in sorted(given)]
    amounts += [(f"multipliers/{tier}", factor) for tier, factor in row.multipliers.items()]
    faults += [
        (name, f"prices and multipliers are 0 to {LARGEST_USD}")
        for name, amount in amounts
        if not (amount.is_finite() and 0 <= amount <= LARGEST_USD)
    ]
    return faults


def row_on(rows: Sequence[OverrideRow], day: date) -> OverrideRow | None:
    """Return the row that wins on a day, among rows about one thing and one side."""
    valid = [(position, row) for position, row in enumerate(rows) if row.holds_on(day)]
    if not valid:
        return None
    return max(
        valid, key=lambda found: (found[1].model != WHOLE_SELLER, found[1].valid_from, found[0])
    )[1]


def change_dates(rows: Iterable[OverrideRow]) -> set[date]:
    """Return every day on which a row starts or stops holding."""
    ends = {row.valid_to for row in rows if row.valid_to is not None}
    return {row.valid_from for row in rows} | ends


def day_of(at: datetime) -> date:
    """Return the day (UTC) of an instant; a naive instant is read as UTC."""
    return (at.astimezone(UTC) if at.tzinfo else at).date()


def applied(
    row: OverrideRow | None, tier: str, standard: ClassPrices, own: ClassPrices, *, has_own: bool
) -> tuple[ClassPrices, bool]:
    """Return the prices after a row, and whether the service tier is now really priced.

    `standard` are the standard rates and `own` the seller's rates at this tier; `has_own` says
    whether the latter are a published price or only the standard rate standing in for it.
    """
    if row is None:
        return own, has_own
    overlaid = _overlay(standard, row.prices)
    factor = row.multipliers.get(tier)
    if factor is not None:
        return overlaid.times(factor), True
    if tier != "standard" and has_own:
        return own, True
    return overlaid, tier == "standard"


def _overlay(base: ClassPrices, given: ClassPrices) -> ClassPrices:
    merged = [
        ours if ours is not None else theirs for theirs, ours in zip(base, given, strict=True)
    ]
    return ClassPrices(*merged)
