"""A rise that is being followed, with the points since its end that may yet belong to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

OF_MEAN, OF_PEAK = 0.5, 0.25
"""A rise begins with the first point of its window that is over by these shares at least."""


class Seen(NamedTuple):
    """One point, what was usual there, and its excess over the highest good forecast."""

    at: datetime
    value: float
    usual: float
    over: float


@dataclass(slots=True)
class Rise:
    """From its first point on."""

    start: datetime
    end: datetime
    peak: datetime
    line: float
    """What goes on must exceed, per unit of scale."""
    height: float = -1.0
    score: float = 0.0
    values: list[float] = field(default_factory=list)
    usuals: list[float] = field(default_factory=list)
    waiting: list[Seen] = field(default_factory=list)

    def copy(self) -> Rise:
        """The same rise, to be followed apart."""
        return Rise(
            self.start, self.end, self.peak, self.line, self.height, self.score,
            self.values.copy(), self.usuals.copy(), self.waiting.copy(),
        )  # fmt: skip

    def extend(self, seen: Seen, score: float) -> None:
        """The rise goes on; what was waiting belongs to it."""
        for each in (*self.waiting, seen):
            self.values.append(each.value)
            self.usuals.append(each.usual)
        self.waiting.clear()
        self.end = seen.at
        self.score = max(self.score, score)
        if seen.value - seen.usual > self.height:
            self.height, self.peak = seen.value - seen.usual, seen.at

    def new_level(self) -> float:
        """How many times the usual the values are by now; 1 where nothing was usual."""
        usual = median(self.usuals)
        return median(self.values) / usual if usual > 0 else 1.0


def begun(window: Sequence[Seen], line: float, score: float) -> Rise:
    """The rise that a window of points shows, from the first one that stands out."""
    overs = [seen.over for seen in window]
    least = max(OF_MEAN * sum(overs) / len(overs), OF_PEAK * max(overs))
    first = next(n for n, over in enumerate(overs) if over >= least)
    at = window[first].at
    rise = Rise(at, at, at, line)
    for seen in window[first:]:
        rise.extend(seen, score)
    return rise
