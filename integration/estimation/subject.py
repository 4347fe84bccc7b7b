"""What is known of a story before it is worked on, and may go with how far its plan will be off."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integration.estimation.similarity import words_of
from integration.estimation.spread import COMMON_SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from integration.estimation.similarity import StoryTraits
    from integration.estimation.workload import Workload


@dataclass(frozen=True, slots=True)
class Subject:
    """A story as its plan shows it; shares are of its planned tokens. "" is no group."""

    kinds: Mapping[str, float] = field(hash=False)
    models: Mapping[str, float] = field(hash=False)
    team: str = ""
    epic: str = ""
    words: frozenset[str] = frozenset()
    """Words of its summary, and its labels and components."""
    sizes: tuple[float, ...] = ()
    """Natural logarithms of planned calls, input tokens and output tokens per call; or unknown."""
    noise_share: float = 1.0
    """Variance of what nothing explains, beside that of a story with one workload."""

    @property
    def leading_kind(self) -> str:
        """The kind with the largest share."""
        return max(self.kinds, key=lambda kind: self.kinds[kind], default="")


def subject_of(
    workloads: Sequence[Workload], traits: StoryTraits | None = None, team: str = ""
) -> Subject:
    """Return what the workloads and the story's own words say of it."""
    shares = _shares(workloads)
    kinds, models = defaultdict[str, float](float), defaultdict[str, float](float)
    for workload, share in zip(workloads, shares, strict=True):
        kinds[workload.kind] += share
        if workload.model:
            models[workload.model] += share
    common = COMMON_SHARE + (1 - COMMON_SHARE) * sum(share**2 for share in shares)
    return Subject(
        kinds=dict(kinds),
        models=dict(models),
        team=team,
        epic=traits.epic if traits else "",
        words=_words(traits) if traits else frozenset(),
        sizes=_sizes(workloads, shares),
        noise_share=common if shares else 1.0,
    )


def planned_tokens(workload: Workload) -> Decimal:
    """Calls × (input + output tokens), what nobody said taken as none."""
    per_call = (workload.input_tokens or 0) + (workload.output_tokens or 0)
    return (workload.calls or 0) * per_call  # type: ignore[return-value]  # 0 × 0 adds up as well.


def _shares(workloads: Sequence[Workload]) -> list[float]:
    """Each workload's share of the planned tokens; equal ones where no tokens are planned."""
    tokens = [float(planned_tokens(workload)) for workload in workloads]
    total = sum(tokens)
    return [each / total if total else 1 / len(tokens) for each in tokens]


def _sizes(workloads: Sequence[Workload], shares: Sequence[float]) -> tuple[float, ...]:
    """Logarithms of the sizes, averaged over the workloads that have a share; empty if unknown."""
    sums = [0.0, 0.0, 0.0]
    for workload, share in zip(workloads, shares, strict=True):
        if not share:
            continue
        counts = (workload.calls, workload.input_tokens, workload.output_tokens)
        for place, count in enumerate(counts):
            if not count:
                return ()
            sums[place] += share * math.log(count)
    return tuple(sums) if workloads else ()


def _words(traits: StoryTraits) -> frozenset[str]:
    named = (f"#{name.casefold()}" for name in (*traits.labels, *traits.components))
    return frozenset((*words_of(traits.summary), *named))
