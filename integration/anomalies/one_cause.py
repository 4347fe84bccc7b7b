"""One cause, one spike: a rise that is seen on a story is seen on its feature, team and model too.

Subjects are judged from the narrowest to the widest. A wider one has a spike of its own only where
the narrower ones leave at least half of its excess unexplained, as when a price change makes every
story a little dearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

NARROWEST_FIRST = ("story", "feature", "team", "model")
EXPLAINED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Rise:
    """A spike's time and how much it cost over the usual, in nano-USD."""

    start: datetime
    end: datetime
    excess_nanousd: int


def is_explained(wide: Rise, narrower: Iterable[Rise]) -> bool:
    """Tell whether narrower spikes of the same time account for at least half of a wider one."""
    explained = sum(
        rise.excess_nanousd
        for rise in narrower
        if rise.start <= wide.end and wide.start <= rise.end
    )
    return explained >= EXPLAINED_SHARE * wide.excess_nanousd
