"""How long things wait: leases, the space between two writes, and tries after a failure."""

from __future__ import annotations

from datetime import timedelta

LEASE = timedelta(minutes=2)
"""Of the database's time. Longer than any single delivery may take, so that no two workers send the
same thing."""

SPACING = timedelta(seconds=2)
"""Between two writes to one subject, so that a burst of changes becomes few writes."""

MAX_ATTEMPTS = 24
"""With the delays of `retry_delay`, about a day: longer than an outage, shorter than forgetting."""

LONGEST = timedelta(hours=2)


def retry_delay(attempts: int) -> timedelta:
    """Return how long to wait after the n-th failure: 2 s doubling, at most 2 hours.

    >>> [retry_delay(attempts).total_seconds() for attempts in (1, 2, 11, 12, 24)]
    [4.0, 8.0, 4096.0, 7200.0, 7200.0]
    """
    return min(timedelta(seconds=2 * 2 ** min(attempts, 12)), LONGEST)
