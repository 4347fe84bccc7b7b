"""Which effects matter, learnt from a team's own stories: empirical Bayes.

The variances of all effects and of the noise are those under which the closed stories, each
foreseen from the ones before it, were likeliest (Mackay 1992), held near a guess while stories are
few. Drift is one of them: it is believed as far as it made the next story easier to foresee.
"""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING

from integration.estimation.likeness import NOISE_VARIANCE, VARIANCES, Likeness, shared
from integration.estimation.regression import Fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.estimation.likeness import Placed
    from integration.estimation.subject import Subject

STEPS = (4.0, 2.0)
"""Factors by which a variance is tried larger and smaller, one round each."""
GUESS_LOG_VARIANCE = 2.0
"""How far a variance may lie from its guess: a factor of e^√2 ≈ 4 to either side is usual."""
MOST_SEARCHED = 100
"""The newest stories are enough to see what matters, and the work grows with the third power."""
NOISE = len(VARIANCES)
GUESSES = (*VARIANCES.values(), NOISE_VARIANCE)


class History:
    """Closed stories in order of time, compared once and fitted under any variances."""

    def __init__(self, stories: Sequence[tuple[Subject, float, float]]) -> None:
        """Take subject, day and ln(actual / planned) of each story."""
        self.likeness = Likeness([(subject, day) for subject, day, _ in stories])
        self.placed = [self.likeness.place(subject, day) for subject, day, _ in stories]
        self.values = [value for _, _, value in stories]
        self.known = _known_before(self.placed)
        self._shared = [
            [shared(one, other) for other in self.placed[: position + 1]]
            for position, one in enumerate(self.placed)
        ]

    def fit(self, variances: Sequence[float]) -> Fit:
        """Fit the stories under the effects' variances and, last, the noise variance."""
        fit, effects = Fit(), variances[:NOISE]
        for placed, row, value, known in zip(
            self.placed, self._shared, self.values, self.known, strict=True
        ):
            covariances = [sum(map(mul, effects, parts)) for parts in row]
            fit.add(covariances, variances[NOISE] * placed.subject.noise_share, value, known)
        return fit


def learnt_variances(history: History) -> tuple[float, ...]:
    """Return the likeliest variances, found one after the other; the guess without stories."""
    best = GUESSES
    if not history.values:
        return best
    score = _score(history, best)
    for step in STEPS:
        for place in (NOISE, *range(NOISE)):
            for factor in (step, 1 / step):
                moved = False
                while True:
                    tried = (*best[:place], best[place] * factor, *best[place + 1 :])
                    rival = _score(history, tried)
                    if rival <= score:
                        break
                    best, score, moved = tried, rival, True
                if moved:
                    break
    return best


def _score(history: History, variances: Sequence[float]) -> float:
    away = sum(
        math.log(variance / guess) ** 2 for variance, guess in zip(variances, GUESSES, strict=True)
    )
    return history.fit(variances).log_likelihood - away / (2 * GUESS_LOG_VARIANCE)


def _known_before(placed: Sequence[Placed]) -> list[int]:
    """How many stories had closed before each one: those of one closing do not know each other."""
    known: list[int] = []
    for position, each in enumerate(placed):
        is_later = position == 0 or each.time > placed[position - 1].time
        known.append(position if is_later else known[-1])
    return known
