"""What a story's missing inputs might be, from finished stories like it; never used by itself.

A suggestion stays a suggestion until a person accepts it: `forecast.py` does not read them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from integration.estimation.robust_statistics import weighted_median
from integration.estimation.similarity import Similarity, StoryTraits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from integration.estimation.workload import Kind, Missing, Workload

NUMBERS = ("calls", "input_tokens", "output_tokens", "cached_share", "gpu_count", "gpu_hours")
WORDS = ("model", "region", "accelerator")
LEAST_SIMILAR = 0.2
MOST_NEIGHBOURS = 5
OTHER_KIND_COUNTS = 0.25
"""How much less a workload of another kind counts."""


@dataclass(frozen=True, slots=True)
class FinishedStory:
    """A closed story with the workloads as they were used (or as planned, where not metered)."""

    traits: StoryTraits
    workloads: tuple[Workload, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value for one missing input, and the finished stories it comes from, most alike first."""

    workload: str
    field: str
    value: Decimal | str
    story_keys: tuple[str, ...]
    similarity: float
    """Of the story most alike, 0 to 1."""


def suggest(
    story: StoryTraits,
    workloads: Sequence[Workload],
    missing: Iterable[Missing],
    finished: Sequence[FinishedStory],
) -> tuple[Suggestion, ...]:
    """Suggest what is missing from at most five finished stories that are alike enough.

    A number is the median of theirs, a word the one that they use most, both weighted by likeness.
    """
    neighbours = _neighbours(story, finished)
    kinds: dict[str, Kind] = {workload.name: workload.kind for workload in workloads}
    found = (_suggestion(gap, kinds.get(gap.workload), neighbours) for gap in missing)
    return tuple(suggestion for suggestion in found if suggestion is not None)


def accepted(workload: Workload, suggestions: Iterable[Suggestion]) -> Workload:
    """Return the workload with the suggestions that a person accepted for it."""
    changes = {each.field: each.value for each in suggestions if each.workload == workload.name}
    return replace(workload, **changes)  # type: ignore[arg-type]  # Keyed by name.


def _neighbours(
    story: StoryTraits, finished: Sequence[FinishedStory]
) -> list[tuple[float, FinishedStory]]:
    others = [each for each in finished if each.traits.story_key != story.story_key]
    similarity = Similarity(each.traits for each in others)
    ranked = sorted(
        ((similarity.between(story, each.traits), each) for each in others),
        key=lambda pair: (-pair[0], pair[1].traits.story_key),
    )
    return [pair for pair in ranked if pair[0] >= LEAST_SIMILAR][:MOST_NEIGHBOURS]


def _suggestion(
    gap: Missing, kind: Kind | None, neighbours: list[tuple[float, FinishedStory]]
) -> Suggestion | None:
    values: list[tuple[Decimal | str, float]] = []
    keys: dict[str, float] = {}
    for likeness, neighbour in neighbours:
        for workload in neighbour.workloads:
            value = getattr(workload, gap.field) if gap.field in (*NUMBERS, *WORDS) else None
            if value is None or value == "":
                continue
            same_kind = kind is None or workload.kind == kind
            values.append((value, likeness * (1.0 if same_kind else OTHER_KIND_COUNTS)))
            keys.setdefault(neighbour.traits.story_key, likeness)
    if not values:
        return None
    return Suggestion(gap.workload, gap.field, _middle(values), tuple(keys), max(keys.values()))


def _middle(values: Sequence[tuple[Decimal | str, float]]) -> Decimal | str:
    numbers = [(value, weight) for value, weight in values if isinstance(value, Decimal)]
    if numbers:
        middle = weighted_median([float(n) for n, _ in numbers], [w for _, w in numbers])
        return min((number for number, _ in numbers), key=lambda n: abs(float(n) - middle))
    support: dict[str, float] = defaultdict(float)
    for value, weight in values:
        support[str(value)] += weight
    return max(support, key=lambda word: support[word])
