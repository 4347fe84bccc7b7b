"""What Prometheus is told about the whole house, read from the database when it asks.

Counters of single processes (usage, decisions) are added up over the web's processes where
`storymeter web` started them. Nothing here names a workspace: the door is open to all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from integration.mailbox import queries as mailbox

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

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
    found = mailbox.backlog(session, now)
    registry = CollectorRegistry()
    for name, help_text, value in (
        ("inbox_waiting", "Deliveries not read yet", found.inbox_waiting),
        (
            "inbox_oldest_seconds",
            "Age of the oldest of them",
            found.inbox_oldest.total_seconds(),
        ),
        ("inbox_unread", "Deliveries that nobody could read", found.inbox_unread),
        ("outbox_waiting", "Promises not kept yet", found.outbox_waiting),
        ("outbox_oldest_seconds", "Age of the oldest of them", found.outbox_oldest.total_seconds()),
        ("outbox_failed", "Promises that were given up", found.outbox_failed),
    ):
        gauge = Gauge(f"storymeter_{name}", help_text, registry=registry)
        gauge.set(value)
    return generate_latest(registry)
