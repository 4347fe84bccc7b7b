"""The list and the contracted schedule of one name at one service tier, overrides applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from integration.pricing.base_prices import STANDARD
from integration.pricing.override_rows import applied, change_dates, day_of, row_on
from integration.pricing.rates import ClassPrices, amount_of
from integration.pricing.schedule import Priceable, Schedule, Unpriced, build_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from integration.pricing.override_rows import OverrideRow
    from integration.pricing.rates import Rates, TokenCounts

NOTHING = Priceable(((0, ClassPrices()),))


class Resolution(NamedTuple):
    """What a name means in money: `always` is the one list rate where nothing ever changes it."""

    always: Rates | Unpriced | None
    schedule: Schedule
    contract: Schedule | None
    borrowed: str | None = None
    """In words, where the seller has no list of its own and another's stands in."""

    def costs(self, at: datetime, counts: TokenCounts) -> tuple[int, int, Rates] | Unpriced:
        """List and contracted nano-USD of one call, and the rates that are really charged."""
        rates = self.always or self.schedule.band_at(at, counts[0]).rates
        if isinstance(rates, Unpriced):
            return rates
        listed = amount_of(rates, counts)
        if listed is None:
            return Unpriced(
                "impossible_usage", f"{rates.price_id}: a part is larger than its whole"
            )
        if self.contract is None:
            return listed, listed, rates
        agreed = self.contract.band_at(at, counts[0]).rates
        if isinstance(agreed, Unpriced):
            return agreed
        contracted = amount_of(agreed, counts)
        assert contracted is not None  # noqa: S101  # The same counts passed above.
        return listed, contracted, agreed


def resolution_of(
    label: str, base: dict[str, Schedule], tier: str, rows: Sequence[OverrideRow]
) -> Resolution:
    """Combine base schedules (by service tier; may be empty) with the rows about the same thing."""
    tokens = [row for row in rows if row.kind == "tokens"]
    list_rows = [row for row in tokens if row.sets == "list"]
    contract_rows = [row for row in tokens if row.sets == "contracted"]
    schedule = _list_schedule(label, base, tier, list_rows)
    if not contract_rows:
        return Resolution(schedule.always, schedule, None)
    standard = schedule if tier == STANDARD else _list_schedule(label, base, STANDARD, list_rows)
    contract = _overlaid(f"{label};contract", tier, standard, schedule, contract_rows)
    return Resolution(None, schedule, contract)


def said_of(assumption: str | None, borrowed: str | None) -> str | None:
    """Put together what stands in for a rate, and for a list."""
    return "; ".join(each for each in (borrowed, assumption) if each) or None


def _list_schedule(
    label: str, base: dict[str, Schedule], tier: str, rows: Sequence[OverrideRow]
) -> Schedule:
    named = label if tier == STANDARD else f"{label};{tier}"
    standard = base.get(STANDARD) or build_schedule(named, (), (), lambda _: NOTHING, "overrides")
    own = base.get(tier) or _standing_in(named, tier, standard)
    return _overlaid(f"{label};list", tier, standard, own, rows) if rows else own


def _standing_in(label: str, tier: str, standard: Schedule) -> Schedule:
    """Return the standard rates under the name of a tier that nobody publishes a price for."""
    assumption = f"no {tier} price known: standard rate"

    def sample(at: datetime) -> Priceable:
        return Priceable(_bands(standard, at), assumption)

    return build_schedule(label, standard.dates(), standard.times(), sample, standard.source)


def _overlaid(
    label: str, tier: str, standard: Schedule, own: Schedule, rows: Sequence[OverrideRow]
) -> Schedule:
    def sample(at: datetime) -> Priceable:
        row = row_on(rows, day_of(at))
        assumption = _assumption(own, at)
        merged = []
        has_own = assumption is None
        for above in _thresholds(standard, own, at):
            prices, has_own = applied(
                row,
                tier,
                standard.band_at(at, above + 1).prices,
                own.band_at(at, above + 1).prices,
                has_own=assumption is None,
            )
            merged.append((above, prices))
        missing = assumption or f"no {tier} price known: standard rate"
        return Priceable(tuple(merged), None if has_own else missing)

    dates = standard.dates() | own.dates() | change_dates(rows)
    times = standard.times() | own.times()
    return build_schedule(label, dates, times, sample, f"{own.source} + overrides")


def _bands(schedule: Schedule, at: datetime) -> tuple[tuple[int, ClassPrices], ...]:
    return tuple((band.above_input_tokens, band.prices) for band in schedule.bands_at(at))


def _thresholds(standard: Schedule, own: Schedule, at: datetime) -> list[int]:
    bands = (*standard.bands_at(at), *own.bands_at(at))
    return sorted({band.above_input_tokens for band in bands})


def _assumption(schedule: Schedule, at: datetime) -> str | None:
    rates = schedule.bands_at(at)[0].rates
    return getattr(rates, "assumption", None)
