"""Whether a retraining is worth it; the scores are worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.retraining import (
    FinishedRetraining,
    ProposedRetraining,
    RetrainingReference,
    decide,
    tuned_threshold,
)

USUAL = RetrainingReference(
    improvement=0.10, list_cost_nanousd=40_000_000_000, ugco2e=8_000_000_000
)


def proposal(candidate: float, usd: int = 40, kg: int = 8) -> ProposedRetraining:
    return ProposedRetraining(2.0, candidate, usd * 10**9, kg * 10**9)


def test_a_usual_improvement_at_the_usual_cost_is_a_go() -> None:
    # 2.0 to 1.8 is 10 %: benefit 1, cost ½·1 + ½·1 = 1, efficiency 0.5 ≥ 0.33.
    decision = decide(proposal(1.8), USUAL)
    assert decision.go
    assert decision.benefit == pytest.approx(1)
    assert decision.efficiency == pytest.approx(0.5)


def test_a_small_improvement_at_a_high_cost_is_no_go() -> None:
    # 2.0 to 1.9 is 5 %: benefit 0.5. $100 and 8 kg: ½·2.5 + ½·1 = 1.75; 0.5 / 2.25 = 0.2222.
    decision = decide(proposal(1.9, usd=100), USUAL)
    assert not decision.go
    assert decision.efficiency == pytest.approx(0.2222, abs=1e-4)
    assert decision.reason.endswith("efficiency 0.22 is below 0.33.")


def test_carbon_alone_can_turn_it_down() -> None:
    # Benefit 1; $40 and 40 kg: ½·1 + ½·5 = 3; 1 / 4 = 0.25.
    assert decide(proposal(1.8, kg=8), USUAL).go
    assert not decide(proposal(1.8, kg=40), USUAL).go


def test_no_improvement_is_no_go_even_for_nothing() -> None:
    decision = decide(proposal(2.0, usd=0, kg=0), USUAL)
    assert not decision.go
    assert decision.reason == "The candidate is no better than the model in use."


def test_an_improvement_for_nothing_is_always_a_go() -> None:
    assert decide(proposal(1.999, usd=0, kg=0), USUAL, threshold=0.95).go


@pytest.mark.parametrize(
    ("proposed", "reference"),
    [
        (ProposedRetraining(0, 1, 1, 1), USUAL),
        (ProposedRetraining(1, -1, 1, 1), USUAL),
        (ProposedRetraining(1, 1, -1, 1), USUAL),
        (proposal(1.8), RetrainingReference(0, 1, 1)),
        (proposal(1.8), RetrainingReference(0.1, 0, 1)),
    ],
)
def test_what_cannot_be_is_refused(
    proposed: ProposedRetraining, reference: RetrainingReference
) -> None:
    with pytest.raises(ValueError, match=r"must be above 0|less than 0"):
        decide(proposed, reference)


def test_the_threshold_rises_when_promises_were_not_kept() -> None:
    # ρ = 0.33 / 0.67 = 0.4925. At 0.33 all eight pass: 4·(2 − ρ) + 4·(0 − ρ) = 4.06. At 0.495 the
    # broken promises (foreseen 0.4) stay out: 4·(2 − ρ) = 6.03.
    kept = [FinishedRetraining(0.6, 2.0, 1.0)] * 4
    broken = [FinishedRetraining(0.4, 0.0, 1.0)] * 4
    assert tuned_threshold(0.33, [*kept, *broken]) == pytest.approx(0.495)


def test_the_threshold_falls_when_good_ones_were_turned_down() -> None:
    assert tuned_threshold(0.33, [FinishedRetraining(0.2, 3.0, 1.0)] * 8) == pytest.approx(0.165)


def test_the_threshold_moves_only_after_every_eighth() -> None:
    assert tuned_threshold(0.33, [FinishedRetraining(0.2, 3.0, 1.0)] * 7) == 0.33
    assert tuned_threshold(0.33, []) == 0.33
    assert tuned_threshold(0.33, [FinishedRetraining(0.9, 3.0, 1.0)] * 8) == 0.33


@given(st.floats(0, 4), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_better_candidate_is_never_turned_down_where_a_worse_one_passes(
    candidate: float, usd: int, kg: int
) -> None:
    worse, better = proposal(candidate, usd, kg), proposal(candidate / 2, usd, kg)
    assert decide(better, USUAL).go or not decide(worse, USUAL).go
