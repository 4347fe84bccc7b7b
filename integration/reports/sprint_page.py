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
from integration.estimation import store as estimates
from integration.foundation.errors import NotFound
from integration.ledger import queries as ledger
from integration.reconciliation import queries as revisions
from integration.reconciliation.accuracy import team_accuracy
from integration.reports.cap_report import cap_statuses, header_of
from integration.reports.shapes import SprintReport
from integration.reports.spend import totals_of
from integration.reports.sprint_report import (
    burn_of,
    forecast_of,
    spikes_of,
    sprint_report,
    unattributed_in,
)
from integration.reports.sprint_stories import brief_line, stories_of_sprint
from integration.reports.standing import recount_of
from integration.reports.story_lines import UNKNOWN, story_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from integration.backlog.queries import Title
    from integration.backlog.story import Sprint
    from integration.estimation.store import EstimateVersion
    from integration.ledger.queries import ModelSpend
    from integration.pricing.price_book import PriceBook
    from integration.reconciliation.queries import RevisionHead
    from integration.reports.shapes import StoryLine
    from integration.reports.sprint_stories import Standing

OVER_SHOWN = 5
REMEMBERED = 4096
"""Variances kept in a process: some Sprints of large teams."""


@dataclass(frozen=True, slots=True)
class SprintPage:
    """A report with the dearest stories only, how many there are, and the report's revisions."""

    report: SprintReport
    story_count: int
    ai_story_count: int
    revisions: tuple[RevisionHead, ...]
    over_estimate: tuple[StoryLine, ...] = ()
    """Of a running Sprint the stories furthest above their range, with cost only."""
    over_count: int = 0


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
    if heads:
        return _closed(session, workspace_id, sprint_id, shown, heads)
    # It closed a moment ago, and the worker has not come to it.
    report = sprint_report(session, workspace_id, sprint_id, prices, now=now)
    front = msgspec.structs.replace(report, stories=report.stories[:shown])
    ai_stories = sum(line.is_ai_work for line in report.stories)
    return SprintPage(front, len(report.stories), ai_stories, heads)


def _closed(
    session: Session, workspace_id: str, sprint_id: int, shown: int,
    heads: tuple[RevisionHead, ...],
) -> SprintPage:  # fmt: skip
    front = revisions.front_of(session, workspace_id, sprint_id, heads[-1].revision, shown)
    report = msgspec.json.decode(front.body, type=SprintReport, strict=False)
    recount = recount_of(session, workspace_id, sprint_id, report.revision)
    report = msgspec.structs.replace(report, recount=recount)
    return SprintPage(report, front.stories, front.ai_stories, heads)


def _standing(
    session: Session, workspace_id: str, sprint: Sprint, prices: PriceBook, shown: int,
    now: datetime, heads: tuple[RevisionHead, ...],
) -> SprintPage:  # fmt: skip
    stories = stories_of_sprint(session, workspace_id, sprint.sprint_id)
    accuracy = team_accuracy(stories.judged())
    burn = burn_of(session, workspace_id, sprint, now)
    over = stories.over_estimate()
    front, above = stories.standings[:shown], over[:OVER_SHOWN]
    titles = backlog_queries.titles_of(
        session, workspace_id, {each.story_key for each in (*front, *above)}
    )
    is_open = backlog_queries.open_in(session, workspace_id, sprint.sprint_id)
    planned = [
        (cost, each.use.list_cost_nanousd)
        for each in stories.standings
        if each.story_key in is_open and (cost := each.cost)
    ]
    report = SprintReport(
        sprint=header_of(session, workspace_id, sprint),
        revision=0,
        as_of=now,
        stories=_detailed(session, workspace_id, sprint.sprint_id, front, titles, prices, now),
        totals=totals_of(ledger.total_of_sprint(session, workspace_id, sprint.sprint_id)),
        unattributed=totals_of(unattributed_in(session, workspace_id, sprint, now)),
        estimated=stories.estimated(),
        caps=cap_statuses(session, workspace_id, sprint.sprint_id),
        spikes=spikes_of(session, workspace_id, sprint, stories.keys(), now),
        burn=burn,
        forecast_nanousd=forecast_of(sprint, burn, planned, now),
        interval_coverage_pct=accuracy.interval_coverage_pct,
        median_error_pct=accuracy.median_error_pct,
    )
    return SprintPage(
        report, len(stories.standings), len(stories.standings) - len(stories.others), heads,
        over_estimate=tuple(
            brief_line(each, titles.get(each.story_key, UNKNOWN)) for each in above
        ),
        over_count=len(over),
    )  # fmt: skip


def _detailed(
    session: Session, workspace_id: str, sprint_id: int, shown: Sequence[Standing],
    titles: Mapping[str, Title], prices: PriceBook, now: datetime,
) -> tuple[StoryLine, ...]:  # fmt: skip
    """Return these stories' whole lines."""
    keys = [each.story_key for each in shown]
    if not keys:
        return ()
    versions = estimates.with_previous(session, workspace_id, keys)
    by_story: dict[str, list[ModelSpend]] = defaultdict(list)
    for row in ledger.spend_in_sprint(session, workspace_id, sprint_id, keys):
        by_story[row.story_key].append(row)
    return tuple(
        _whole_line(
            _Known(
                key, titles.get(key, UNKNOWN), tuple(by_story[key]),
                version.digest if version else "", previous.digest if previous else "",
                prices.price_version, now.date(), version, previous, prices, now,
            )
        )
        for key in keys
        for version, previous in [versions.get(key, (None, None))]
    )  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """What a line rests on. Two are equal when the line is: digests stand for what is large."""

    story_key: str
    title: Title
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
    title = known.title
    return story_line(
        known.story_key, known.spent, known.version, known.prices, previous=known.previous,
        summary=title.summary, status=title.status, is_ai_work=title.is_ai_work, now=known.now,
    )  # fmt: skip
