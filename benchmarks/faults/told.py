"""What clients were told."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Told:
    """What the service acknowledged."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    acked: set[str] = field(default_factory=set)
    """Response ids of usage that was answered with 200."""
    resent: int = 0
    granted: int = 0
    denied: int = 0
    unanswered: int = 0
    """Requests that had to be sent again."""
    vanished: int = 0
    """Calls that were granted and that the service knew nothing of afterwards."""
