"""Does what is planned into a Sprint fit under its cap, and what would have to go if not?

Amounts are in the cap's unit. A share of the cap may be reserved: work that lowers later cost may
use all of the cap, other work only what is left of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Verdict = Literal["fits", "at_risk", "over"]
OPTIMISATION_LABELS = frozenset({"ai-optimisation", "ai-optimization"})
"""Jira labels of stories that may use the reserved share."""


@dataclass(frozen=True, slots=True)
class PlannedStory:
    """A story of the plan with P10, P50 and P90 of its estimate in the cap's unit."""

    story_key: str
    low: int
    central: int
    high: int
    is_optimisation: bool = False


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a plan commits of a cap: the sums of its stories' P10, P50 and P90.

    P90s are added up as if all stories went badly together: the careful side.
    """

    low: int
    central: int
    high: int
    limit: int
    reserved: int
    """Part of the limit that only optimisation work may use."""
    verdict: Verdict
    trim: tuple[str, ...]
    """The fewest stories, dearest first, without which the rest fits: in its middle where that is
    over, else in its P90."""


def commitment(stories: Sequence[PlannedStory], limit: int, reserve_pct: int = 0) -> Commitment:
    """Compare a plan with a cap of `limit`. Exactly at the limit still fits.

    >>> plan = [PlannedStory("A-1", 1, 2, 9), PlannedStory("A-2", 3, 6, 8)]
    >>> found = commitment(plan, 10)
    >>> found.verdict, found.trim
    ('at_risk', ('A-1',))
    >>> commitment(plan, 10, reserve_pct=30).trim
    ('A-2',)
    """
    reserved = limit * reserve_pct // 100
    low, central, high = (
        sum(getattr(story, end) for story in stories) for end in ("low", "central", "high")
    )
    verdict: Verdict = "fits"
    trim: tuple[str, ...] = ()
    for measure, word in (("central", "over"), ("high", "at_risk")):
        trim = _trim(stories, measure, limit, reserved)
        if trim:
            verdict = word  # type: ignore[assignment]  # One of the two above.
            break
    return Commitment(low, central, high, limit, reserved, verdict, trim)


def _trim(
    stories: Iterable[PlannedStory], measure: str, limit: int, reserved: int
) -> tuple[str, ...]:
    """Take out the dearest story until the rest fits; where only the reserve is in the way, the
    dearest of those that may not use it."""
    left = sorted(stories, key=lambda story: (-getattr(story, measure), story.story_key))
    gone = []
    while left:
        total = sum(getattr(story, measure) for story in left)
        ordinary = [story for story in left if not story.is_optimisation]
        if total > limit:
            story = left[0]
        elif ordinary and sum(getattr(each, measure) for each in ordinary) > limit - reserved:
            story = ordinary[0]
        else:
            break
        left.remove(story)
        gone.append(story.story_key)
    return tuple(gone)
