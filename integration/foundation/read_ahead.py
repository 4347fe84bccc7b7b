"""What is read again every few seconds, without a crowd that waits for it each time."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Key = TypeVar("Key")
Value = TypeVar("Value")

AHEAD = 0.75
"""From which share of its time on a value is read again by the first who needs it."""
MOST_KEPT = 4096
"""Whoever may name keys at will cannot fill the memory: beyond, all is read anew."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    read_at: float


class ReadAhead(Generic[Key, Value]):
    """Keeps values for so many seconds each.

    The first who needs one that ages reads it again, and the others go on with what they have.
    Where there is none, they wait for the one who reads. Safe to share between threads.
    """

    def __init__(self, kept_s: float) -> None:
        self._kept_s = kept_s
        self._kept: dict[Key, _Kept[Value]] = {}
        self._reading: dict[Key, Lock] = {}

    def get(self, key: Key, read: Callable[[Value | None], Value]) -> Value:
        """Return a value of the last seconds.

        `read` is told the last one. None is not kept.
        """
        kept = self._kept.get(key)
        age = monotonic() - kept.read_at if kept is not None else self._kept_s
        if kept is not None and age < self._kept_s * AHEAD:
            return kept.value
        reading = self._reading.setdefault(key, Lock())
        if not reading.acquire(blocking=age >= self._kept_s) and kept is not None:
            return kept.value
        try:
            again = self._kept.get(key)
            if again is not None and again is not kept:
                return again.value
            return self._read(key, read, kept)
        finally:
            reading.release()

    def _read(
        self, key: Key, read: Callable[[Value | None], Value], kept: _Kept[Value] | None
    ) -> Value:
        read_at = monotonic()
        value = read(kept.value if kept is not None else None)
        if value is None:
            self.forget(key)
            return value
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
            self._reading.clear()
        self._kept[key] = _Kept(value, read_at)
        return value

    def forget(self, key: Key) -> None:
        """Read this again at its next use."""
        self._kept.pop(key, None)
        self._reading.pop(key, None)
