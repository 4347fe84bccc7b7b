"""Group commit: requests that arrive while a transaction runs share the next one.

Nobody lingers. Whoever finds the pen free writes everything that waits, its own submission
included, and hands the pen to the next one that came meanwhile. A submission is answered after the
commit that holds it.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integration.foundation.errors import Unavailable
from integration.foundation.turn import Turn, let_go

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.journeys.known_calls import Outcome
    from integration.journeys.record_usage import Submission, UsageRecorder

MOST_WAITING_EVENTS = 50_000
MOST_IN_ONE_TRANSACTION = 5_000
DEADLINE_S = 15.0
RETRY_AFTER = timedelta(seconds=1)


class Ticket(Turn):
    """A submission in the queue. Its thread's turn comes with the pen, or once it is written."""

    __slots__ = ("error", "has_pen", "submission")

    def __init__(self, submission: Submission) -> None:
        super().__init__()
        self.submission = submission
        self.error: BaseException | None = None
        self.has_pen = False


class UsageQueue:
    """Records submissions of many threads, several in one transaction."""

    def __init__(
        self, recorder: UsageRecorder, *, most_waiting_events: int = MOST_WAITING_EVENTS,
        deadline_s: float = DEADLINE_S,
    ) -> None:  # fmt: skip
        self._recorder = recorder
        self._most_waiting_events = most_waiting_events
        self._deadline_s = deadline_s
        self._waiting: deque[Ticket] = deque()
        self._waiting_events = 0
        self._pen_is_taken = False
        self._lock = Lock()

    @property
    def waiting_events(self) -> int:
        """How many events wait for the next transaction."""
        return self._waiting_events

    def record(self, submission: Submission) -> Sequence[Outcome]:
        """Record a submission; returns once it is committed.

        Raises:
            Unavailable: too much waits already, or it took too long. Sent again, it counts once.
        """
        if not submission.events:
            return ()
        # By this thread, while another one's transaction runs. The recorder rejects what cannot be.
        with suppress(ValueError, OverflowError):
            submission.arrival()
        ticket = Ticket(submission)
        with self._lock:
            self._let_in(ticket)
            ticket.has_pen = not self._pen_is_taken
            self._pen_is_taken = True
        if not ticket.has_pen:
            self._wait(ticket)
        if ticket.has_pen:
            self._write()
        if ticket.error is not None:
            raise ticket.error
        return submission.outcomes

    def _let_in(self, ticket: Ticket) -> None:
        events = len(ticket.submission.events)
        if self._waiting and self._waiting_events + events > self._most_waiting_events:
            raise Unavailable(
                f"{self._waiting_events} events wait to be recorded; send this again",
                retry_after=RETRY_AFTER,
            )
        self._waiting.append(ticket)
        self._waiting_events += events

    def _wait(self, ticket: Ticket) -> None:
        """Wait to be written by someone else, or to be handed the pen."""
        if ticket.wait(self._deadline_s):
            return
        with self._lock:
            if ticket.has_pen:
                return
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._waiting_events -= len(ticket.submission.events)
        # Being written or not, its fate will be the same when it is sent again.
        raise Unavailable("The database is slow; send this again", retry_after=RETRY_AFTER)

    def _write(self) -> None:
        """Write what waits, in order of arrival, then hand the pen on."""
        batch = self._take()
        is_over = False
        try:
            self._record(batch)
            is_over = True
        finally:
            for ticket in batch:
                if not is_over and ticket.error is None:
                    ticket.error = Unavailable("This process ends; send this again")
            self._hand_on()
            let_go(batch[1:])  # The first is our own.

    def _hand_on(self) -> None:
        """Give the pen to who has waited longest, before anybody is answered."""
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            if following is None:
                self._pen_is_taken = False
                return
            following.has_pen = True
        following.go()

    def _take(self) -> list[Ticket]:
        batch: list[Ticket] = []
        events = 0
        with self._lock:
            while self._waiting:
                events += len(self._waiting[0].submission.events)
                if batch and events > MOST_IN_ONE_TRANSACTION:
                    break
                batch.append(self._waiting.popleft())
            self._waiting_events -= sum(len(each.submission.events) for each in batch)
        return batch

    def _record(self, batch: Sequence[Ticket]) -> None:
        """Record tickets together; if that fails, each alone, so that one cannot fail another."""
        try:
            self._recorder.record([each.submission for each in batch])
        except Exception as error:
            if len(batch) == 1 or _is_away(error):
                for ticket in batch:
                    ticket.error = error
                return
            for ticket in batch:
                self._record([ticket])


def _is_away(error: Exception) -> bool:
    """Whether the database is away: trying each submission alone would only take longer."""
    return isinstance(error, (OperationalError, PoolTimeout))
