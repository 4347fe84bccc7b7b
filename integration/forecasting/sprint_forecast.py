"""Sprint-end spend from the spend so far, the days left, and the estimates of what is to come.

Two views of the rest of the Sprint are blended. The *plan* is what the open stories have left of
their estimates (`open_stories.py`). The *run rate* is spend per workday and per day off, so far.
Cold, the plan is all there is; as days are observed and days run out it loses its say, because what
has not been started by then will mostly not be spent:

    weight of the run rate = w = n / (n + PLAN_DAYS · share of workdays left)   n workdays observed

The rest is a mixture of the two. Its variance is that of each, and how far they lie apart:

    variance = w · run + (1 − w) · plan + w · (1 − w) · (difference of their means)²

where the run rate errs by the scatter from day to day over the days left and by not knowing the
rate from few days. A story spends for several days in a row, so days do not err by themselves:
their variance counts RUN_DAYS times. The rest is taken as log-normal of that mean and variance:
never negative, skewed to the dear side. PLAN_DAYS and RUN_DAYS were chosen on generated Sprints;
how often the range then holds on others is in the back-test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean
from typing import TYPE_CHECKING

from integration.forecasting.open_stories import Z_P90, left_of_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integration.foundation import worded_figures

PLAN_DAYS = 6.0
RUN_DAYS = 4.0
MOST_LOG_SD = 2.0
COLD_SCATTER = 1.0  # Relative scatter of daily spend, taken as seen on this many days:
COLD_SCATTER_DAYS = 2.0
LEAST_SCATTER = 0.05


@dataclass(frozen=True, slots=True)
class Spread:
    """P10, P50 and P90 in nano-USD."""

    low: int
    central: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SprintSoFar:
    """A Sprint as it stands. Days are calendar days of the team, both ends included."""

    first_day: date
    last_day: date
    today: date
    share_of_today: float
    """How much of today is over, from 0 to 1."""
    spent_by_day: Mapping[date, int]
    """List cost in nano-USD; a day without an entry spent nothing."""
    workdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    """Weekdays on which the team works; Monday is 0."""
    days_off: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Whether the team works that day."""
        return day.weekday() in self.workdays and day not in self.days_off

    @property
    def spent_nanousd(self) -> int:
        """Everything spent so far."""
        return sum(self.spent_by_day.values())


@dataclass(frozen=True, slots=True)
class _Pace:
    """Spend of one kind of day: what a day costs, its scatter, and on how many days it was seen."""

    mean: float
    variance: float
    seen: float
    left: float


def forecast(
    sprint: SprintSoFar, planned: Sequence[tuple[worded_figures.Spread, int]] = ()
) -> Spread | None:
    """Spend at the end of the Sprint; None with neither spend nor an estimate to go by.

    `planned` are the estimates of the stories that are not done, each with what it has spent.
    """
    spent = sprint.spent_nanousd
    if not planned and not spent:
        return None
    work, off = _pace(sprint, workday=True), _pace(sprint, workday=False)
    if work.left + off.left <= 0:
        return Spread(spent, spent, spent)
    weight = _weight_of_run_rate(work, off, has_plan=bool(planned))
    run, plan = work.mean * work.left + off.mean * off.left, left_of_plan(planned)
    variance = weight * RUN_DAYS * (_run_variance(work) + _run_variance(off))
    variance += (1 - weight) * plan[1] + weight * (1 - weight) * (run - plan[0]) ** 2
    low, central, high = _log_normal(weight * run + (1 - weight) * plan[0], variance)
    return Spread(spent + low, spent + central, spent + high)


def _weight_of_run_rate(work: _Pace, off: _Pace, *, has_plan: bool) -> float:
    if not has_plan:
        return 1.0
    seen = work.seen or off.seen
    ahead = work.left / (work.seen + work.left) if work.left else 0.0
    return seen / (seen + PLAN_DAYS * ahead) if seen else 0.0


def _pace(sprint: SprintSoFar, *, workday: bool) -> _Pace:
    amounts, seen, left = list[float](), 0.0, 0.0
    for number in range((sprint.last_day - sprint.first_day).days + 1):
        day = sprint.first_day + timedelta(days=number)
        if sprint.is_workday(day) != workday:
            continue
        over = _share_over(sprint, day)
        seen, left = seen + over, left + 1 - over
        if over == 1.0:
            amounts.append(float(sprint.spent_by_day.get(day, 0)))
        elif over:
            amounts.append(sprint.spent_by_day.get(day, 0) / max(over, 0.25))
    if not amounts:
        return _Pace(_other_pace(sprint) if workday else 0.0, 0.0, seen, left)
    mean = fmean(amounts)
    squares = sum((amount - mean) ** 2 for amount in amounts)
    prior = COLD_SCATTER_DAYS * (COLD_SCATTER * mean) ** 2
    variance = (squares + prior) / (len(amounts) + COLD_SCATTER_DAYS)
    return _Pace(mean, max(variance, (LEAST_SCATTER * mean) ** 2), seen, left)


def _other_pace(sprint: SprintSoFar) -> float:
    """Before the first workday the only rate known is that of the days off."""
    days = max(1.0, (sprint.today - sprint.first_day).days + sprint.share_of_today)
    return sprint.spent_nanousd / days


def _share_over(sprint: SprintSoFar, day: date) -> float:
    if day == sprint.today:
        return min(1.0, max(0.0, sprint.share_of_today))
    return 1.0 if day < sprint.today else 0.0


def _run_variance(pace: _Pace) -> float:
    """Scatter of the days left, and of the mean taken from the days seen."""
    return pace.variance * (pace.left + pace.left**2 / max(pace.seen, 1.0))


def _log_normal(mean: float, variance: float) -> tuple[int, int, int]:
    """P10, P50 and P90 of the log-normal with a mean and a variance; its log sd is bounded."""
    if mean <= 0:
        return 0, 0, 0
    log_sd = min(MOST_LOG_SD, math.sqrt(math.log1p(variance / mean**2)))
    central, ratio = mean * math.exp(-(log_sd**2) / 2), math.exp(Z_P90 * log_sd)
    return math.floor(central / ratio), round(central), math.ceil(central * ratio)
