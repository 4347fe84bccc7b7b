"""What a Sprint report compares beyond each story's latest estimate: the estimate at the Sprint's
start, the share of unattributed spend, the Sprints before, and, later, what came late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.reconciliation import queries as reconciliation
from integration.reconciliation.accuracy import Judged, team_accuracy
from integration.reconciliation.allocation import allocate
from integration.reconciliation.savings import Output, saving_against_previous
from integration.reports.shapes import SavingFigures, VarianceParts
from integration.reports.story_lines import figures_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.reconciliation.allocation import AllocationRule
    from integration.reports.shapes import EstimateFigures, SprintReport, StoryLine, Totals

SPRINTS_COMPARED = 3


def with_estimates_at_start(
    session: Session, workspace_id: str, sprint: Sprint, lines: Sequence[StoryLine]
) -> tuple[StoryLine, ...]:
    """Add the estimate that was in force when the Sprint began, and its error."""
    if sprint.starts_at is None:
        return tuple(lines)
    start = sprint.starts_at
    changed = [
        line.story_key
        for line in lines
        if line.estimate and line.estimate.version > 1 and not _stood(line.estimate, start)
    ]
    versions = estimates.at_of(session, workspace_id, changed, start) if changed else {}
    added = []
    for line in lines:
        version = versions.get(line.story_key)
        figures = line.estimate if line.estimate and _stood(line.estimate, start) else None
        figures = figures_of(version) if version else figures
        if figures is None:
            added.append(line)
            continue
        cost = figures.list_cost_nanousd
        error = _judged(line, cost.low, cost.central, cost.high).error_pct if cost else None
        added.append(msgspec.structs.replace(line, at_start=figures, at_start_error_pct=error))
    return tuple(added)


def _stood(estimate: EstimateFigures, instant: datetime) -> bool:
    """Whether this version was in force already."""
    return estimate.made_at is not None and estimate.made_at <= instant


def at_start_coverage_pct(lines: Sequence[StoryLine]) -> float | None:
    """Share of the stories that ended within the range stated at the Sprint's start."""
    return team_accuracy(
        _judged(line, cost.low, cost.central, cost.high)
        for line in lines
        if line.at_start and (cost := line.at_start.list_cost_nanousd) and line.actual.calls
    ).interval_coverage_pct


def _judged(line: StoryLine, low: int, central: int, high: int) -> Judged:
    return Judged(low=low, central=central, high=high, actual=line.actual.list_cost_nanousd)


def with_shares(
    lines: Sequence[StoryLine], unattributed: Totals, rule: AllocationRule
) -> tuple[StoryLine, ...]:
    """Share the unattributed list cost out over the stories that used anything."""
    if rule == "none":
        return tuple(lines)
    tokens = {line.story_key: line.actual.tokens for line in lines if line.actual.calls}
    shares = allocate(unattributed.list_cost_nanousd, tokens, rule).shares
    return tuple(
        msgspec.structs.replace(line, allocated_nanousd=shares.get(line.story_key, 0))
        for line in lines
    )


def savings_of(
    session: Session, workspace_id: str, sprint: Sprint, totals: Totals
) -> tuple[SavingFigures, ...]:
    """Compare with the cost per call of the team's Sprints that closed before this one began."""
    if sprint.starts_at is None:
        return ()
    earlier = [
        each
        for each in backlog.sprints(session, workspace_id, states=("closed",))
        if each.board_id == sprint.board_id
        and each.completed_at is not None
        and each.completed_at <= sprint.starts_at
    ]
    ids = [each.sprint_id for each in earlier[-SPRINTS_COMPARED:]]
    previous = reconciliation.outputs_of(session, workspace_id, ids)
    saving = saving_against_previous(
        previous, Output(list_cost_nanousd=totals.list_cost_nanousd, units=totals.calls)
    )
    if saving is None:
        return ()
    return (
        SavingFigures(
            baseline=saving.baseline,
            sprints=len(previous),
            baseline_nanousd=saving.baseline_nanousd,
            actual_nanousd=saving.actual_nanousd,
        ),
    )


def summed_variance(lines: Sequence[StoryLine]) -> VarianceParts | None:
    """Add the variances of all stories that have one, part by part."""
    parts = [line.variance for line in lines if line.variance]
    if not parts:
        return None
    names = VarianceParts.__struct_fields__
    return VarianceParts(**{name: sum(getattr(part, name) for part in parts) for name in names})


def with_late_usage(report: SprintReport, closing: SprintReport) -> SprintReport:
    """Set apart what came after the revision made at the closing.

    A story's variance keeps the parts it had then; what it cost more since is late usage. What Jira
    calls the story now, and whether it is done, is as it was at the closing, too.
    """
    before = {line.story_key: line for line in closing.stories}
    lines = tuple(_with_late(line, before.get(line.story_key)) for line in report.stories)
    late = report.totals.list_cost_nanousd - closing.totals.list_cost_nanousd
    return msgspec.structs.replace(
        report, stories=lines, variance=summed_variance(lines), late_usage_nanousd=late
    )


def _with_late(line: StoryLine, before: StoryLine | None) -> StoryLine:
    late = line.actual.list_cost_nanousd
    parts = VarianceParts(total_nanousd=0)
    if before is not None:
        late -= before.actual.list_cost_nanousd
        line = msgspec.structs.replace(
            line, summary=before.summary, status=before.status, is_ai_work=before.is_ai_work
        )
        parts = before.variance or parts
    elif line.variance is not None:
        in_time = line.variance.total_nanousd - late
        parts = VarianceParts(total_nanousd=in_time, volume_nanousd=in_time)
    if line.variance is None:
        return line
    split = msgspec.structs.replace(
        parts, total_nanousd=parts.total_nanousd + late, late_usage_nanousd=late
    )
    return msgspec.structs.replace(line, variance=split)
