"""Which lines of a report a Slack message shows, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.reports.shapes import (
        CapStatus,
        StoryLine,
    )

NEAR_CAP_PCT = 80
LEAST_MISS_NANOUSD = 10_000_000


def sprint_cap(caps: Sequence[CapStatus]) -> CapStatus | None:
    """Return the Sprint's own cap in dollars, against which burn and forecast are read."""
    return next((cap for cap in caps if cap.unit == "usd" and cap.scope == "sprint"), None)


def near_caps(caps: Sequence[CapStatus]) -> list[CapStatus]:
    """Return the caps of which 80 % or more is spent or that denied calls, fullest first."""
    near = [cap for cap in caps if cap.used_pct >= NEAR_CAP_PCT or cap.denied_calls]
    return sorted(near, key=lambda cap: -cap.used_pct)


def acting_caps(caps: Sequence[CapStatus]) -> list[CapStatus]:
    """Return the caps that denied calls, those which prevented most first."""
    return sorted((cap for cap in caps if cap.denied_calls), key=lambda cap: -cap.prevented)


def largest_errors(stories: Sequence[StoryLine]) -> list[StoryLine]:
    """Return the stories that ended outside their range, the largest amount of money first.

    A cent beside the range is no miss that anyone needs to talk about.
    """
    missed = [
        story
        for story in stories
        if story.within_range is False and abs(error_nanousd(story)) >= LEAST_MISS_NANOUSD
    ]
    return sorted(missed, key=lambda story: (-abs(error_nanousd(story)), story.story_key))


def reviewed(stories: Sequence[StoryLine]) -> list[StoryLine]:
    """Return the stories with an estimate and use, the dearest first: a table of one is no help."""
    both = [story for story in stories if central_cost(story) and story.actual.calls]
    both.sort(key=lambda story: (-story.actual.list_cost_nanousd, story.story_key))
    return both if len(both) > 1 else []


def error_nanousd(story: StoryLine) -> int:
    """Actual list cost less the estimate's central figure; 0 without an estimate."""
    cost = story.estimate.list_cost_nanousd if story.estimate else None
    return story.actual.list_cost_nanousd - cost.central if cost else 0


def error_of_estimated_pct(stories: Sequence[StoryLine]) -> float | None:
    """Compare like with like: actual against central estimate of the stories that have both."""
    with_estimate = [story for story in stories if central_cost(story)]
    expected = sum(central_cost(story) for story in with_estimate)
    actual = sum(story.actual.list_cost_nanousd for story in with_estimate)
    return 100 * (actual - expected) / expected if expected else None


def central_cost(story: StoryLine) -> int:
    """Return the estimate's central list cost; 0 without an estimate."""
    cost = story.estimate.list_cost_nanousd if story.estimate else None
    return cost.central if cost else 0


def has_no_estimate(story: StoryLine) -> bool:
    """Tell whether this is AI work whose cost could not be estimated."""
    cost = story.estimate.list_cost_nanousd if story.estimate else None
    return story.is_ai_work and cost is None


def most_spent(stories: Sequence[StoryLine]) -> list[StoryLine]:
    """Return the stories with any use, the dearest first."""
    used = [story for story in stories if story.actual.calls or story.actual.list_cost_nanousd]
    return sorted(used, key=lambda story: (-story.actual.list_cost_nanousd, story.story_key))


def own_stories(stories: Sequence[StoryLine]) -> list[StoryLine]:
    """Return a person's stories: AI work and what has spent first, the dearest before the rest."""
    return sorted(
        stories,
        key=lambda story: (
            not (story.is_ai_work or story.actual.calls),
            -story.actual.list_cost_nanousd,
            story.story_key,
        ),
    )
