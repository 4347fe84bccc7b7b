"""How high a series rises by itself, by bursts that come and go and mean nothing.

Time is cut into blocks, and of each block the greatest height over the usual is remembered for four
weeks. The bound is a return level: the height that is exceeded by habit once in so many days. What
the tallest tenth of the blocks exceeds their lowest by is taken as exponential (peaks over a
threshold, with the generalised Pareto's shape at 0), with its mean three standard errors above what
was seen: little known is no licence to tell. A few spikes that were told are left out; many are a
habit. The last block is left out too, so that a rise does not raise the bound that it is held to.

With hindsight, where a file is looked through that may be full of spikes, the few tallest blocks
are left out whether anybody was told or not: one missed then hides no other.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

REMEMBERED_BLOCKS, FEWEST_BLOCKS = 168, 9
SHARE, FEWEST = 0.1, 4
STANDARD_ERRORS = 3.0
LEAST_MARGIN = 2.0
"""So many times the least of the tallest blocks, where these have no tail."""
FREE_SPIKES, FREE_SPIKES_IN_HINDSIGHT, FREE_SHARE = 2, 4, 0.04
FIRST_DAYS, FORGOTTEN_AFTER_DAYS = 2, 4
"""The first days show how little was known then, not what the series does."""


class _Height(NamedTuple):
    block: int
    height: float
    is_spike: bool


class Habit:
    """The greatest heights of one kind of sum, block by block."""

    def __init__(
        self, blocks_a_day: float, return_days: float, *, with_hindsight: bool = False
    ) -> None:
        self._blocks_a_day, self._with_hindsight = blocks_a_day, with_hindsight
        self._return_blocks = return_days * blocks_a_day
        self._heights: deque[_Height] = deque()
        self._first: int | None = None
        self._bound: tuple[int, float] = (-1, 0.0)

    def note(self, block: int, height: float) -> None:
        """Remember a height that was not told as a spike."""
        last = self._heights[-1] if self._heights else None
        if last is None or last.block != block or last.is_spike:
            self._heights.append(_Height(block, max(0.0, height), is_spike=False))
        elif height > last.height:
            self._heights[-1] = _Height(block, height, is_spike=False)

    def note_spike(self, block: int, height: float) -> None:
        """Remember a spike by its greatest height, once."""
        self._heights.append(_Height(block, height, is_spike=True))

    def bound(self, block: int) -> float:
        """What the series' own bursts may reach, the same all through a block."""
        if self._bound[0] != block:
            self._forget(block)
            self._bound = (block, self._level(block))
        return self._bound[1]

    def _level(self, block: int) -> float:
        known = [each for each in self._heights if each.block < block - 1]
        count = len(known)
        free = round(FREE_SHARE * count)
        if self._with_hindsight:
            free = max(FREE_SPIKES_IN_HINDSIGHT, free)
        else:
            free = min(max(FREE_SPIKES, free), sum(each.is_spike for each in known))
        tallest = sorted((each.height for each in known), reverse=True)[free:]
        if len(tallest) < FEWEST_BLOCKS:
            return LEAST_MARGIN * max(tallest, default=0.0)
        rank = min(max(FEWEST, round(SHARE * count)), len(tallest) - 1)
        least = tallest[rank]
        mean = sum(tallest[:rank]) / rank - least
        mean *= 1 + STANDARD_ERRORS / math.sqrt(rank)
        level = least + mean * math.log(max(1.0, self._return_blocks * rank / count))
        return max(level, LEAST_MARGIN * least)

    def _forget(self, block: int) -> None:
        if self._first is None:
            self._first = block
        oldest: float = block - REMEMBERED_BLOCKS
        if block - self._first > FORGOTTEN_AFTER_DAYS * self._blocks_a_day:
            oldest = max(oldest, self._first + FIRST_DAYS * self._blocks_a_day)
        while self._heights and self._heights[0].block < oldest:
            self._heights.popleft()
