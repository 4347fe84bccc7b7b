"""A Sprint's report for a page that must be quick: thousands of stories, details of the first ones.

The figures are those of `sprint_report`; only the split of each story's variance, the dear part,
is left to the stories that are shown.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.estimation import queries as estimate_queries
from integration.estimation import store as estimates
from integration.foundation.errors import NotFound
from integration.ledger import queries as ledger
from integration.reconciliation import queries as revisions
from integration.reconciliation import store as reconciliation
from integration.reconciliation.accuracy import Judged, team_accuracy
from integration.reports.cap_report import cap_statuses, header_of
from integration.reports.shapes import EstimateFigures, Spread, SprintReport, StoryLine
from integration.reports.spend import added_up, totals_of
from integration.reports.sprint_report import burn_of, forecast_of, spikes_of, unattributed_in
from integration.reports.story_lines import spread_of, story_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.estimation.queries import Head
    from integration.ledger.queries import ModelSpend, Spend
    from integration.pricing.price_book import PriceBook
    from integration.reconciliation.queries import RevisionHead


@dataclass(frozen=True, slots=True)
class SprintPage:
    """A report, how many of its stories (dearest first) carry their variance, and its revisions."""

    report: SprintReport
    detailed: int
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
    if sprint.state == "closed" and heads:
        saved = reconciliation.latest(session, workspace_id, sprint_id)
        if saved is not None:
            report = msgspec.convert(saved.body, SprintReport, strict=False)
            return SprintPage(report, len(report.stories), heads)
    report = _standing(session, workspace_id, sprint, prices, shown, now)
    return SprintPage(report, min(shown, len(report.stories)), heads)


def _standing(
    session: Session, workspace_id: str, sprint: Sprint, prices: PriceBook, shown: int,
    now: datetime,
) -> SprintReport:  # fmt: skip
    spent = ledger.spend_in_sprint(session, workspace_id, sprint.sprint_id)
    lines = _lines(session, workspace_id, sprint.sprint_id, spent)
    detailed = _detailed(session, workspace_id, lines[:shown], spent, prices, now)
    lines = (*detailed, *lines[shown:])
    burn = burn_of(session, workspace_id, sprint, now)
    accuracy = team_accuracy(
        found for line in lines if line.actual.calls and (found := _judged(line))
    )
    return SprintReport(
        sprint=header_of(session, workspace_id, sprint),
        revision=0,
        as_of=now,
        stories=lines,
        totals=totals_of(added_up(row.spend for row in spent)),
        unattributed=totals_of(unattributed_in(session, workspace_id, sprint, now)),
        estimated=_summed(lines),
        caps=cap_statuses(session, workspace_id, sprint.sprint_id),
        spikes=spikes_of(session, workspace_id, sprint, lines, now),
        burn=burn,
        forecast_nanousd=forecast_of(sprint, burn, lines, now),
        interval_coverage_pct=accuracy.interval_coverage_pct,
        median_error_pct=accuracy.median_error_pct,
    )


def _lines(
    session: Session, workspace_id: str, sprint_id: int, spent: Sequence[ModelSpend]
) -> tuple[StoryLine, ...]:
    """All stories, dearest first, without their variance."""
    sums: dict[str, Spend] = {}
    for row in spent:
        standing = sums.get(row.story_key)
        sums[row.story_key] = row.spend if standing is None else standing.plus(row.spend)
    keys = {*backlog.stories_in(session, workspace_id, sprint_id), *sums} - {""}
    titles = backlog_queries.titles_of(session, workspace_id, keys)
    heads = estimate_queries.heads_of(session, workspace_id, keys)
    unknown = backlog_queries.Title("", "", True)
    lines = [
        _line(key, titles.get(key, unknown), heads.get(key), sums.get(key)) for key in keys
    ]
    return tuple(sorted(lines, key=lambda line: (-line.actual.list_cost_nanousd, line.story_key)))


def _line(
    key: str, title: backlog_queries.Title, head: Head | None, spend: Spend | None
) -> StoryLine:
    line = StoryLine(
        story_key=key,
        summary=title.summary,
        status=title.status,
        is_ai_work=title.is_ai_work,
        estimate=head and EstimateFigures(
            version=head.version,
            tokens=spread_of(head.tokens),
            list_cost_nanousd=spread_of(head.list_cost_nanousd),
            location_based_ugco2e=spread_of(head.location_based_ugco2e),
            missing=head.missing,
        ),
        actual=totals_of(spend),
    )  # fmt: skip
    judged = _judged(line)
    if judged is None:
        return line
    return msgspec.structs.replace(
        line, error_pct=judged.error_pct, within_range=judged.within_range
    )


def _judged(line: StoryLine) -> Judged | None:
    cost = line.estimate.list_cost_nanousd if line.estimate else None
    return cost and Judged(
        low=cost.low, central=cost.central, high=cost.high, actual=line.actual.list_cost_nanousd
    )


def _detailed(
    session: Session, workspace_id: str, lines: Sequence[StoryLine],
    spent: Sequence[ModelSpend], prices: PriceBook, now: datetime,
) -> list[StoryLine]:  # fmt: skip
    """These lines with their variance."""
    keys = [line.story_key for line in lines]
    versions = estimates.latest_of(session, workspace_id, keys)
    by_story: dict[str, list[ModelSpend]] = defaultdict(list)
    for row in spent:
        by_story[row.story_key].append(row)
    return [
        story_line(
            line.story_key, by_story[line.story_key], versions.get(line.story_key), prices,
            summary=line.summary, status=line.status, is_ai_work=line.is_ai_work, now=now,
        )
        for line in lines
    ]  # fmt: skip


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
