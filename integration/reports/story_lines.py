"""The lines of a Sprint report: each estimate beside what was consumed, and why they differ."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.estimation.change import change_between
from integration.pricing.cost_change import CostBasis, GroupUsage
from integration.reconciliation.accuracy import Judged
from integration.reconciliation.estimate_basis import basis_of, operation_of
from integration.reconciliation.variance import variance
from integration.reports.shapes import (
    EstimateDelta,
    EstimateFigures,
    Spread,
    StoryLine,
    VarianceParts,
)
from integration.reports.spend import added_up, totals_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.estimation.store import EstimateVersion
    from integration.estimation.workload import Estimate, Range
    from integration.ledger.queries import ModelSpend
    from integration.pricing.price_book import PriceBook
    from integration.pricing.rates import ClassPrices


UNKNOWN = backlog_queries.Title("", "", True)
"""A story that usage names and Jira has not told us of."""


def story_lines(
    session: Session, workspace_id: str, sprint_id: int, spent: Sequence[ModelSpend],
    prices: PriceBook, *, now: datetime, estimated_until: datetime | None = None,
) -> tuple[StoryLine, ...]:  # fmt: skip
    """Return a line for every story that was in the Sprint or spent in it, dearest first.

    A closed Sprint is judged by the estimates of its closing: later ones have seen its actuals.
    """
    by_story: dict[str, list[ModelSpend]] = defaultdict(list)
    for group in spent:
        by_story[group.story_key].append(group)
    keys = {*backlog.stories_in(session, workspace_id, sprint_id), *by_story} - {""}
    titles = backlog_queries.titles_of(session, workspace_id, keys)
    versions = estimates.with_previous(session, workspace_id, keys, estimated_until)
    late = estimates.first_of(session, workspace_id, keys - versions.keys())
    lines = []
    known_prices = _KnownPrices(prices)
    for key in keys:
        title = titles.get(key, UNKNOWN)
        version, previous = versions.get(key, (late.get(key), None))
        lines.append(
            story_line(
                key, by_story.get(key, ()), version, known_prices, previous=previous,
                summary=title.summary, status=title.status, is_ai_work=title.is_ai_work, now=now,
            )
        )  # fmt: skip
    return tuple(sorted(lines, key=lambda line: (-line.actual.list_cost_nanousd, line.story_key)))


def story_line(
    story_key: str, spent: Sequence[ModelSpend], version: EstimateVersion | None,
    prices: PriceBook | _KnownPrices, *, summary: str, status: str, is_ai_work: bool, now: datetime,
    previous: EstimateVersion | None = None,
) -> StoryLine:  # fmt: skip
    """Return one story's line; variance and error only where there is a dollar estimate."""
    actual = totals_of(added_up(row.spend for row in spent))
    cost = version.estimate.list_cost_nanousd if version else None
    judged = cost and Judged(
        low=cost.low, central=cost.central, high=cost.high, actual=actual.list_cost_nanousd
    )
    return StoryLine(
        story_key=story_key,
        summary=summary,
        status=status,
        is_ai_work=is_ai_work,
        estimate=figures_of(version, previous) if version else None,
        actual=actual,
        variance=_variance(version, cost.central, spent, prices, now) if version and cost else None,
        error_pct=judged.error_pct if judged else None,
        within_range=judged.within_range if judged else None,
    )


def figures_of(
    version: EstimateVersion, previous: EstimateVersion | None = None
) -> EstimateFigures:
    """Return an estimate's ranges as reports carry them."""
    estimate = version.estimate
    return EstimateFigures(
        version=version.version,
        made_at=version.created_at,
        tokens=spread_of(estimate.tokens),
        list_cost_nanousd=spread_of(estimate.list_cost_nanousd),
        location_based_ugco2e=spread_of(estimate.location_based_ugco2e),
        missing=tuple(missing.reason for missing in estimate.missing),
        change=_delta(previous, version) if previous else None,
    )


def _delta(previous: EstimateVersion, version: EstimateVersion) -> EstimateDelta:
    change = change_between(previous.estimate, version.estimate, previous.version)
    cost, carbon = change.list_cost_pct, change.location_based_pct
    return EstimateDelta(
        since_version=change.since_version,
        list_cost_pct=None if cost is None else float(cost),
        location_based_pct=None if carbon is None else float(carbon),
        reasons=change.reasons,
    )


def spread_of(found: Range | None) -> Spread | None:
    """Return a range as reports carry it."""
    return Spread(found.low, found.central, found.high) if found else None


def _variance(
    version: EstimateVersion, central: int, spent: Sequence[ModelSpend],
    prices: PriceBook | _KnownPrices, now: datetime,
) -> VarianceParts:  # fmt: skip
    gpu = [row for row in spent if row.spend.accelerator_seconds]
    calls = [row for row in spent if not row.spend.accelerator_seconds]
    names = {row.model: row.provider_name for row in calls}
    planned = {each.model: each.provider_name for each in version.estimate.workloads if each.model}
    estimate = basis_of(
        version.estimate.workloads,
        _prices(prices, planned, version.created_at),
        central_nanousd=central,
        runs_on_accelerators=any(w.runs_on_accelerators for w in version.estimate.workloads),
    )
    actual = CostBasis(
        groups=tuple(_group(row, version.estimate) for row in calls),
        gpu_nanousd=sum(row.spend.list_cost_nanousd for row in gpu),
        prices=_prices(prices, names, now),
    )
    parts = variance(estimated_nanousd=central, estimate=estimate, actual=actual)
    return msgspec.convert(parts, VarianceParts, from_attributes=True)


def _group(row: ModelSpend, estimate: Estimate) -> GroupUsage:
    kinds = {each.model: each.kind for each in estimate.workloads}
    return GroupUsage(
        model=row.model,
        operation_name=operation_of(kinds.get(row.model, "chat")),
        calls=row.spend.calls,
        input_tokens=row.spend.input_tokens,
        cache_read_input_tokens=row.spend.cache_read_input_tokens,
        cache_write_input_tokens=row.spend.cache_write_input_tokens,
        output_tokens=row.spend.output_tokens,
        list_cost_nanousd=row.spend.list_cost_nanousd,
    )


class _KnownPrices:
    """The price book, asked once for what two thousand stories of one report ask of it."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._known: dict[tuple[str, str, datetime], ClassPrices | None] = {}

    def class_prices(self, provider_name: str, model: str, at: datetime) -> ClassPrices | None:
        """Return a model's prices at an instant; None without any."""
        place = (provider_name, model, at)
        if place not in self._known:
            self._known[place] = self._book.class_prices(provider_name, model, at)
        return self._known[place]


def _prices(
    book: PriceBook | _KnownPrices, models: Mapping[str, str], at: datetime
) -> dict[str, ClassPrices]:
    found = {model: book.class_prices(provider, model, at) for model, provider in models.items()}
    return {model: prices for model, prices in found.items() if prices is not None}
