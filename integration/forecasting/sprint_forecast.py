"""Sprint-end spend from the spend so far, the days left, and the estimates of what is to come.

Two views of the rest of the Sprint are blended. The *plan* is the estimates of stories not yet
started plus what started stories have left of theirs. The *run rate* is spend per workday and per
day off, so far. Cold, the plan is all there is; after `PLAN_DAYS` observed workdays both weigh the
same; and as the days run out the plan loses its say, because what has not been started by then
will mostly not be spent:

    weight of the run rate = n / (n + PLAN_DAYS · share of workdays left)        n workdays observed

The blend is the central figure of the rest. Around it the rest is taken as log-normal: never
negative, skewed to the dear side. Its variance has three independent sources: the plan's range, the
scatter from day to day over the days left, and not knowing the rate from few days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PLAN_DAYS = 3.0
COLD_SCATTER = 1.0  # Relative scatter of daily spend, taken as seen on this many days:
COLD_SCATTER_DAYS = 2.0
LEAST_SCATTER = 0.05
P90 = NormalDist().inv_cdf(0.9)


class Range(Protocol):
    """An estimate in nano-USD."""

    @property
    def low(self) -> int:
        """The P10."""

    @property
    def central(self) -> int:
        """The P50."""

    @property
    def high(self) -> int:
        """The P90."""


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


def forecast(sprint: SprintSoFar, plan: Sequence[Spread] = ()) -> Spread | None:
    """Spend at the end of the Sprint; None with neither spend nor an estimate to go by.

    `plan` is what is estimated and not spent yet (see `left_of`).
    """
    spent = sprint.spent_nanousd
    if not plan and not spent:
        return None
    work, off = _pace(sprint, workday=True), _pace(sprint, workday=False)
    left = work.left + off.left
    if left <= 0:
        return Spread(spent, spent, spent)
    weight = _weight_of_run_rate(work, off, has_plan=bool(plan))
    plan_mean, plan_variance = _plan(plan)
    rest = weight * (work.mean * work.left + off.mean * off.left) + (1 - weight) * plan_mean
    variance = weight**2 * (_run_variance(work) + _run_variance(off))
    variance += (1 - weight) ** 2 * plan_variance
    low, central, high = _log_normal(rest, variance)
    return Spread(spent + low, spent + central, spent + high)


def left_of(planned: Iterable[tuple[Range, int]]) -> Spread | None:
    """What stories have left of their estimates, together; None without a story.

    Of each story the estimate and what it has spent; below 0 nothing is left. Stories err together
    (see `_plan`), so that their sum says as much as each by itself.
    """
    low = central = high = stories = 0
    for estimate, spent in planned:
        low += max(0, estimate.low - spent)
        central += max(0, estimate.central - spent)
        high += max(0, estimate.high - spent)
        stories += 1
    return Spread(low, central, high) if stories else None


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


def _plan(plan: Sequence[Spread]) -> tuple[float, float]:
    """Mean and variance of the estimates' sum.

    Stories of one Sprint err together (the same habit, the same models), so their deviations are
    added up, not their variances.
    """
    mean = float(sum(estimate.central for estimate in plan))
    deviation = sum((estimate.high - estimate.low) / (2 * P90) for estimate in plan)
    return mean, deviation**2


def _log_normal(central: float, variance: float) -> tuple[int, int, int]:
    """P10, P50 and P90 around a central figure, at most the factor e^1.64 to either side."""
    if central <= 0:
        return 0, 0, 0
    ratio = math.exp(P90 * min(P90, math.sqrt(math.log1p(variance / central**2))))
    return math.floor(central / ratio), round(central), math.ceil(central * ratio)
