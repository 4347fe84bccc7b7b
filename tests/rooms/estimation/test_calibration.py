"""What closed stories teach: shifts that lean on wider groups, ranges that hold what they say."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.calibration import Calibration, Outcome, measured_coverage_pct
from integration.estimation.effects import NOISE_VARIANCE, TEAM_VARIANCE, Observation, fit_effects
from integration.estimation.robust_statistics import (
    effective_count,
    robust_mean,
    robust_scale,
    weighted_median,
)
from integration.estimation.score_quantiles import quantile, student_t4

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLANNED = 1_000_000


def outcome(ratio: float, days_ago: float, kind: str = "chat", **changes: object) -> Outcome:
    made = Outcome(
        kind, "gpt-4o", "", PLANNED, PLANNED // 2, PLANNED * 2, round(PLANNED * ratio),
        NOON - timedelta(days=days_ago),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # Keyed by name.


def test_one_story_moves_the_team_by_its_share_of_the_variance() -> None:
    # No group is known, so only the team's effect: between = ln²2 = 0.480453, noise = 0.25 / 1:
    # trust 0.480453 / 0.730453 = 0.657746; of a log ratio of 1 that much is believed.
    effects = fit_effects([Observation("", "", "", 1.0, 0.0)], 0.0, math.inf)
    # The second pass sees the same noise guess mixed with a remainder, so only the first is exact.
    assert pytest.approx(0.657746, abs=1e-6) == TEAM_VARIANCE / (TEAM_VARIANCE + NOISE_VARIANCE)
    assert 0.5 < effects.team.shift < 0.75


def test_without_history_nothing_is_corrected() -> None:
    calibration = Calibration([], NOON)
    correction = calibration.correction("chat", "gpt-4o")
    assert calibration.outcomes == 0
    assert correction.log_shift == pytest.approx(0, abs=1e-9)
    assert correction.coverage_pct is None


def test_a_team_that_always_uses_double_is_planned_double() -> None:
    correction = Calibration([outcome(2, day) for day in range(60)], NOON).correction(
        "chat", "gpt-4o"
    )
    assert math.exp(correction.log_shift) == pytest.approx(2, rel=0.03)
    assert correction.spread.low < 0 < correction.spread.high


def test_a_thin_kind_leans_on_the_team_and_a_thick_one_follows_itself() -> None:
    random = Random(3)
    chats = [outcome(math.exp(random.gauss(0, 0.5)), day) for day in range(60)]
    few = Calibration([*chats, outcome(4, 1, "agent")], NOON)
    many = Calibration([*chats, *(outcome(4, day, "agent") for day in range(30))], NOON)
    thin = few.correction("agent", "gpt-4o").log_shift
    thick = many.correction("agent", "gpt-4o").log_shift
    assert 0.1 < thin < 0.6 * math.log(4)
    assert thick == pytest.approx(math.log(4), abs=0.25)


def test_what_calibration_already_moved_is_taken_off_again() -> None:
    plain = [outcome(2, day) for day in range(20)]
    moved = [replace(each, estimate_central=PLANNED * 2, log_shift=math.log(2)) for each in plain]
    one, other = (
        Calibration(history, NOON).correction("chat", "gpt-4o") for history in (plain, moved)
    )
    assert one.log_shift == pytest.approx(other.log_shift)


def test_a_story_that_used_nothing_counts_as_a_miss_but_teaches_no_ratio() -> None:
    unused = outcome(0, 1)
    calibration = Calibration([outcome(1, 2), outcome(1, 3), outcome(1, 4), unused], NOON)
    assert calibration.outcomes == 3
    assert calibration.coverage_pct == Decimal("75.0")


def test_measured_coverage_counts_the_ends_of_the_range() -> None:
    stories = [outcome(ratio, 1) for ratio in (0.5, 1, 2, 2.01)]
    assert measured_coverage_pct(stories) == Decimal("75.0")
    assert measured_coverage_pct([]) is None


def test_the_future_is_not_used() -> None:
    assert Calibration([outcome(2, -1)], NOON).outcomes == 0


def test_a_team_that_changed_forgets_faster_than_a_steady_one() -> None:
    random = Random(5)

    def history(before: float) -> list[Outcome]:
        return [
            outcome(math.exp((before if day > 60 else 0) + random.gauss(0, 0.15)), day)
            for day in range(0, 200, 4)
            for _ in range(3)
        ]

    changed, steady = Calibration(history(-1.5), NOON), Calibration(history(0), NOON)
    assert changed.half_life_days < math.inf
    assert steady.half_life_days == math.inf
    assert changed.correction("chat", "gpt-4o").log_shift == pytest.approx(0, abs=0.15)


def test_single_runaways_hardly_move_the_centre() -> None:
    usual = [outcome(1, day) for day in range(30)]
    ran_away = [outcome(100, 40), outcome(100, 50)]
    shift = Calibration([*usual, *ran_away], NOON).correction("chat", "gpt-4o").log_shift
    assert abs(shift) < 0.1


def test_a_wider_past_makes_a_wider_range() -> None:
    def width(log_sd: float) -> float:
        random = Random(11)
        history = [outcome(math.exp(random.gauss(0, log_sd)), day) for day in range(80)]
        spread = Calibration(history, NOON).correction("chat", "gpt-4o").spread
        return spread.high - spread.low

    # An 80 % range of a normal is 2.563 standard deviations wide.
    assert width(0.3) == pytest.approx(2.563 * 0.3, rel=0.25)
    assert width(0.9) == pytest.approx(2.563 * 0.9, rel=0.25)


histories = st.lists(
    st.builds(
        outcome,
        st.floats(0, 1e6),
        st.floats(-10, 400),
        st.sampled_from(["chat", "agent", ""]),
        epic=st.sampled_from(["", "ACME-1", "ACME-2"]),
    ),
    max_size=25,
)


@given(histories)
def test_any_history_gives_a_finite_ordered_range(history: list[Outcome]) -> None:
    correction = Calibration(history, NOON).correction("chat", "gpt-4o", "ACME-1")
    assert math.isfinite(correction.log_shift)
    assert -7 < correction.spread.low <= 0 <= correction.spread.high < 7


@given(histories)
def test_the_order_of_the_outcomes_does_not_matter(history: list[Outcome]) -> None:
    one = Calibration(history, NOON).correction("chat", "gpt-4o")
    other = Calibration(history[::-1], NOON).correction("chat", "gpt-4o")
    assert one.log_shift == pytest.approx(other.log_shift, abs=1e-6)


def test_few_scores_lean_on_the_prior_and_many_do_not() -> None:
    # Student's t with 4 degrees of freedom reaches 0.9 at 1.5332.
    assert student_t4(1.5332) == pytest.approx(0.9, abs=1e-4)
    assert quantile([], 0.9, 1e9) == pytest.approx(1.5332, abs=1e-3)
    assert quantile([(float(n), 1.0) for n in range(-500, 501)], 0.5, 10) == pytest.approx(0, abs=1)
    far = [(5.0, 1.0)] * 1000
    assert quantile(far, 0.1, 10) == pytest.approx(5, abs=1e-6)


def test_a_weighted_median_a_scale_and_a_count() -> None:
    assert weighted_median([1, 2, 10], [1, 1, 3]) == 10
    assert weighted_median([3, 1, 2], [1, 1, 1]) == 2
    # Weights 1, 1 and 0.5: 2.5² / 2.25 = 2.7778.
    assert effective_count([1, 1, 0.5]) == pytest.approx(2.7778, abs=1e-4)
    assert robust_scale([-1, 1, 3], [1, 1, 1]) == pytest.approx(1.4826)
    # Median 0, scale 0.05 (the least), reach 0.06725: (0 + 0 + 0.06725) / 3.
    assert robust_mean([0, 0, 9], [1, 1, 1]) == pytest.approx(0.06725 / 3)
