"""Sprints whose whole spend is known, to ask the forecast in their midst: generated.

How spend falls over a Sprint is our assumption; no public data says it. A team works on a few
stories at once and takes up the next when one is done. A story spends for some working days with a
scatter from day to day, a little on days off, and uses more or less than planned: all together by
the team's habit of that Sprint, each by its own luck. What is not taken up before the end spends
nothing, what is not done by then only its part so far. Some work was never estimated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from integration.forecasting.sprint_forecast import Spread, SprintSoFar

if TYPE_CHECKING:
    from random import Random

FIRST_DAY = date(2026, 3, 2)  # A Monday.
LAST_DAY = date(2026, 3, 13)
DAYS, WORKDAYS = 12, 10
Z_P90 = 1.2815515594600038
DAY_NANOUSD = 10**9


@dataclass(frozen=True)
class SprintRegime:
    """How a Sprint's spend comes about; spreads are of natural logarithms."""

    stories: int = 8
    estimated: float = 1.0
    """Share of the stories that have an estimate."""
    at_once: int = 3
    """Stories worked on at the same time."""
    habit: float = 0.3
    """Of actual / planned, common to the Sprint's stories."""
    luck: float = 0.5
    """Of actual / planned, each story's own."""
    stated: float = 0.55
    """What the estimates' ranges say of a story."""
    days: tuple[int, int] = (2, 6)
    """Working days over which a story spends."""
    scatter: float = 0.6
    """From day to day, within a story."""
    on_days_off: float = 0.1
    """A day off's weight beside that of a working day."""
    grows: bool = False
    """What is built in the Sprint goes into use and spends until its end."""
    runaway: float = 0.0
    """Chance of one day that costs as much as all stories were planned to."""


SPRINT_REGIMES = {
    "even": SprintRegime(),
    "few_stories": SprintRegime(stories=3, at_once=1),
    "not_estimated": SprintRegime(estimated=0.0),
    "half_estimated": SprintRegime(estimated=0.5),
    "grows": SprintRegime(grows=True),
    "runaway": SprintRegime(runaway=0.15),
}


@dataclass
class PlayedSprint:
    """What was planned, and each story's spend by day of the Sprint, in nano-USD."""

    plans: dict[str, Spread] = field(default_factory=dict)
    spent: dict[str, list[int]] = field(default_factory=dict)
    done_on: dict[str, int] = field(default_factory=dict)
    """The day of the Sprint from which on a story is done."""

    @property
    def total_nanousd(self) -> int:
        """What the whole Sprint came to."""
        return sum(map(sum, self.spent.values()))

    def so_far(self, days_over: float) -> tuple[SprintSoFar, list[tuple[Spread, int]]]:
        """Return the Sprint as it stood, and each open estimated story with what it had spent."""
        whole, share = int(days_over), days_over - int(days_over)
        spent = {
            key: [*days[:whole], round(days[whole] * share) if whole < DAYS else 0]
            for key, days in self.spent.items()
        }
        by_day = {
            FIRST_DAY + timedelta(days=number): sum(days[number] for days in spent.values())
            for number in range(min(DAYS, whole + 1))
        }
        sprint = SprintSoFar(
            first_day=FIRST_DAY, last_day=LAST_DAY, today=FIRST_DAY + timedelta(days=whole),
            share_of_today=share, spent_by_day=by_day,
        )  # fmt: skip
        return sprint, [
            (plan, sum(spent[key])) for key, plan in self.plans.items() if self.done_on[key] > whole
        ]


def play_sprint(regime: SprintRegime, random: Random) -> PlayedSprint:
    """Draw a Sprint."""
    played = PlayedSprint()
    habit, planned_in_all = random.gauss(0, regime.habit), 0
    free_on = [0] * regime.at_once
    for number in range(regime.stories):
        planned = round(DAY_NANOUSD * math.exp(random.gauss(0, 1)))
        planned_in_all += planned
        key = f"SHOP-{number}"
        if random.random() < regime.estimated:
            width = math.exp(Z_P90 * regime.stated)
            played.plans[key] = Spread(round(planned / width), planned, round(planned * width))
        total = planned * math.exp(habit + random.gauss(0, regime.luck))
        lane = free_on.index(min(free_on))
        begins, lasts = free_on[lane], random.randint(*regime.days)
        free_on[lane] += lasts
        played.spent[key] = _by_day(regime, random, total, begins, lasts)
        played.done_on[key] = _calendar_day(begins + lasts)
    if random.random() < regime.runaway:
        played.spent["SHOP-0"][random.randrange(DAYS)] += planned_in_all
    return played


def _calendar_day(workdays: int) -> int:
    """The day of the Sprint on which so many working days are over."""
    return workdays + 2 * (workdays // 5)


def _by_day(
    regime: SprintRegime, random: Random, total: float, begins: int, lasts: int
) -> list[int]:
    """Spread a story's total over its working days, and give what falls into the Sprint."""
    if regime.grows:
        lasts = max(lasts, WORKDAYS - begins)
    weights: list[tuple[int, float]] = []
    worked = 0
    for day in range(3 * DAYS):
        is_off = (FIRST_DAY + timedelta(days=day)).weekday() >= 5
        is_on = begins <= worked < begins + lasts
        worked += not is_off
        if is_on:
            usual = regime.on_days_off if is_off else 1.0
            weights.append((day, usual * math.exp(random.gauss(0, regime.scatter))))
    whole = sum(weight for _, weight in weights)
    spent = [0] * DAYS
    for day, weight in weights:
        if day < DAYS:
            spent[day] = round(total * weight / whole)
    return spent
