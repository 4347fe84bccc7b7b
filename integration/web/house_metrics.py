"""What Prometheus is told about the whole house, read from the database when it asks.

Counters of single processes (usage, decisions) are added up over the web's processes where
`storymeter web` started them. Nothing here names a workspace: the door is open to all.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from integration.mailbox import queries as mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prometheus_client import Metric
    from sqlalchemy.orm import Session

    from integration.mailbox.queries import Backlog

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
DECISIONS = Counter("storymeter_decisions", "Calls that asked before they spent", ["decision"])


def counters() -> bytes:
    """The processes' own counters, of all web processes where they share a folder."""
    if FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # It registers itself.
    return generate_latest(registry)


def gauges(session: Session, now: datetime) -> bytes:
    """What waits, since when, and what was given up."""
    registry = CollectorRegistry()
    registry.register(_Waiting(mailbox.backlog(session, now)))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True)
class _Waiting(Collector):
    """Read when asked, so not a `Gauge`: web processes would keep those in their shared files."""

    backlog: Backlog

    def collect(self) -> Iterator[Metric]:
        """Yield each figure."""
        found = self.backlog
        for name, meaning, value in (
            ("inbox_waiting", "Deliveries not read yet", found.inbox_waiting),
            ("inbox_oldest_seconds", "Age of the oldest", found.inbox_oldest.total_seconds()),
            ("inbox_unread", "Deliveries that nobody could read", found.inbox_unread),
            ("outbox_waiting", "Promises not kept yet", found.outbox_waiting),
            ("outbox_oldest_seconds", "Age of the oldest", found.outbox_oldest.total_seconds()),
            ("outbox_failed", "Promises that were given up", found.outbox_failed),
        ):
            yield GaugeMetricFamily(f"storymeter_{name}", meaning, value=value)
