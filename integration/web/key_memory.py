"""Remembers for a moment whose API key was valid, so that a burst of requests asks once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.read_ahead import ReadAhead
from integration.workspaces import key_store
from integration.workspaces import queries as workspace_queries
from integration.workspaces.workspace import key_digest

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.workspaces.workspace import Caller

KEPT_S = 2.0
"""How long a revoked key may still be let in by a process that has just seen it valid."""


class KeyMemory:
    """Holders of valid keys by the digest of their key; unknown keys are looked up each time."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        self._callers: ReadAhead[bytes, Caller | None] = ReadAhead(KEPT_S)

    def caller_with(self, secret: str) -> Caller | None:
        """Return who holds a key; None for an unknown or revoked one."""
        return self._callers.get(key_digest(secret), lambda _: self._look_up(secret))

    def _look_up(self, secret: str) -> Caller | None:
        with self._transactions.begin() as session:
            at = self._clock.now()
            caller = workspace_queries.caller_with(session, secret, at)
            if caller is not None:
                key_store.note_key_used(session, caller.workspace_id, caller.key_id, at)
        return caller
