"""How much two stories have in common in how their plans err: the covariance, part by part.

ln(actual / planned) is taken as a sum of effects: of the customer's habits as a whole, of how they
drift, of the team, kind of work, model and epic, of what the story's words say, and of how large it
was planned (what is planned unusually large is often used less, and the reverse). Two stories share
an effect as far as they share what it belongs to. This is kriging, also called Gaussian process
regression (Rasmussen and Williams 2006, chapter 2); with groups alone it is the best linear
unbiased prediction of mixed models (Henderson 1975).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integration.estimation.subject import Subject

DRIFT_DAYS = 14.0
VARIANCES = {
    "habit": math.log(2) ** 2,  # Plans are off by a factor of about 2 as a whole.
    "drift": 0.01,  # A tenth in DRIFT_DAYS.
    "team": 0.03,
    "kind": 0.10,  # Kinds differ by about a factor of 1.4; models, teams and epics by 1.2.
    "model": 0.03,
    "epic": 0.03,
    "words": 0.02,
    "calls": 0.002,  # Per square of the size's logarithm.
    "input_tokens": 0.01,
    "output_tokens": 0.01,
}
"""Variances of the effects before any data (our judgement); each is learnt from there."""
NOISE_VARIANCE = 0.22
"""Variance of what nothing explains, before any data."""
SIZES = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """A story made ready for comparing. `time` counts DRIFT_DAYS since the oldest story."""

    subject: Subject
    time: float
    vector: Mapping[str, float]
    sizes: tuple[float, ...]


class Likeness:
    """Compares stories, seen from a history: words that it has often weigh less (TF-IDF)."""

    def __init__(self, history: Sequence[tuple[Subject, float]]) -> None:
        self._first_day = min((day for _, day in history), default=0.0)
        self._stories = len(history)
        self._having = Counter(word for subject, _ in history for word in subject.words)
        known = [subject.sizes for subject, _ in history if subject.sizes]
        self._usual = [fmean(column) for column in zip(*known, strict=True)]

    def place(self, subject: Subject, day: float) -> Placed:
        """Make a story ready; `day` counts days from any fixed start."""
        raw = {
            word: math.log((1 + self._stories) / (1 + self._having[word])) for word in subject.words
        }
        length = math.hypot(*raw.values()) or 1.0
        sizes = tuple(size - usual for size, usual in zip(subject.sizes, self._usual, strict=False))
        return Placed(
            subject,
            max(0.0, day - self._first_day) / DRIFT_DAYS,
            {word: weight / length for word, weight in raw.items()},
            sizes or (0.0,) * SIZES,
        )


def shared(one: Placed, other: Placed) -> tuple[float, ...]:
    """Return how much of each effect two stories share, in the order of VARIANCES."""
    mine, theirs = one.subject, other.subject
    calls, given, written = (a * b for a, b in zip(one.sizes, other.sizes, strict=True))
    return (
        1.0,
        min(one.time, other.time),
        float(bool(mine.team) and mine.team == theirs.team),
        _dot(mine.kinds, theirs.kinds),
        _dot(mine.models, theirs.models),
        float(bool(mine.epic) and mine.epic == theirs.epic),
        _dot(one.vector, other.vector),
        calls,
        given,
        written,
    )


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(share * other[name] for name, share in one.items() if name in other)
