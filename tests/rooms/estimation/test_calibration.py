"""What closed stories teach: shifts that lean on wider groups, ranges that hold what they say."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.calibration import Calibration, Outcome, measured_coverage_pct
from integration.estimation.likeness import Likeness, shared
from integration.estimation.regression import Fit
from integration.estimation.robust_statistics import robust_scale, weighted_median
from integration.estimation.score_quantiles import quantile, student_t4
from integration.estimation.similarity import StoryTraits
from integration.estimation.subject import Subject, subject_of
from integration.estimation.workload import Workload

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLANNED = 1_000_000


def like(kind: str = "chat", **traits: Any) -> Subject:
    return Subject({kind: 1.0} if kind else {}, {"gpt-4o": 1.0}, **traits)


def outcome(ratio: float, days_ago: float, kind: str = "chat", **traits: Any) -> Outcome:
    return Outcome(
        like(kind, **traits), PLANNED, PLANNED // 2, PLANNED * 2, round(PLANNED * ratio),
        NOON - timedelta(days=days_ago),
    )  # fmt: skip


def test_a_story_is_believed_by_its_share_of_the_variance() -> None:
    fit = Fit()
    fit.add([0.3], 0.2, 0.5, 0)
    # Common 0.3 of 0.3 + 0.2: three fifths of a log ratio of 0.5 are believed, and what is left
    # unknown is 0.3 − 0.3² / 0.5 = 0.12, with the next story's own noise 0.32.
    assert fit.foreseen == [(0.0, 0.5)]
    assert fit.predict([0.3], 0.5) == pytest.approx((0.3, 0.32))
    fit.add([0.3, 0.3], 0.2, 0.7, 1)
    # Two stories: weight 0.3 / (0.5 + 0.3) of their sum 1.2; left 0.3 − 2 · 0.3 · 0.375 = 0.075.
    assert fit.predict([0.3, 0.3], 0.5) == pytest.approx((0.45, 0.275))


def test_stories_of_one_closing_do_not_foresee_each_other() -> None:
    fit = Fit()
    fit.add([0.3], 0.2, 0.5, 0)
    fit.add([0.3, 0.3], 0.2, 0.7, 0)
    assert fit.foreseen == [(0.0, 0.5), (0.0, 0.5)]


def test_a_runaway_pulls_no_harder_than_one_at_hubers_distance() -> None:
    def believed(value: float) -> float:
        fit = Fit()
        fit.add([0.3], 0.2, value, 0)
        return fit.predict([0.3], 0.5)[0]

    at_the_edge = 1.5 * math.sqrt(0.5)
    assert believed(at_the_edge) == pytest.approx(0.6 * at_the_edge)
    assert believed(100) == pytest.approx(0.6 * at_the_edge)


def test_what_two_stories_share() -> None:
    one = Subject({"chat": 0.75, "agent": 0.25}, {"gpt-4o": 1.0}, "7", "ACME-1", sizes=(8, 7, 5))
    other = Subject({"chat": 1.0}, {"gpt-4.1": 1.0}, "7", "ACME-2", sizes=(10, 6, 5))
    likeness = Likeness([(one, 100.0), (other, 114.0)])
    found = shared(likeness.place(one, 100.0), likeness.place(other, 114.0))
    # Habit; drift up to the earlier of 0 and 1 fortnights; same team; ¾ of the kind; other model
    # and epic; no words. The sizes lie −1 and 1, ½ and −½, 0 and 0 beside their means.
    assert found == (1.0, 0.0, 1.0, 0.75, 0.0, 0.0, 0.0, -1.0, -0.25, 0.0)


def test_rare_words_make_stories_alike_and_common_ones_do_not() -> None:
    basket, parcel, both = (
        Subject({}, {}, words=frozenset(text.split()))
        for text in ("add basket", "add parcel", "add basket parcel")
    )
    likeness = Likeness([(basket, 0), (parcel, 0), (both, 0)])
    words = [
        shared(likeness.place(basket, 0), likeness.place(each, 0))[6]
        for each in (basket, both, parcel)
    ]
    assert words[0] == pytest.approx(1)
    assert words[1] == pytest.approx(math.sqrt(0.5))
    assert words[2] == 0


def test_a_storys_shares_are_of_its_planned_tokens() -> None:
    def workload(**counts: Any) -> Workload:
        return Workload(**{"calls": Decimal(100), "output_tokens": Decimal(50), **counts})

    chat = workload(kind="chat", model="gpt-4o", input_tokens=Decimal(250))
    agent = workload(kind="agent", model="gpt-4o", input_tokens=Decimal(50))
    traits = StoryTraits("SHOP-1", "Answer returns", frozenset({"AI"}), epic="SHOP-9")
    found = subject_of((chat, agent), traits, "7")
    assert found.kinds == {"chat": 0.75, "agent": 0.25}
    assert found.models == {"gpt-4o": 1.0}
    assert found.leading_kind == "chat"
    assert found.words == {"answer", "return", "#ai"}
    # Half of the noise is common to the rows: ½ + ½ · (0.75² + 0.25²).
    assert found.noise_share == 0.8125
    assert found.sizes[0] == pytest.approx(math.log(100))
    training = Workload(kind="training", accelerator="H100", gpu_hours=Decimal(8))
    assert subject_of((training,)).kinds == {"training": 1.0}
    assert subject_of((training,)).sizes == ()
    assert subject_of(()).leading_kind == ""


def test_without_history_nothing_is_corrected() -> None:
    calibration = Calibration([], NOON)
    correction = calibration.correction(like())
    assert calibration.outcomes == 0
    assert correction.log_shift == pytest.approx(0, abs=1e-9)
    assert correction.coverage_pct is None


def test_a_team_that_always_uses_double_is_planned_double() -> None:
    correction = Calibration([outcome(2, day) for day in range(60)], NOON).correction(like())
    assert math.exp(correction.log_shift) == pytest.approx(2, rel=0.03)
    assert correction.spread.low < 0 < correction.spread.high


def test_a_thin_kind_leans_on_the_team_and_a_thick_one_follows_itself() -> None:
    random = Random(3)
    chats = [outcome(math.exp(random.gauss(0, 0.5)), day) for day in range(60)]
    few = Calibration([*chats, outcome(4, 1, "agent")], NOON)
    many = Calibration([*chats, *(outcome(4, day, "agent") for day in range(30))], NOON)
    thin = few.correction(like("agent")).log_shift
    thick = many.correction(like("agent")).log_shift
    assert 0.1 < thin < 0.6 * math.log(4)
    assert thick == pytest.approx(math.log(4), abs=0.25)


def test_what_calibration_already_moved_is_taken_off_again() -> None:
    plain = [outcome(2, day) for day in range(20)]
    moved = [replace(each, estimate_central=PLANNED * 2, log_shift=math.log(2)) for each in plain]
    one, other = (Calibration(history, NOON).correction(like()) for history in (plain, moved))
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


def test_a_team_that_changed_is_believed_in_what_it_does_now() -> None:
    random = Random(5)

    def history(before: float) -> list[Outcome]:
        return [
            outcome(math.exp((before if day > 60 else 0) + random.gauss(0, 0.15)), day)
            for day in range(0, 200, 4)
            for _ in range(2)
        ]

    changed, steady = Calibration(history(-1.5), NOON), Calibration(history(0), NOON)
    assert changed.variances["drift"] > 4 * steady.variances["drift"]
    assert changed.correction(like()).log_shift == pytest.approx(0, abs=0.25)


def test_what_is_planned_unusually_large_is_seen_to_be_used_less() -> None:
    random = Random(6)

    def story(day: float) -> Outcome:
        size = random.gauss(7, 1)
        noise = random.gauss(0, 0.2)
        return outcome(math.exp(-0.6 * (size - 7) + noise), day, sizes=(8.0, size, 5.0))

    calibration = Calibration([story(day) for day in range(80)], NOON)
    large, usual = (calibration.correction(like(sizes=(8.0, size, 5.0))) for size in (9, 7))
    assert large.log_shift - usual.log_shift == pytest.approx(-1.2, abs=0.2)


def test_teams_of_one_customer_are_told_apart() -> None:
    history = [
        outcome(ratio, day, team=team) for day in range(20) for team, ratio in (("1", 1), ("2", 3))
    ]
    calibration = Calibration(history, NOON)
    first, second = (calibration.correction(like(team=team)) for team in "12")
    assert second.log_shift - first.log_shift == pytest.approx(math.log(3), abs=0.15)


def test_single_runaways_hardly_move_the_centre() -> None:
    usual = [outcome(1, day) for day in range(30)]
    ran_away = [outcome(100, 40), outcome(100, 50)]
    shift = Calibration([*usual, *ran_away], NOON).correction(like()).log_shift
    assert abs(shift) < 0.1


def test_a_wider_past_makes_a_wider_range() -> None:
    def width(log_sd: float) -> float:
        random = Random(11)
        history = [outcome(math.exp(random.gauss(0, log_sd)), day) for day in range(80)]
        spread = Calibration(history, NOON).correction(like()).spread
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
    correction = Calibration(history, NOON).correction(like(epic="ACME-1"))
    assert math.isfinite(correction.log_shift)
    assert -7 < correction.spread.low <= 0 <= correction.spread.high < 7


@given(histories.map(lambda found: [*{each.closed_at: each for each in found}.values()]))
def test_the_order_of_the_outcomes_does_not_matter(history: list[Outcome]) -> None:
    one = Calibration(history, NOON).correction(like())
    other = Calibration(history[::-1], NOON).correction(like())
    assert one.log_shift == pytest.approx(other.log_shift, abs=1e-6)


def test_few_scores_lean_on_the_prior_and_many_do_not() -> None:
    # Student's t with 4 degrees of freedom reaches 0.9 at 1.5332.
    assert student_t4(1.5332) == pytest.approx(0.9, abs=1e-4)
    assert quantile([], 0.9, 1e9) == pytest.approx(1.5332, abs=1e-3)
    assert quantile([(float(n), 1.0) for n in range(-500, 501)], 0.5, 10) == pytest.approx(0, abs=1)
    far = [(5.0, 1.0)] * 1000
    assert quantile(far, 0.1, 10) == pytest.approx(5, abs=1e-6)


def test_a_weighted_median_and_a_scale() -> None:
    assert weighted_median([1, 2, 10], [1, 1, 3]) == 10
    assert weighted_median([3, 1, 2], [1, 1, 1]) == 2
    assert robust_scale([-1, 1, 3], [1, 1, 1]) == pytest.approx(1.4826)
