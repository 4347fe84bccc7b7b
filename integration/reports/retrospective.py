"""What a team may change after a Sprint: largest errors, causes, savings, and the next cap.

Figures only; the sentences are in the templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from integration.backlog import store as backlog
from integration.reconciliation import queries as revisions
from integration.reports.variance_causes import SignedCause, causes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from integration.estimation.whatif import Alternative, WhatIf
    from integration.reports.shapes import SprintReport, StoryLine

ERRORS_SHOWN = 5
STORIES_TRIED = 5
CHANGES_SHOWN = 6
RESERVE_PCT = 20
"""What the proposed cap leaves above what was really spent."""
SPRINTS_LOOKED_AT = 3

Lesson = Literal[
    "estimate_every_story", "tag_every_call", "price_every_model", "factor_every_model",
    "watch_range", "cap_in_place", "stable_prompts", "short_prompts", "count_calls",
    "approve_models",
]  # fmt: skip
FROM_CAUSE: dict[str, Lesson] = {
    "cache_share": "stable_prompts", "input_length": "short_prompts",
    "output_length": "short_prompts", "volume": "count_calls", "model_mix": "approve_models",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A change of one workload of one story, with what the estimate says it saves."""

    story_key: str
    change: Alternative


@dataclass(frozen=True, slots=True)
class NextCap:
    """A dollar cap for the next Sprint, and what it rests on. Amounts in nano-USD."""

    limit_nanousd: int
    basis_nanousd: int
    sprints: int


@dataclass(frozen=True, slots=True)
class Retrospective:
    """What the team looks at when it asks what to change."""

    largest_errors: tuple[StoryLine, ...]
    causes: tuple[SignedCause, ...]
    """Over all stories with an estimate, largest first."""
    recommendations: tuple[Recommendation, ...]
    lessons: tuple[Lesson, ...]
    """Proposed lines for the Definition of Done."""
    next_cap: NextCap | None


def dearest_stories(report: SprintReport) -> list[str]:
    """Return the stories whose alternatives are worth a look: those that used most."""
    return [line.story_key for line in report.stories if line.actual.calls][:STORIES_TRIED]


def retrospective(
    session: Session, workspace_id: str, report: SprintReport, alternatives: Mapping[str, WhatIf]
) -> Retrospective:
    """Assemble the material from a report with all its stories, and the alternatives to some."""
    causes = summed_causes(report)
    earlier_nanousd = costs_before(session, workspace_id, report)
    return Retrospective(
        largest_errors=largest_errors(report),
        causes=causes,
        recommendations=recommended(alternatives),
        lessons=lessons_of(report, causes),
        next_cap=next_cap([report.totals.list_cost_nanousd, *earlier_nanousd]),
    )


def costs_before(session: Session, workspace_id: str, report: SprintReport) -> list[int]:
    """List cost (nano-USD) of the closed Sprints of the team that began before, newest first."""
    start = report.sprint.starts_at
    this = backlog.sprint(session, workspace_id, report.sprint.sprint_id)
    if start is None or this is None:
        return []
    heads = revisions.revision_heads(session, workspace_id)
    costs = {head.sprint_id: head.list_cost_nanousd for head in heads}
    before = [
        sprint.sprint_id
        for sprint in backlog.sprints(session, workspace_id, states=("closed",))
        if sprint.board_id == this.board_id and sprint.starts_at and sprint.starts_at < start
    ]
    return [costs[sprint_id] for sprint_id in reversed(before) if sprint_id in costs]


def largest_errors(report: SprintReport) -> tuple[StoryLine, ...]:
    """Return the stories furthest from their central estimate in money, outside their range."""
    missed = [line for line in report.stories if line.variance and line.within_range is False]
    missed.sort(key=lambda line: (-abs(_difference(line)), line.story_key))
    return tuple(missed[:ERRORS_SHOWN])


def summed_causes(report: SprintReport) -> tuple[SignedCause, ...]:
    """Add the variance of all stories by cause."""
    sums: dict[str, int] = {}
    for line in report.stories:
        for cause in causes_of(line.variance):
            sums[cause.kind] = sums.get(cause.kind, 0) + cause.amount_nanousd
    found = [SignedCause(kind, amount) for kind, amount in sums.items() if amount]
    return tuple(sorted(found, key=lambda cause: (-abs(cause.amount_nanousd), cause.kind)))


def recommended(alternatives: Mapping[str, WhatIf]) -> tuple[Recommendation, ...]:
    """Return the changes that save most, at most two for a story."""
    found = [
        Recommendation(story_key, change)
        for story_key, tried in alternatives.items()
        for change in tried.cheapest[:2]
    ]
    found.sort(key=lambda each: -(each.change.saving_nanousd or 0))
    return tuple(found[:CHANGES_SHOWN])


def lessons_of(report: SprintReport, causes: Sequence[SignedCause]) -> tuple[Lesson, ...]:
    """Return the Definition of Done lines that this Sprint gives a reason for."""
    ai_stories = [line for line in report.stories if line.is_ai_work]
    estimated = [line for line in ai_stories if line.estimate and line.estimate.list_cost_nanousd]
    reasons: list[tuple[bool, Lesson]] = [
        (len(estimated) < len(ai_stories), "estimate_every_story"),
        (report.unattributed.calls > 0, "tag_every_call"),
        (report.totals.unpriced_calls > 0, "price_every_model"),
        (report.totals.calls_without_factor > 0, "factor_every_model"),
        (any(line.within_range is False for line in estimated), "watch_range"),
        (report.totals.calls > 0 and not report.caps, "cap_in_place"),
    ]
    dearer = [FROM_CAUSE[c.kind] for c in causes if c.amount_nanousd > 0 and c.kind in FROM_CAUSE]
    lessons = [lesson for holds, lesson in reasons if holds]
    return tuple(dict.fromkeys([*lessons, *dearer[:2]]))


def next_cap(spent_nanousd: Sequence[int]) -> NextCap | None:
    """Propose the larger of the last Sprint and the median of the last three, plus a reserve.

    None when nothing was spent: a cap then has nothing to rest on.
    """
    recent = list(spent_nanousd[:SPRINTS_LOOKED_AT])
    if not recent or not recent[0]:
        return None
    basis = max(recent[0], round(median(recent)))
    wanted = basis * (100 + RESERVE_PCT) // 100
    step = max(10**9, 10 ** (len(str(wanted)) - 2))
    return NextCap(-(-wanted // step) * step, basis, len(recent))


def _difference(line: StoryLine) -> int:
    return line.variance.total_nanousd if line.variance else 0
