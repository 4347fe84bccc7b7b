"""How many requests one API key may send to this process: a token bucket for each key."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from integration.foundation.errors import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

BURST_S = 2.0
"""How many seconds' worth of requests may come at once."""
MOST_KEYS = 4096


class KeyPace:
    """Refuses the requests of a key that come faster than `per_second` for longer than a moment.

    Safe to share between threads as far as it matters: two requests at the same instant may cost
    one token.
    """

    def __init__(self, per_second: float, now: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._now = now
        self._full_at: dict[str, float] = {}

    def take(self, key_id: str) -> None:
        """Take one token of a key.

        Raises:
            TooManyRequests: there is none; it says when there will be.
        """
        # Kept as the moment at which the bucket would be full again: one number says it all.
        now = self._now()
        full_at = max(self._full_at.get(key_id, now), now) + 1 / self._per_second
        wait_s = full_at - now - BURST_S
        if wait_s > 0:
            raise TooManyRequests(
                f"More than {self._per_second:g} requests a second with one API key",
                retry_after=timedelta(seconds=wait_s),
            )
        if len(self._full_at) >= MOST_KEYS:
            self._full_at.clear()
        self._full_at[key_id] = full_at
