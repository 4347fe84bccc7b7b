"""Threads that wait for one another's work go on one after the other."""

from __future__ import annotations

from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Turn:
    """A thread's place in a line: it waits until it is let go, and then wakes the one behind it.

    Were all of them woken at once, they would fight over the interpreter with each other and with
    the thread that does the next piece of work; that cost twice as much as the work itself.
    """

    __slots__ = ("behind", "came", "is_given_up")

    def __init__(self) -> None:
        self.behind: Turn | None = None
        self.came = Lock()
        self.came.acquire()
        self.is_given_up = False

    def wait(self, seconds: float) -> bool:
        """Wait for the turn and wake the next one; False when it did not come in time."""
        if not self.came.acquire(timeout=seconds):
            self.is_given_up = True
            # It may have come just now: then somebody behind waits for us.
            if not self.came.acquire(blocking=False):
                return False
        if self.behind is not None:
            self.behind.go()
        return True

    def go(self) -> None:
        """Give the turn to this one, or to the first behind it who has not given up."""
        turn: Turn | None = self
        while turn is not None:
            turn.came.release()
            if not (turn.is_given_up and turn.came.acquire(blocking=False)):
                return
            turn = turn.behind


def let_go(turns: Sequence[Turn]) -> None:
    """Let them go, one after the other."""
    for turn, behind in pairwise(turns):
        turn.behind = behind
    if turns:
        turns[0].go()
