"""How good estimates were: per figure, and for a team over its stories."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One quantity of one story: its estimate's range and what came of it, in one integer unit."""

    low: int
    central: int
    high: int
    actual: int

    @property
    def error_pct(self) -> float | None:
        """100 × (actual − central) / central; None where the central estimate is 0."""
        return 100 * (self.actual - self.central) / self.central if self.central else None

    @property
    def within_range(self) -> bool:
        """Whether the actual fell into the range, its ends included."""
        return self.low <= self.actual <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamAccuracy:
    """How a team's estimates fared; the percentages are None without a story to judge."""

    stories: int
    median_absolute_error_pct: float | None
    median_error_pct: float | None
    """Signed: above 0 means that stories tend to cost more than estimated."""
    interval_coverage_pct: float | None
    """Share of stories inside their range. A P10–P90 range that is honest holds about 80 %."""


def team_accuracy(stories: Iterable[Judged]) -> TeamAccuracy:
    """Judge a team by its stories that have both an estimate and an actual.

    Medians, because one runaway story says nothing about the team's habit.
    """
    judged = list(stories)
    errors = [story.error_pct for story in judged if story.error_pct is not None]
    inside = sum(story.within_range for story in judged)
    return TeamAccuracy(
        stories=len(judged),
        median_absolute_error_pct=median(map(abs, errors)) if errors else None,
        median_error_pct=median(errors) if errors else None,
        interval_coverage_pct=100 * inside / len(judged) if judged else None,
    )


def largest_errors(stories: dict[str, Judged], count: int) -> list[str]:
    """The keys of the stories furthest from their central estimate in money, largest first."""
    by_distance = sorted(stories, key=lambda key: (-abs(stories[key].actual
                                                        - stories[key].central), key))  # fmt: skip
    return by_distance[:count]
