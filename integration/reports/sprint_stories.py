"""All stories of a running Sprint as plain columns: what a page adds up over thousands of them.

A line of a report is a tree of objects; two thousand of them cost more to build and to collect
again than everything else of a page. Whole lines are made for the stories that are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from integration.backlog import queries as backlog
from integration.estimation import queries as estimates
from integration.ledger import queries as ledger
from integration.reconciliation.accuracy import Judged
from integration.reports.shapes import EstimateFigures, Spread, StoryLine, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

NO_USE = ledger.UseCost(0, 0)


class Standing(NamedTuple):
    """A story's use in the Sprint, and its newest estimate's figures."""

    story_key: str
    use: ledger.UseCost
    figures: estimates.Figures | None
    cost: Spread | None
    """The estimate in nano-USD; None without one."""


class SprintStories(NamedTuple):
    """The stories that are or were in the Sprint or spent in it, dearest first."""

    standings: list[Standing]
    others: frozenset[str]
    """Keys of those that are not AI work."""

    def keys(self) -> set[str]:
        """Their keys."""
        return {each.story_key for each in self.standings}

    def judged(self) -> list[Judged]:
        """Every story that has both an estimate in dollars and use."""
        return [
            Judged(low=cost.low, central=cost.central, high=cost.high,
                   actual=each.use.list_cost_nanousd)
            for each in self.standings
            if (cost := each.cost) and each.use.calls
        ]  # fmt: skip

    def estimated(self) -> EstimateFigures | None:
        """The sum of all estimates, quantity by quantity; `missing` are AI work without dollars."""
        figures = [each.figures for each in self.standings if each.figures is not None]
        if not figures:
            return None
        tokens, cost, carbon = (_sum([each[at : at + 3] for each in figures]) for at in (0, 3, 6))
        return EstimateFigures(
            version=0, tokens=tokens, list_cost_nanousd=cost, location_based_ugco2e=carbon,
            missing=tuple(
                each.story_key
                for each in self.standings
                if each.story_key not in self.others and each.cost is None
            ),
        )  # fmt: skip

    def over_estimate(self) -> list[Standing]:
        """Those above their range, furthest first, measured against the central estimate."""
        over = [
            each
            for each in self.standings
            if each.cost and each.use.list_cost_nanousd > each.cost.high
        ]
        return sorted(over, key=lambda each: (-(_error_pct(each) or 0), each.story_key))


def stories_of_sprint(session: Session, workspace_id: str, sprint_id: int) -> SprintStories:
    """Read all stories of a Sprint."""
    use = ledger.cost_of_stories(session, workspace_id, sprint_id)
    keys = list((backlog.keys_in(session, workspace_id, sprint_id) | use.keys()) - {""})
    figures = estimates.figures_of(session, workspace_id, keys)
    standings = [standing_of(key, use.get(key, NO_USE), figures.get(key)) for key in keys]
    standings.sort(key=lambda each: (-each.use.list_cost_nanousd, each.story_key))
    return SprintStories(standings, backlog.other_work(session, workspace_id, keys))


def standing_of(story_key: str, use: ledger.UseCost, figures: estimates.Figures | None) -> Standing:
    """A story's place in such a list."""
    return Standing(story_key, use, figures, figures and _spread(figures[3:6]))


def brief_line(standing: Standing, title: backlog.Title) -> StoryLine:
    """A story's line of cost alone."""
    cost, actual = standing.cost, standing.use.list_cost_nanousd
    figures = standing.figures
    return StoryLine(
        story_key=standing.story_key, summary=title.summary, status=title.status,
        is_ai_work=title.is_ai_work,
        estimate=figures and EstimateFigures(
            version=0, tokens=_spread(figures[:3]), list_cost_nanousd=cost,
            location_based_ugco2e=_spread(figures[6:]),
        ),
        actual=Totals(calls=standing.use.calls, list_cost_nanousd=actual),
        error_pct=_error_pct(standing),
        within_range=cost.low <= actual <= cost.high if cost else None,
    )  # fmt: skip


def _error_pct(standing: Standing) -> float | None:
    cost = standing.cost
    if cost is None or not cost.central:
        return None
    return 100 * (standing.use.list_cost_nanousd - cost.central) / cost.central


def _spread(ends: Sequence[int | None]) -> Spread | None:
    low, central, high = ends
    return None if low is None or central is None or high is None else Spread(low, central, high)


def _sum(ranges: Sequence[tuple[int | None, ...]]) -> Spread | None:
    known = [ends for ends in ranges if None not in ends]
    return Spread(*map(sum, zip(*known, strict=True))) if known else None
