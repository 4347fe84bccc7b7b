"""Why a subject spends more than usual: its usage in the spike beside that of the days before."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from integration.anomalies.causes import Cause, causes_of, scaled, with_details
from integration.journeys.spend_memory import DAY, SLICE, subjects_of
from integration.ledger import queries as ledger
from integration.pricing.cost_change import CostBasis, GroupUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from integration.anomalies.detection import Spike
    from integration.journeys.books import Books
    from integration.journeys.spend_memory import SpendMemory, Subject
    from integration.ledger.time_queries import TimedSpend

    SpendOn = Callable[[date, timedelta], list[TimedSpend]]
    """Spend of one UTC day by stretches of so long."""

DAYS_BEFORE = 3
"""How many earlier days with any spend say what this subject's usage usually looks like."""


def spike_causes(
    subject: Subject, spike: Spike, seen_at: datetime,
    memory: SpendMemory, spend_on: SpendOn, books: Books,
) -> tuple[Cause, ...]:  # fmt: skip
    """Split a spike's cost over the usual into causes that add up to it."""
    first, last = spike.start.astimezone(UTC).date(), seen_at.astimezone(UTC).date()
    earlier = [day for day in memory.days_of(subject) if day < first][-DAYS_BEFORE:]
    asked = [(day, DAY) for day in earlier]
    asked += [(first + passed * DAY, SLICE) for passed in range((last - first).days + 1)]
    rows = [row for each in asked for row in spend_on(*each) if subject in subjects_of(row)]
    inside = [row for row in rows if spike.start <= row.start < seen_at]
    before = [row for row in rows if row.start < spike.start]
    calm, spent = _basis(before, books, spike.start), _basis(inside, books, seen_at)
    usual_nanousd = round(spike.usual)
    causes = causes_of(scaled(calm, usual_nanousd), spent)
    return with_details(causes, calm, usual_nanousd, spent)


def _basis(rows: Sequence[TimedSpend], books: Books, at: datetime) -> CostBasis:
    by_model: dict[tuple[str, str], ledger.Spend] = {}
    for row in rows:
        if not row.spend.accelerator_seconds:
            place = (row.provider_name, row.model)
            by_model[place] = by_model.get(place, ledger.Spend()).plus(row.spend)
    prices = {
        model: found
        for provider, model in by_model
        if (found := books.prices.class_prices(provider, model, at)) is not None
    }
    return CostBasis(
        groups=tuple(
            GroupUsage(
                model=model,
                calls=spend.calls,
                input_tokens=spend.input_tokens,
                cache_read_input_tokens=spend.cache_read_input_tokens,
                cache_write_input_tokens=spend.cache_write_input_tokens,
                output_tokens=spend.output_tokens,
                list_cost_nanousd=spend.list_cost_nanousd,
            )
            for (_, model), spend in by_model.items()
        ),
        gpu_nanousd=sum(
            row.spend.list_cost_nanousd for row in rows if row.spend.accelerator_seconds
        ),
        prices=prices,
    )
