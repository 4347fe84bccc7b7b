"""What was saved against a baseline, and what caps prevented. Two figures that are never added.

A saving is `baseline unit cost × units now − cost now`: doing less is not a saving, doing the same
for less is. A prevented amount is the worst case of calls that a cap denied; nobody knows what they
would really have cost, so it is an upper bound and shown as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BaselineKind = Literal["previous_sprints", "before_what_if"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A cost and the units it bought: calls, done stories, or another unit of value."""

    list_cost_nanousd: int
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What the units of now would have cost at the baseline, and how much less they did cost."""

    baseline: BaselineKind
    baseline_nanousd: int
    actual_nanousd: int

    @property
    def saved_nanousd(self) -> int:
        """Below 0 when the units became dearer."""
        return self.baseline_nanousd - self.actual_nanousd

    @property
    def saved_pct(self) -> float | None:
        """Share of the baseline; None when that is 0."""
        return 100 * self.saved_nanousd / self.baseline_nanousd if self.baseline_nanousd else None


def saving_against_previous(previous: Sequence[Output], now: Output) -> Saving | None:
    """Compare with the unit cost of previous Sprints, all their units weighing the same.

    None without a unit in those Sprints or in this one: there is nothing to compare.
    """
    return _saving(
        "previous_sprints",
        sum(sprint.list_cost_nanousd for sprint in previous),
        sum(sprint.units for sprint in previous),
        now,
    )


def saving_against_what_if(before: Output, now: Output) -> Saving | None:
    """Compare with the estimate as it stood before a what-if was accepted, at today's volume."""
    return _saving("before_what_if", before.list_cost_nanousd, before.units, now)


def _saving(baseline: BaselineKind, cost: int, units: int, now: Output) -> Saving | None:
    if units <= 0 or now.units <= 0:
        return None
    return Saving(
        baseline=baseline,
        baseline_nanousd=round(Fraction(cost * now.units, units)),
        actual_nanousd=now.list_cost_nanousd,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One refusal at a cap. A client that tries again sends the same `authorization_id`."""

    authorization_id: str
    cap_id: str
    worst_case: int
    """In the cap's unit."""
    allowed_later: bool = False
    """Whether the same call was let through after the cap had been raised."""


def prevented(denials: Iterable[Denial]) -> dict[str, int]:
    """Per cap, the worst case of the calls it kept from happening, in the cap's unit.

    A call that was tried again counts once, at its largest; one that was allowed later, not at all.
    A call that two caps denied counts at both: each would have stopped it alone.
    """
    allowed, worst = set(), dict[tuple[str, str], int]()
    for denial in denials:
        if denial.allowed_later:
            allowed.add(denial.authorization_id)
        place = (denial.cap_id, denial.authorization_id)
        worst[place] = max(worst.get(place, 0), denial.worst_case)
    amounts = dict[str, int]()
    for (cap_id, authorization_id), amount in worst.items():
        kept = 0 if authorization_id in allowed else amount
        amounts[cap_id] = amounts.get(cap_id, 0) + kept
    return amounts
