"""Whether a proposed retraining is worth its cost and carbon: the retraining-efficiency score.

    benefit    = (incumbent error − candidate error) / incumbent error / reference improvement
    cost       = ½ · list cost / reference cost + ½ · emissions / reference emissions
    efficiency = benefit / (benefit + cost)
    go         ⇔ benefit > 0 and (cost = 0 or efficiency ≥ λ)

λ = 0.33 spends at most about twice the benefit. The score is that of the RES rule
(github.com/Jayachander123/RES-Green-Time-Series-Forecasting, v1.0.0), where benefit is in error
units and cost in seconds; those two do not compare, so here both are divided by what one retraining
usually brings and uses in the workspace. The rule gates what it is asked about: asked after
training it decides on promotion only and saves none of the training's energy; asked before, with a
predicted candidate error, it saves what is not trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 -- The store builds these from JSON by their types.
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_THRESHOLD = 0.33
TUNED_EVERY = 8
CLIMBS = (0.5, 1.0, 1.5)
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.02, 0.95


@dataclass(frozen=True, slots=True)
class RetrainingReference:
    """What one usual retraining brings and uses, as a workspace states or as its past shows."""

    improvement: float
    """Share of the error that a usual retraining takes off, 0 to 1."""
    list_cost_nanousd: int
    ugco2e: int


@dataclass(frozen=True, slots=True)
class ProposedRetraining:
    """Errors in any one unit, the lower the better; list cost and location-based emissions."""

    incumbent_error: float
    candidate_error: float
    list_cost_nanousd: int
    ugco2e: int


@dataclass(frozen=True, slots=True)
class RetrainingDecision:
    """Go or no-go. `benefit` and `cost` are multiples of the reference retraining's."""

    go: bool
    efficiency: float
    threshold: float
    benefit: float
    cost: float
    reason: str


@dataclass(frozen=True, slots=True)
class FinishedRetraining:
    """A check whose result is known: what was foreseen, and the benefit that came of it."""

    foreseen_efficiency: float
    realised_benefit: float
    cost: float


@dataclass(frozen=True, slots=True)
class RetrainingCheck:
    """A check as it is kept. `subject` is what would be retrained, in the asker's words."""

    check_id: str
    checked_at: datetime
    asked_by: str
    subject: str
    proposed: ProposedRetraining
    reference: RetrainingReference
    decision: RetrainingDecision


@dataclass(frozen=True, slots=True)
class RetrainingResult:
    """What came of a checked retraining, and the threshold that holds from then on."""

    check_id: str
    recorded_at: datetime
    realised_error: float
    realised_benefit: float
    threshold_after: float


def realised_benefit(check: RetrainingCheck, realised_error: float) -> float:
    """Return the benefit that really came, in multiples of the reference retraining's."""
    improvement = 1 - realised_error / check.proposed.incumbent_error
    return improvement / check.reference.improvement


def decide(
    proposed: ProposedRetraining,
    reference: RetrainingReference,
    threshold: float = DEFAULT_THRESHOLD,
) -> RetrainingDecision:
    """Score a proposal. Raises ValueError for an error, cost or reference that cannot be."""
    _refuse_impossible(proposed, reference)
    improvement = 1 - proposed.candidate_error / proposed.incumbent_error
    benefit = improvement / reference.improvement
    cost = (
        proposed.list_cost_nanousd / reference.list_cost_nanousd
        + proposed.ugco2e / reference.ugco2e
    ) / 2
    if benefit <= 0:
        reason = "The candidate is no better than the model in use."
        return RetrainingDecision(False, 0.0, threshold, benefit, cost, reason)
    efficiency = benefit / (benefit + cost)
    go = cost == 0 or efficiency >= threshold
    reason = (
        f"It brings {benefit:.2f} and uses {cost:.2f} of a usual retraining: "
        f"efficiency {efficiency:.2f} is {'at least' if go else 'below'} {threshold:.2f}."
    )
    return RetrainingDecision(go, efficiency, threshold, benefit, cost, reason)


def tuned_threshold(
    current: float, finished: Sequence[FinishedRetraining], stated: float = DEFAULT_THRESHOLD
) -> float:
    """Return the threshold for the next checks; it moves only after every eighth finished one.

    Of current × 0.5, 1 and 1.5 it is the one under which the last eight would have brought most,
    Σ (realised benefit − ρ · cost) with ρ = λ / (1 − λ) of the *stated* λ: that one says what a
    benefit is worth, so it must not move along. On a tie the threshold stays.
    """
    if not finished or len(finished) % TUNED_EVERY:
        return current
    last = finished[-TUNED_EVERY:]
    exchange = stated / (1 - stated)
    rivals = [min(HIGHEST_THRESHOLD, max(LOWEST_THRESHOLD, current * climb)) for climb in CLIMBS]

    def brought(threshold: float) -> float:
        return sum(
            each.realised_benefit - exchange * each.cost
            for each in last
            if each.foreseen_efficiency >= threshold
        )

    best = max(rivals, key=brought)
    return best if brought(best) > brought(current) else current


def _refuse_impossible(proposed: ProposedRetraining, reference: RetrainingReference) -> None:
    if proposed.incumbent_error <= 0 or proposed.candidate_error < 0:
        raise ValueError("the incumbent's error must be above 0 and the candidate's at least 0")
    if proposed.list_cost_nanousd < 0 or proposed.ugco2e < 0:
        raise ValueError("a retraining cannot cost or emit less than 0")
    if min(reference.improvement, reference.list_cost_nanousd, reference.ugco2e) <= 0:
        raise ValueError("the reference improvement, cost and emissions must be above 0")
