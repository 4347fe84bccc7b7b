"""A Sprint's report for a page that must be quick: thousands of stories, details of the first ones.

The figures are those of `sprint_report`. Everything that is added up counts every story; token
counts, emissions and the split of the variance are worked out for the stories that are shown. The
estimate of the start, allocation and savings are for the review: a closed Sprint's revision has
them, a running Sprint's page leaves them out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.estimation import queries as estimate_queries
from integration.estimation import store as estimates
from integration.foundation.errors import NotFound
from integration.ledger import queries as ledger
from integration.reconciliation import queries as revisions
from integration.reconciliation.accuracy import Judged, team_accuracy
from integration.reports.cap_report import cap_statuses, header_of
from integration.reports.shapes import (
    EstimateFigures,
    Spread,
    SprintReport,
    StoryLine,
    Totals,
)
from integration.reports.spend import totals_of
from integration.reports.sprint_report import (
    burn_of,
    forecast_of,
    spikes_of,
    unattributed_in,
)
from integration.reports.standing import standing_report
from integration.reports.story_lines import UNKNOWN, spread_of, story_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.estimation.queries import Head
    from integration.estimation.store import EstimateVersion
    from integration.estimation.workload import Range
    from integration.ledger.queries import ModelSpend
    from integration.pricing.price_book import PriceBook
    from integration.reconciliation.queries import RevisionHead

REMEMBERED = 4096
"""Variances kept in a process: some Sprints of large teams."""


@dataclass(frozen=True, slots=True)
class SprintPage:
    """A report with the dearest stories only, how many there are, and the report's revisions."""

    report: SprintReport
    story_count: int
    ai_story_count: int
    over_estimate: tuple[StoryLine, ...]
    """All stories above their range, furthest first; of a running Sprint with cost only."""
    revisions: tuple[RevisionHead, ...]


def sprint_page(
    session: Session, workspace_id: str, sprint_id: int, prices: PriceBook, *, shown: int,
    now: datetime,
) -> SprintPage:  # fmt: skip
    """Return the newest revision of a closed Sprint, else the Sprint as it stands.

    Raises:
        NotFound: we have not met the Sprint.
    """
    sprint = backlog.sprint(session, workspace_id, sprint_id)
    if sprint is None:
        raise NotFound(f"There is no Sprint {sprint_id} in this workspace")
    heads = tuple(revisions.revision_heads(session, workspace_id, sprint_id))
    if sprint.state != "closed":
        return _standing(session, workspace_id, sprint, prices, shown, now, heads)
    report = standing_report(session, workspace_id, sprint_id, prices, now=now)
    return _page(report, report.stories, shown, heads)


def _page(
    report: SprintReport, lines: Sequence[StoryLine], shown: int, heads: tuple[RevisionHead, ...]
) -> SprintPage:
    over = [
        line
        for line in lines
        if line.estimate
        and (cost := line.estimate.list_cost_nanousd)
        and line.actual.list_cost_nanousd > cost.high
    ]
    over.sort(key=lambda line: (-(line.error_pct or 0), line.story_key))
    return SprintPage(
        report=msgspec.structs.replace(report, stories=report.stories[:shown]),
        story_count=len(lines),
        ai_story_count=sum(line.is_ai_work for line in lines),
        over_estimate=tuple(over),
        revisions=heads,
    )


def _standing(
    session: Session, workspace_id: str, sprint: Sprint, prices: PriceBook, shown: int,
    now: datetime, heads: tuple[RevisionHead, ...],
) -> SprintPage:  # fmt: skip
    lines = _lines(session, workspace_id, sprint.sprint_id)
    accuracy = team_accuracy(
        found for line in lines if line.actual.calls and (found := _judged(line))
    )
    burn = burn_of(session, workspace_id, sprint, now)
    report = SprintReport(
        sprint=header_of(session, workspace_id, sprint),
        revision=0,
        as_of=now,
        stories=_detailed(session, workspace_id, sprint.sprint_id, lines[:shown], prices, now),
        totals=totals_of(ledger.total_of_sprint(session, workspace_id, sprint.sprint_id)),
        unattributed=totals_of(unattributed_in(session, workspace_id, sprint, now)),
        estimated=_summed(lines),
        caps=cap_statuses(session, workspace_id, sprint.sprint_id),
        spikes=spikes_of(session, workspace_id, sprint, lines, now),
        burn=burn,
        forecast_nanousd=forecast_of(sprint, burn, lines, now),
        interval_coverage_pct=accuracy.interval_coverage_pct,
        median_error_pct=accuracy.median_error_pct,
    )
    return _page(report, lines, shown, heads)


def _lines(session: Session, workspace_id: str, sprint_id: int) -> list[StoryLine]:
    """All stories, dearest first; of what they used only calls and list cost, no reasons."""
    costs = ledger.cost_of_stories(session, workspace_id, sprint_id)
    keys = {*backlog.stories_in(session, workspace_id, sprint_id), *costs} - {""}
    titles = backlog_queries.titles_of(session, workspace_id, keys)
    heads = estimate_queries.heads_of(session, workspace_id, keys)
    lines = [_line(key, titles.get(key, UNKNOWN), heads.get(key), costs.get(key)) for key in keys]
    lines.sort(key=lambda line: (-line.actual.list_cost_nanousd, line.story_key))
    return lines


def _line(
    key: str, title: backlog_queries.Title, head: Head | None, cost: ledger.UseCost | None
) -> StoryLine:
    spent = cost or ledger.UseCost(0, 0)
    expected = head.list_cost_nanousd if head else None
    judged = expected and _judge(expected, spent.list_cost_nanousd)
    return StoryLine(
        story_key=key,
        summary=title.summary,
        status=title.status,
        is_ai_work=title.is_ai_work,
        estimate=head and EstimateFigures(
            version=head.version,
            tokens=spread_of(head.tokens),
            list_cost_nanousd=spread_of(expected),
            location_based_ugco2e=spread_of(head.location_based_ugco2e),
        ),
        actual=Totals(calls=spent.calls, list_cost_nanousd=spent.list_cost_nanousd),
        error_pct=judged.error_pct if judged else None,
        within_range=judged.within_range if judged else None,
    )  # fmt: skip


def _judge(cost: Spread | Range, actual_nanousd: int) -> Judged:
    return Judged(low=cost.low, central=cost.central, high=cost.high, actual=actual_nanousd)


def _judged(line: StoryLine) -> Judged | None:
    cost = line.estimate.list_cost_nanousd if line.estimate else None
    return _judge(cost, line.actual.list_cost_nanousd) if cost else None


def _detailed(
    session: Session, workspace_id: str, sprint_id: int, lines: Sequence[StoryLine],
    prices: PriceBook, now: datetime,
) -> tuple[StoryLine, ...]:  # fmt: skip
    """Return these stories' whole lines."""
    keys = [line.story_key for line in lines]
    versions = estimates.with_previous(session, workspace_id, keys)
    by_story: dict[str, list[ModelSpend]] = defaultdict(list)
    for row in ledger.spend_in_sprint(session, workspace_id, sprint_id, keys):
        by_story[row.story_key].append(row)
    return tuple(
        _whole_line(
            _Known(
                line, tuple(by_story[line.story_key]), version.digest if version else "",
                previous.digest if previous else "", prices.price_version, now.date(),
                version, previous, prices, now,
            )
        )
        for line in lines
        for version, previous in [versions.get(line.story_key, (None, None))]
    )  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """What a line rests on. Two are equal when the line is: digests stand for what is large."""

    line: StoryLine
    spent: tuple[ModelSpend, ...]
    digest: str
    previous_digest: str
    price_version: str
    day: date
    version: EstimateVersion | None = field(compare=False)
    previous: EstimateVersion | None = field(compare=False)
    prices: PriceBook = field(compare=False)
    now: datetime = field(compare=False)


@lru_cache(maxsize=REMEMBERED)
def _whole_line(known: _Known) -> StoryLine:
    """Splitting a variance takes milliseconds; a story that did not change keeps its line."""
    line = known.line
    return story_line(
        line.story_key, known.spent, known.version, known.prices, previous=known.previous,
        summary=line.summary, status=line.status, is_ai_work=line.is_ai_work, now=known.now,
    )  # fmt: skip


def _summed(lines: Sequence[StoryLine]) -> EstimateFigures | None:
    """The sum of all estimates, quantity by quantity; `missing` are stories without dollars."""
    figures = [line.estimate for line in lines if line.estimate]
    if not figures:
        return None
    return EstimateFigures(
        version=0,
        tokens=_sum([each.tokens for each in figures]),
        list_cost_nanousd=_sum([each.list_cost_nanousd for each in figures]),
        location_based_ugco2e=_sum([each.location_based_ugco2e for each in figures]),
        missing=tuple(
            line.story_key
            for line in lines
            if line.is_ai_work and not (line.estimate and line.estimate.list_cost_nanousd)
        ),
    )


def _sum(spreads: Sequence[Spread | None]) -> Spread | None:
    known = [spread for spread in spreads if spread is not None]
    if not known:
        return None
    return Spread(
        sum(spread.low for spread in known),
        sum(spread.central for spread in known),
        sum(spread.high for spread in known),
    )
