"""What a reader hands back: the sound events, the rejected items, and how many were not usage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.foundation.errors import FieldError, InvalidInput
from integration.metering.usage import faults

if TYPE_CHECKING:
    from datetime import datetime

    from integration.metering.usage import UsageEvent

MAX_ITEMS = 20_000  # Items of one body; 512 is what the usual exporters send at once.


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """One item that was not taken. `index` counts the items as they were sent, from 0."""

    index: int
    id: str
    code: str
    message: str
    """Begins with the JSON pointer of the field."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events with the index of the item each came from; `ignored` items were sound but no usage."""

    events: list[tuple[int, UsageEvent]]
    rejected: list[RejectedItem]
    ignored: int


class Unreadable(Exception):
    """One item cannot be read."""

    def __init__(self, pointer: str, code: str, message: str) -> None:
        super().__init__(message)
        self.error = FieldError(pointer, code, message)


class Collector:
    """Gathers a Batch item by item; checks every event before it is let in.

    `path` is where the items lie in the body, such as `/events`.
    """

    __slots__ = ("events", "ignored", "now", "path", "rejected")

    def __init__(self, now: datetime, path: str = "") -> None:
        self.now = now
        self.path = path
        self.events: list[tuple[int, UsageEvent]] = []
        self.rejected: list[RejectedItem] = []
        self.ignored = 0

    def take(self, index: int, event: UsageEvent) -> None:
        """Let the event in, or reject its item with the first fault and the number of others."""
        found = faults(event, self.now)
        if not found:
            self.events.append((index, event))
            return
        first = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        name = event.event_id or event.response_id or event.call_id or event.span_id
        error = FieldError(first.pointer, first.code, first.message + more)
        self.reject(index, name, error)

    def reject(self, index: int, item_id: str, error: FieldError) -> None:
        """Refuse one item."""
        pointer = f"{self.path}/{index}{error.pointer}"
        message = f"{pointer}: {error.message}"
        self.rejected.append(RejectedItem(index, item_id[:256], error.code, message))

    def batch(self) -> Batch:
        """Return what was gathered."""
        return Batch(self.events, self.rejected, self.ignored)


def malformed(pointer: str, code: str, message: str) -> InvalidInput:
    """Build the error for a body that cannot be read as a whole."""
    return InvalidInput(message, errors=(FieldError(pointer, code, message),))


def too_many() -> InvalidInput:
    """Build the error for a body with more items than are taken at once."""
    return malformed("", "too_many_items", f"send at most {MAX_ITEMS} items in one body")
