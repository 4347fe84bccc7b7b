"""What time it is. Every process asks a Clock, so that an installation can be moved in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still: for tests and for answering "as of"."""

    at: datetime

    def now(self) -> datetime:
        """Return the instant the clock stands at."""
        return self.at


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The machine's clock moved by the seconds written in a file that several processes share.

    The demo plays two weeks in a minute this way; the fault harness skews one process against
    another. A missing or empty file means no shift.
    """

    path: Path

    def now(self) -> datetime:
        """Return the machine's instant plus the shift in the file."""
        return datetime.now(UTC) + self.shift()

    def shift(self) -> timedelta:
        """Read how far the clock is moved."""
        try:
            return timedelta(seconds=float(self.path.read_text() or 0))
        except FileNotFoundError:
            return timedelta(0)

    def move_to(self, instant: datetime) -> None:
        """Move the shared clock to show this instant now; readers never see half a file."""
        shift = (instant - datetime.now(UTC)).total_seconds()
        fresh = self.path.with_suffix(".new")
        fresh.write_text(repr(shift))
        fresh.replace(self.path)


def clock_from(path: Path | None) -> Clock:
    """Return the shared shifted clock where a path is given, else the machine's own."""
    return ShiftedClock(path) if path else SystemClock()
