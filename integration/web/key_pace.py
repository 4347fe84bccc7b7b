"""How many requests one API key may send to this machine: a token bucket for each key.

The buckets of all web processes stand in one file that each maps into its memory, so that a look
costs no statement and no message. Another machine counts for itself.
"""

from __future__ import annotations

import mmap
import struct
from datetime import timedelta
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING

from integration.foundation.errors import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BURST_S = 2.0
"""How many seconds' worth of requests may come at once."""

_BUCKET = struct.Struct("=8sd")
"""A key's mark, and the moment at which its bucket would be full again: that says it all."""
_SHELVES, _ON_A_SHELF = 1024, 8
"""A key's bucket stands on one shelf, in any place there; a bucket that is full may be replaced."""
_SHELF_BYTES = _BUCKET.size * _ON_A_SHELF


class KeyPace:
    """Refuses the requests of a key that come faster than `per_second` for longer than a moment.

    Shared, as far as it matters, between threads and the processes that name the same file: two
    requests at the same instant may cost one token. The clock must be the machine's.
    """

    def __init__(
        self, per_second: float, shared_in: Path | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._per_second = per_second
        self._burst_s = max(BURST_S, 1 / per_second)
        self._now = now
        self._buckets = _mapped(shared_in, _SHELVES * _SHELF_BYTES)

    def take(self, key_id: str) -> None:
        """Take one token of a key.

        Raises:
            TooManyRequests: there is none; it says when there will be.
        """
        now = self._now()
        mark = blake2b(key_id.encode(), digest_size=8).digest()
        place, full_at = self._find(mark, now)
        full_at = max(full_at, now) + 1 / self._per_second
        wait_s = full_at - now - self._burst_s
        if wait_s > 0:
            raise TooManyRequests(
                f"More than {self._per_second:g} requests a second with one API key",
                retry_after=timedelta(seconds=wait_s),
            )
        _BUCKET.pack_into(self._buckets, place, mark, full_at)

    def _find(self, mark: bytes, now: float) -> tuple[int, float]:
        """Where a key's bucket stands, or is to stand: in place of the one that is full soonest."""
        shelf = int.from_bytes(mark, "big") % _SHELVES * _SHELF_BYTES
        soonest, at = float("inf"), shelf
        for place in range(shelf, shelf + _SHELF_BYTES, _BUCKET.size):
            known, full_at = _BUCKET.unpack_from(self._buckets, place)
            # No bucket takes longer to fill: such a one is from before the machine started anew.
            full_at = full_at if full_at <= now + 2 * self._burst_s else now
            if known == mark:
                return place, full_at
            if full_at < soonest:
                soonest, at = full_at, place
        return at, now


def _mapped(file: Path | None, size: int) -> mmap.mmap:
    """Map a file into memory, made where it is missing; without one, memory of this process."""
    if file is None:
        return mmap.mmap(-1, size)
    with file.open("a+b") as opened:
        opened.truncate(size)
        return mmap.mmap(opened.fileno(), size)
