"""Sprint-end forecasts: by hand, and what must hold for any Sprint."""

import math
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.forecasting.sprint_forecast import Spread, SprintSoFar, forecast, left_of

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 13)  # Of the week after: 10 workdays, 2 days off between them.
DAY = timedelta(days=1)


def so_far(days_over: int, spent: list[int], share_of_today: float = 0.0) -> SprintSoFar:
    return SprintSoFar(
        first_day=MONDAY, last_day=FRIDAY, today=MONDAY + days_over * DAY,
        share_of_today=share_of_today,
        spent_by_day={MONDAY + n * DAY: amount for n, amount in enumerate(spent)},
    )  # fmt: skip


def test_cold_the_plan_is_the_forecast() -> None:
    found = forecast(so_far(0, []), [Spread(80, 100, 130), Spread(40, 50, 70)])
    assert found is not None
    assert found.central == 150
    # Deviations add up: (50 + 30) / 2 × 1.2816 = 31.2; σ = √ln(1 + (31.2 / 150)²) = 0.206.
    assert found.low == math.floor(150 / math.exp(1.2815515655446004 * 0.20589))
    assert found.high == math.ceil(150 * math.exp(1.2815515655446004 * 0.20589))


def test_with_nothing_to_go_by_there_is_no_forecast() -> None:
    assert forecast(so_far(0, [])) is None
    assert forecast(so_far(3, [0, 0, 0])) is None


def test_without_a_plan_the_run_rate_goes_on() -> None:
    found = forecast(so_far(5, [100] * 5))
    assert found is not None
    # Five workdays at 100, five more to come, and nothing is known to be spent on days off.
    assert found.central == 1000
    assert 500 < found.low < 1000 < found.high


def test_days_off_have_a_rate_of_their_own() -> None:
    found = forecast(so_far(7, [100] * 5 + [10, 10]))
    assert found is not None
    assert found.central == 520 + 500


def test_plan_and_run_rate_weigh_by_the_days_seen() -> None:
    found = forecast(so_far(3, [100] * 3), [Spread(400, 400, 400)])
    assert found is not None
    # Weight of the run rate: 3 / (3 + 3 × 7/10) = 0.588; 0.588 × 700 + 0.412 × 400 = 576.
    assert found.central == 300 + round((700 * 3 + 400 * 2.1) / 5.1)


def test_half_a_day_counts_half() -> None:
    found = forecast(so_far(4, [100, 100, 100, 100, 50], share_of_today=0.5))
    assert found is not None
    assert found.central == 450 + 550


def test_once_the_sprint_is_over_the_forecast_is_what_was_spent() -> None:
    over = so_far(12, [100] * 12)
    assert forecast(over, [Spread(1, 2, 3)]) == Spread(1200, 1200, 1200)


def test_a_company_holiday_is_a_day_off() -> None:
    sprint = so_far(5, [100] * 5)
    shorter = SprintSoFar(
        first_day=MONDAY, last_day=FRIDAY, today=sprint.today, share_of_today=0.0,
        spent_by_day=sprint.spent_by_day, days_off=frozenset({FRIDAY}),
    )  # fmt: skip
    found = forecast(shorter)
    assert found is not None
    assert found.central == 900


def test_stories_have_the_rest_of_their_estimates_left_together() -> None:
    # 80 100 130 less 90, and 5 7 9 untouched; nothing is left of 1 2 3.
    started, new, over = Spread(80, 100, 130), Spread(5, 7, 9), Spread(1, 2, 3)
    assert left_of([(started, 90), (new, 0), (over, 50)]) == Spread(5, 17, 49)
    assert left_of([]) is None


amounts = st.integers(0, 10**13)
spreads = st.tuples(amounts, amounts, amounts).map(lambda parts: Spread(*sorted(parts)))


@given(st.lists(amounts, max_size=12), st.floats(0, 1), st.lists(spreads, max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_forecast_is_ordered_and_never_below_what_is_spent(
    spent: list[int], share: float, plan: list[Spread]
) -> None:
    found = forecast(so_far(len(spent), spent, share), plan)
    if found is None:
        assert sum(spent) == 0
        return
    assert 0 <= sum(spent) <= found.low <= found.central <= found.high


@given(st.integers(1000, 10**12), st.lists(spreads, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_range_narrows_to_nothing_at_the_end(rate: int, plan: list[Spread]) -> None:
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
