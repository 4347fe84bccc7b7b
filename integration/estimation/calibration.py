"""What a team's closed stories say about its next estimate: a shift and an 80 % range.

1. Every closed story gives r = ln(actual / planned), planned being the central figure before any
   calibration moved it.
2. Shift: a regression on what stories share (`likeness.py`), in which a thin group leans on the
   wider one and a runaway hardly pulls (`regression.py`). Which effects matter, and whether habits
   drift, is learnt from the stories themselves (`variances.py`).
3. Range: conformal, split by time. Each story is foreseen from the stories closed before it, never
   by one that has seen it: score = (r − foreseen) / foreseen scale. The 10 % and 90 % quantiles of
   those scores, weighted by age, make the range; until there are many, a prior distribution
   (`score_quantiles.py`) stands in with the weight of PRIOR_SCORES stories.

Sources: split conformal prediction (Vovk et al. 2005), normalised scores (Lei et al. 2018), weights
by age (Barber et al. 2023). The constants are our judgement.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from operator import mul
from typing import TYPE_CHECKING

from integration.estimation.likeness import VARIANCES, shared
from integration.estimation.robust_statistics import robust_scale
from integration.estimation.score_quantiles import quantile
from integration.estimation.spread import Spread
from integration.estimation.variances import MOST_SEARCHED, NOISE, History, learnt_variances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from integration.estimation.regression import Fit
    from integration.estimation.subject import Subject

SCORE_HALF_LIFE_DAYS = 90.0
PRIOR_SCORES = 30.0
KIND_SCORES = 12.0
"""Stories of a kind before its own scale counts for half."""
MOST_OUTCOMES = 240
REMEMBERED = 256
CLOSES_IN_DAYS = 14.0
"""A story closes about a Sprint after it was estimated; until then habits may drift further."""
SECONDS_PER_DAY = 86_400
FARTHEST = math.log(1000)
"""A shift or an end of a range beyond a thousandfold says only that nothing is known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A closed story: what was stated, what it used. All amounts in one unit, usually list cost.

    `log_shift` is that of the stated estimate's own calibration, 0 without one.
    """

    subject: Subject
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
    """A team's history, ready to correct estimates made at one instant. Immutable.

    Outcomes may come in any order; those of one instant are weighed in the order given.
    """

    def __init__(self, outcomes: Iterable[Outcome], now: datetime) -> None:
        closed = sorted(
            (outcome for outcome in outcomes if outcome.closed_at <= now),
            key=lambda outcome: outcome.closed_at,
        )[-MOST_OUTCOMES:]
        self.coverage_pct = measured_coverage_pct(closed)
        self._now = _day(now)
        self._stories = [
            (outcome.subject, _day(outcome.closed_at), ratio)
            for outcome in closed
            if (ratio := outcome.log_ratio) is not None
        ]

    @property
    def outcomes(self) -> int:
        """How many closed stories the correction rests on."""
        return len(self._stories)

    @cached_property
    def correction(self) -> Callable[[Subject], Correction]:
        """Return the shift and the 80 % range for a story; the newest answers are remembered.

        Most alternatives to a story leave it the same subject: another region is no other habit.
        """
        return lru_cache(maxsize=REMEMBERED)(self._correction)

    def _correction(self, subject: Subject) -> Correction:
        shift, scale = self._predict(subject)
        low, high = self._ends
        return Correction(
            log_shift=_within_reason(shift),
            spread=Spread(
                min(0.0, _within_reason(low * scale)), max(0.0, _within_reason(high * scale))
            ),
            outcomes=self.outcomes,
            coverage_pct=self.coverage_pct,
        )

    @cached_property
    def variances(self) -> dict[str, float]:
        """What was learnt of each effect, of `drift` in DRIFT_DAYS, and of the `noise`."""
        return dict(zip((*VARIANCES, "noise"), self._variances, strict=True))

    def _predict(self, subject: Subject) -> tuple[float, float]:
        placed = self._history.likeness.place(subject, self._now + CLOSES_IN_DAYS)
        parts = [shared(placed, other) for other in (*self._history.placed, placed)]
        effects = self._variances[:NOISE]
        row = [sum(map(mul, effects, each)) for each in parts]
        own = row[-1] + self._variances[NOISE] * subject.noise_share
        shift, variance = self._fit.predict(row[:-1], own)
        return shift, math.sqrt(variance) * self._kind_scales.get(subject.leading_kind, 1.0)

    @cached_property
    def _history(self) -> History:
        return History(self._stories)

    @cached_property
    def _variances(self) -> tuple[float, ...]:
        is_short = len(self._stories) <= MOST_SEARCHED
        return learnt_variances(
            self._history if is_short else History(self._stories[-MOST_SEARCHED:])
        )

    @cached_property
    def _fit(self) -> Fit:
        return self._history.fit(self._variances)

    @cached_property
    def _plain_scores(self) -> list[_Score]:
        """How far each story lay from what was foreseen, in foreseen scales.

        Stories of the first closing had none before them and give no score: without data all of
        them err alike, which says nothing about later fits.
        """
        stories = zip(self._stories, self._fit.foreseen, self._history.known, strict=True)
        return [
            _Score(subject.leading_kind, (ratio - mean) / math.sqrt(variance), self._weight(day))
            for (subject, day, ratio), (mean, variance), known in stories
            if known
        ]

    @cached_property
    def _kind_scales(self) -> dict[str, float]:
        """How much farther than all stories those of a kind stray, leaning on all of them."""
        by_kind: dict[str, list[float]] = defaultdict(list)
        for each in self._plain_scores:
            by_kind[each.kind].append(each.score)
        if not by_kind:
            return {}
        whole = _scale([each.score for each in self._plain_scores])
        return {
            kind: math.sqrt(
                (KIND_SCORES + len(scores) * (_scale(scores) / whole) ** 2)
                / (KIND_SCORES + len(scores))
            )
            for kind, scores in by_kind.items()
        }

    @cached_property
    def _scores(self) -> list[tuple[float, float]]:
        return [
            (each.score / self._kind_scales[each.kind], each.weight) for each in self._plain_scores
        ]

    @cached_property
    def _ends(self) -> tuple[float, float]:
        low, high = (quantile(self._scores, level, PRIOR_SCORES) for level in (0.1, 0.9))
        return low, high

    def _weight(self, day: float) -> float:
        return 2 ** (-(self._now - day) / SCORE_HALF_LIFE_DAYS)


@dataclass(frozen=True, slots=True)
class _Score:
    """How far a closed story lay from what earlier stories foresaw, and what that counts today."""

    kind: str
    score: float
    weight: float


def measured_coverage_pct(outcomes: Sequence[Outcome]) -> Decimal | None:
    """Share of closed stories whose actual lay in the range stated for them; None without any.

    A story that used nothing counts as one outside its range.
    """
    if not outcomes:
        return None
    within = sum(outcome.is_within_range for outcome in outcomes)
    return (Decimal(100) * within / len(outcomes)).quantize(Decimal("0.1"))


def _scale(scores: Sequence[float]) -> float:
    return robust_scale(scores, [1.0] * len(scores))


def _within_reason(logarithm: float) -> float:
    return max(-FARTHEST, min(FARTHEST, logarithm))


def _day(instant: datetime) -> float:
    return instant.timestamp() / SECONDS_PER_DAY
