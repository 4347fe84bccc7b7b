"""What a team's closed stories say about its next estimate: a shift and an 80 % range.

1. Every closed story gives r = ln(actual / planned), planned being the central figure before any
   calibration moved it.
2. Shift: effects of team, kind, model and epic, each shrunk towards the wider group (`effects.py`),
   from outcomes weighted by their age.
3. Range: conformal, split by time. Each story is scored by the fit of the stories closed before it,
   never by one that has seen it: score = (r − predicted) / predicted scale. The 10 %, 50 % and
   90 % quantiles of those scores, weighted by age, make the range; until there are many, a prior
   distribution (`score_quantiles.py`) stands in with the weight of PRIOR_SCORES stories.
4. Drift: the weight of an outcome halves with a half-life chosen among HALF_LIVES_DAYS, the one
   whose past predictions were nearest. The 50 % quantile of the scores moves the central figure
   too, so that a steady lag is taken up.

Sources: empirical Bayes (Morris 1983); split conformal prediction (Vovk et al. 2005), normalised
scores (Lei et al. 2018), weights by age (Barber et al. 2023). The constants are our judgement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from integration.estimation.effects import Effects, Observation, fit_effects
from integration.estimation.score_quantiles import quantile
from integration.estimation.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

HALF_LIVES_DAYS = (math.inf, 90.0, 30.0)
"""From the steadiest; a shorter one is chosen only when it was nearer by CLEARLY_NEARER."""
CLEARLY_NEARER = 0.95
SCORE_HALF_LIFE_DAYS = 90.0
PRIOR_SCORES = 10.0
MOST_OUTCOMES = 300
MOST_BLOCKS = 24
"""Stories are scored in at most so many blocks by time, which bounds the work."""
SECONDS_PER_DAY = 86_400
FARTHEST = math.log(1000)
"""A shift or an end of a range beyond a thousandfold says only that nothing is known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A closed story: what was stated, what it used. All amounts in one unit, usually list cost.

    `log_shift` is that of the stated estimate's own calibration, 0 without one.
    """

    kind: str
    model: str
    epic: str
    estimate_central: int
    estimate_low: int
    estimate_high: int
    actual: int
    closed_at: datetime
    log_shift: float = 0.0

    @property
    def log_ratio(self) -> float | None:
        """Logarithm of actual / planned; None when either is 0."""
        if self.actual <= 0 or self.estimate_central <= 0:
            return None
        return math.log(self.actual / self.estimate_central) + self.log_shift

    @property
    def is_within_range(self) -> bool:
        """Whether the actual lay inside the stated range, ends included."""
        return self.estimate_low <= self.actual <= self.estimate_high


@dataclass(frozen=True, slots=True)
class Correction:
    """What to do to a planned figure. `spread` is around the shifted central figure."""

    log_shift: float
    spread: Spread
    outcomes: int
    coverage_pct: Decimal | None


class Calibration:
    """A team's history, ready to correct estimates made at one instant. Immutable."""

    def __init__(self, outcomes: Iterable[Outcome], now: datetime) -> None:
        closed = sorted(
            (outcome for outcome in outcomes if outcome.closed_at <= now),
            key=lambda outcome: outcome.closed_at,
        )[-MOST_OUTCOMES:]
        self.coverage_pct = measured_coverage_pct(closed)
        self._now = _day(now)
        self._observations = [
            Observation(outcome.kind, outcome.model, outcome.epic, ratio, _day(outcome.closed_at))
            for outcome in closed
            if (ratio := outcome.log_ratio) is not None
        ]

    @property
    def outcomes(self) -> int:
        """How many closed stories the correction rests on."""
        return len(self._observations)

    def correction(self, kind: str, model: str, epic: str = "") -> Correction:
        """Return the shift and the 80 % range for a story of this kind, model and epic."""
        shift, scale = self._effects.predict(kind, model, epic)
        low, middle, high = self._score_quantiles
        return Correction(
            log_shift=_within_reason(shift + middle * scale),
            spread=Spread(
                _within_reason((low - middle) * scale), _within_reason((high - middle) * scale)
            ),
            outcomes=self.outcomes,
            coverage_pct=self.coverage_pct,
        )

    @cached_property
    def half_life_days(self) -> float:
        """After how long an outcome counts half; infinite when nothing has drifted."""
        return self._chosen[0]

    @cached_property
    def _effects(self) -> Effects:
        return fit_effects(self._observations, self._now, self.half_life_days)

    @cached_property
    def _chosen(self) -> tuple[float, list[_Scored]]:
        best = HALF_LIVES_DAYS[0]
        scored = _scored(self._observations, best)
        nearest = self._mean_miss(scored)
        for half_life in HALF_LIVES_DAYS[1:]:
            rival = _scored(self._observations, half_life)
            miss = self._mean_miss(rival)
            if miss < CLEARLY_NEARER * nearest:
                best, scored, nearest = half_life, rival, miss
        return best, scored

    @cached_property
    def _score_quantiles(self) -> tuple[float, float, float]:
        scores = [(each.score, self._weight(each)) for each in self._chosen[1]]
        low, middle, high = (quantile(scores, level, PRIOR_SCORES) for level in (0.1, 0.5, 0.9))
        return low, middle, high

    def _mean_miss(self, scored: Sequence[_Scored]) -> float:
        weights = [self._weight(each) for each in scored]
        misses = [abs(each.miss) * weight for each, weight in zip(scored, weights, strict=True)]
        return sum(misses) / sum(weights) if weights else 0.0

    def _weight(self, scored: _Scored) -> float:
        return 2 ** (-(self._now - scored.day) / SCORE_HALF_LIFE_DAYS)


@dataclass(frozen=True, slots=True)
class _Scored:
    """How far a closed story lay from what earlier stories predicted for it."""

    day: float
    miss: float
    score: float


def measured_coverage_pct(outcomes: Sequence[Outcome]) -> Decimal | None:
    """Share of closed stories whose actual lay in the range stated for them; None without any.

    A story that used nothing counts as one outside its range.
    """
    if not outcomes:
        return None
    within = sum(outcome.is_within_range for outcome in outcomes)
    return (Decimal(100) * within / len(outcomes)).quantize(Decimal("0.1"))


def _scored(observations: Sequence[Observation], half_life_days: float) -> list[_Scored]:
    """Score every block of stories by the fit of the blocks before it.

    The first block has none before it and gives no score: a fit without data errs for all of its
    stories alike, which says nothing about later fits.
    """
    ends = [*_block_starts(observations)[1:], len(observations)]
    scored = []
    for start, end in pairwise(ends):
        block = observations[start:end]
        effects = fit_effects(observations[:start], block[0].day, half_life_days)
        for each in block:
            predicted, scale = effects.predict(each.kind, each.model, each.epic)
            miss = each.log_ratio - predicted
            scored.append(_Scored(each.day, miss, miss / scale))
    return scored


def _block_starts(observations: Sequence[Observation]) -> list[int]:
    """Positions where a later closing time begins, thinned to at most MOST_BLOCKS."""
    later = [
        position
        for position, (one, following) in enumerate(pairwise(observations), start=1)
        if following.day > one.day
    ]
    starts = [0, *later]
    return starts[:: max(1, math.ceil(len(starts) / MOST_BLOCKS))]


def _within_reason(logarithm: float) -> float:
    return max(-FARTHEST, min(FARTHEST, logarithm))


def _day(instant: datetime) -> float:
    return instant.timestamp() / SECONDS_PER_DAY
