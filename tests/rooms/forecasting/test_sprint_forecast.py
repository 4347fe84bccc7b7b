"""Sprint-end forecasts: by hand, and what must hold for any Sprint."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.generated_sprints import SPRINT_REGIMES
from benchmarks.sprint_forecasts import asked, forecast_figures
from integration.forecasting.open_stories import left_of_plan
from integration.forecasting.sprint_forecast import Spread, SprintSoFar, forecast

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 13)  # Of the week after: 10 workdays, 2 days off between them.
DAY = timedelta(days=1)


def so_far(days_over: int, spent: list[int], share_of_today: float = 0.0) -> SprintSoFar:
    return SprintSoFar(
        first_day=MONDAY, last_day=FRIDAY, today=MONDAY + days_over * DAY,
        share_of_today=share_of_today,
        spent_by_day={MONDAY + n * DAY: amount for n, amount in enumerate(spent)},
    )  # fmt: skip


def untouched(*plans: Spread) -> list[tuple[Spread, int]]:
    return [(plan, 0) for plan in plans]


def test_cold_the_plan_is_the_forecast() -> None:
    # σ = ln(200 / 50) / 2.5631 = 0.54087: mean 100 · e^(σ²/2) = 115.75, its middle 100 again.
    found = forecast(so_far(0, []), untouched(Spread(50, 100, 200)))
    assert found is not None
    assert (found.low, found.central, found.high) == pytest.approx((50, 100, 200), abs=1)
    # Two such stories: variance 2 · (½ · 4 + ½ · 2) / 4 of one's, so the sum's σ is below one's.
    both = forecast(so_far(0, []), untouched(*[Spread(50, 100, 200)] * 2))
    assert both is not None
    assert both.central == pytest.approx(206, abs=1)
    assert math.log(both.high / both.low) < math.log(4)


def test_with_nothing_to_go_by_there_is_no_forecast() -> None:
    assert forecast(so_far(0, [])) is None
    assert forecast(so_far(3, [0, 0, 0])) is None


def middle_of(rest: float, variance: float) -> float:
    """Of a log-normal: mean / √(1 + variance / mean²)."""
    return rest / math.sqrt(1 + variance / rest**2)


def test_without_a_plan_the_run_rate_goes_on() -> None:
    found = forecast(so_far(5, [100] * 5))
    assert found is not None
    # Five workdays at 100, five more to come, nothing known of days off. Scatter: two days of prior
    # at 100² over seven; 4 days in a row · (5 left + 5² / 5 seen) of it.
    variance = 4 * (2 * 100**2 / 7) * (5 + 5)
    assert found.central == 500 + round(middle_of(500, variance))
    assert 500 < found.low < found.central < found.high


def test_days_off_have_a_rate_of_their_own() -> None:
    spent = [100] * 5
    quiet, busy = (forecast(so_far(6, [*spent, off])) for off in (0, 90))
    assert quiet is not None
    assert busy is not None
    # The Sunday that is left goes on like the Saturday that was seen.
    assert busy.central - 90 > quiet.central


def test_plan_and_run_rate_weigh_by_the_days_seen() -> None:
    found = forecast(so_far(3, [100] * 3), untouched(Spread(400, 400, 400)))
    assert found is not None
    # Weight of the run rate: 3 / (3 + 6 · 7/10) = 5/12; of 700 and of 400 · e^(0.05²/2).
    weight, plan = 5 / 12, 400 * math.exp(0.05**2 / 2)
    run_variance = 4 * (2 * 100**2 / 5) * (7 + 7**2 / 3)
    variance = weight * run_variance + (1 - weight) * plan**2 * math.expm1(0.05**2)
    variance += weight * (1 - weight) * (700 - plan) ** 2
    rest = weight * 700 + (1 - weight) * plan
    assert found.central == 300 + round(middle_of(rest, variance))


def test_half_a_day_counts_half() -> None:
    found = forecast(so_far(4, [100, 100, 100, 100, 50], share_of_today=0.5))
    assert found is not None
    # The half of today counts as a whole day's 100, so that nothing scatters but the prior.
    variance = 4 * (2 * 100**2 / 7) * (5.5 + 5.5**2 / 4.5)
    assert found.central == 450 + round(middle_of(550, variance))


def test_once_the_sprint_is_over_the_forecast_is_what_was_spent() -> None:
    over = so_far(12, [100] * 12)
    assert forecast(over, untouched(Spread(1, 2, 3))) == Spread(1200, 1200, 1200)


def test_a_company_holiday_is_a_day_off() -> None:
    sprint = so_far(5, [100] * 5)
    shorter = SprintSoFar(
        first_day=MONDAY, last_day=FRIDAY, today=sprint.today, share_of_today=0.0,
        spent_by_day=sprint.spent_by_day, days_off=frozenset({FRIDAY}),
    )  # fmt: skip
    found, longer = forecast(shorter), forecast(sprint)
    assert found is not None
    assert longer is not None
    assert found.central < longer.central


def test_an_open_story_has_what_is_left_of_its_estimate() -> None:
    plan = Spread(50, 100, 200)
    untouched_mean, variance = left_of_plan([(plan, 0)])
    # σ = 0.540867: 100 · e^(σ²/2), and that squared · (e^σ² − 1).
    assert untouched_mean == pytest.approx(115.75, abs=0.01)
    assert variance == pytest.approx(115.75**2 * math.expm1(0.540867**2), rel=1e-3)
    # At its middle: 100 · (e^(σ²/2) · Φ(σ) / ½ − 1) = 100 · (1.1575 · 0.70569 / 0.5 − 1).
    at_the_middle, _ = left_of_plan([(plan, 100)])
    assert at_the_middle == pytest.approx(63.4, abs=0.1)
    # One that is far over its estimate goes on, but not by the size of the plan.
    far_over, _ = left_of_plan([(plan, 400)])
    assert 0 < far_over < 400
    assert left_of_plan([]) == (0, 0)


def test_stories_err_half_together() -> None:
    plan = Spread(50, 100, 200)
    _, one = left_of_plan([(plan, 0)])
    _, four = left_of_plan([(plan, 0)] * 4)
    # ½ · (4σ)² + ½ · 4σ² = 10 σ².
    assert four == pytest.approx(10 * one)


@pytest.mark.parametrize("name", SPRINT_REGIMES)
def test_four_of_five_sprints_end_within_the_range(name: str) -> None:
    figures = forecast_figures(asked(SPRINT_REGIMES[name], 150, seed=77))
    # The report has 500 Sprints; 150 with three questions each scatter by a few percent.
    assert 0.68 <= figures["coverage_80"] <= 0.95


amounts = st.integers(0, 10**13)
spreads = st.tuples(amounts, amounts, amounts).map(lambda parts: Spread(*sorted(parts)))
plans = st.tuples(spreads, amounts)


@given(st.lists(amounts, max_size=12), st.floats(0, 1), st.lists(plans, max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_forecast_is_ordered_and_never_below_what_is_spent(
    spent: list[int], share: float, plan: list[tuple[Spread, int]]
) -> None:
    found = forecast(so_far(len(spent), spent, share), plan)
    if found is None:
        assert sum(spent) == 0
        return
    assert 0 <= sum(spent) <= found.low <= found.central <= found.high


@given(st.integers(1000, 10**12), st.lists(plans, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_range_narrows_to_nothing_at_the_end(rate: int, plan: list[tuple[Spread, int]]) -> None:
    widths = []
    for days in range(8, 13):
        found = forecast(so_far(days, [rate] * days), [])
        assert found is not None
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == 0
    last = forecast(so_far(12, [rate] * 12), plan)
    assert last is not None
    assert last.high == last.low == 12 * rate
