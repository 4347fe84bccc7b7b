"""When a failed call is tried again at once, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.jira.failures import JiraFailure


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a caller waits itself; anything longer is the outbox's to schedule.

    Atlassian's guidance: at least `Retry-After`, base 2 s doubling, jitter 0.7 to 1.3, at most
    4 tries.
    """

    tries: int = 4
    base_s: float = 2.0
    longest_wait: timedelta = timedelta(seconds=15)

    def wait_s(self, tried: int, failure: JiraFailure, *, idempotent: bool) -> float | None:
        """Return the seconds to wait before the next try, or None to give up.

        A call that may have happened is repeated only when that does no harm.
        """
        if failure.permanent or tried >= self.tries:
            return None
        if failure.workspace_wide or (failure.may_have_happened and not idempotent):
            return None
        jitter = random.uniform(0.7, 1.3)  # noqa: S311  # Jitter is no secret.
        backoff = self.base_s * 2 ** (tried - 1) * jitter
        asked = failure.retry_after.total_seconds() if failure.retry_after else 0.0
        wait = max(backoff, asked)
        return wait if wait <= self.longest_wait.total_seconds() else None
