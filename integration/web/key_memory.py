"""Remembers for a moment whose API key was valid, so that a burst of requests asks once."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from integration.workspaces import key_store
from integration.workspaces import queries as workspace_queries
from integration.workspaces.workspace import key_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.workspaces.workspace import Caller

KEPT_S = 2.0
"""How long a revoked key may still be let in by a process that has just seen it valid."""
MOST_KEYS = 4096


class KeyMemory:
    """Holders of valid keys by the digest of their key; unknown keys are looked up each time.

    Safe to share between threads: an entry is only ever replaced or forgotten as a whole.
    """

    def __init__(
        self, transactions: Transactions, clock: Clock, now: Callable[[], float] = monotonic
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._now = now
        self._kept: dict[bytes, tuple[float, Caller]] = {}

    def caller_with(self, secret: str) -> Caller | None:
        """Return who holds a key; None for an unknown or revoked one."""
        digest = key_digest(secret)
        now = self._now()
        kept = self._kept.get(digest)
        if kept is not None and now < kept[0] + KEPT_S:
            return kept[1]
        with self._transactions.begin() as session:
            at = self._clock.now()
            caller = workspace_queries.caller_with(session, secret, at)
            if caller is not None:
                key_store.note_key_used(session, caller.workspace_id, caller.key_id, at)
        if caller is None:
            self._kept.pop(digest, None)
            return None
        if len(self._kept) >= MOST_KEYS:
            self._kept.clear()
        self._kept[digest] = (now, caller)
        return caller
