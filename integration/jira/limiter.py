"""Jira's limit on writes to one issue: 20 in 2 seconds and 100 in 30, however one signs in."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOWS = ((2.0, 20), (30.0, 100))
"""Seconds, and writes that fit into them."""
HORIZON_S = max(seconds for seconds, _ in WINDOWS)
SWEEP_EVERY = 1_000


class IssueWriteLimiter:
    """Counts writes per issue in this process, in sliding windows; safe to share by threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._writes: dict[str, deque[float]] = {}
        self._reserved = 0

    def reserve(self, issue: str) -> float:
        """Take one write and return 0, or take nothing and return the seconds until one is free."""
        with self._lock:
            now = self._monotonic()
            self._sweep(now)
            writes = self._writes.setdefault(issue, deque())
            while writes and writes[0] <= now - HORIZON_S:
                writes.popleft()
            wait = max(_until_free(writes, now, seconds, most) for seconds, most in WINDOWS)
            if wait <= 0:
                writes.append(now)
                return 0.0
            return wait

    def _sweep(self, now: float) -> None:
        """Forget issues without recent writes now and then, so that memory stays bounded."""
        self._reserved += 1
        if self._reserved % SWEEP_EVERY == 0:
            self._writes = {
                issue: writes
                for issue, writes in self._writes.items()
                if writes and writes[-1] > now - HORIZON_S
            }


def _until_free(writes: deque[float], now: float, seconds: float, most: int) -> float:
    if len(writes) < most:
        return 0.0
    return max(writes[-most] + seconds - now, 0.0)
