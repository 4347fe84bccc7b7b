"""What a worker has claimed: a delivery to read, or a promise to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """A received message that a worker has claimed."""

    workspace_id: str
    inbox_id: int
    source: str
    event: str
    subject: str
    body: bytes
    attempts: int
    repeats: tuple[int, ...] = ()
    """Later deliveries that say the same of the same subject: one reading answers them all."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A subject outside that shall show `body`; claimed by a worker."""

    workspace_id: str
    kind: str
    subject: str
    body: dict[str, Any]
    version: int
    receipt: dict[str, Any]
    attempts: int
