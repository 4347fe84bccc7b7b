"""Journey: usage arrives from any source and lands, once, on the story that spent it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import DBAPIError

from integration.journeys.arrived_calls import Arrival
from integration.journeys.book_calls import book_calls
from integration.journeys.usage_settings import SettingsMemory
from integration.ledger import store as ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.journeys.known_calls import Outcome
    from integration.metering.usage import UsageEvent

log = structlog.get_logger()

ATTEMPTS = 4
DAYS_AT_ONCE = 50
DEADLOCK, UNIQUE, NO_PARTITION = "40P01", "23505", "23514"


@dataclass(slots=True, eq=False)
class Submission:
    """Events of one workspace that came together, and what became of each."""

    workspace_id: str
    events: Sequence[UsageEvent]
    books: Books
    now: datetime
    outcomes: list[Outcome] = field(default_factory=list)
    _arrival: Arrival | None = None

    def arrival(self) -> Arrival:
        """The events as calls. Whoever asks first makes them: best before the transaction."""
        if self._arrival is None:
            self._arrival = Arrival(self.events, self.books, self.now)
        return self._arrival


def record_usage(
    transactions: Transactions,
    workspace_id: str,
    events: Sequence[UsageEvent],
    books: Books,
    *,
    now: datetime,
) -> list[Outcome]:
    """Count each call exactly once, price it, attribute it, capture its hold; answer per event.

    The sources have checked the events. Acknowledged means committed. A better record of a call
    that is known already takes the earlier entry back and writes a new one.
    """
    submission = Submission(workspace_id, events, books, now)
    UsageRecorder(transactions).record([submission])
    return submission.outcomes


class UsageRecorder:
    """Records usage; remembers between times what seldom changes. Shared by threads."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._settings = SettingsMemory()
        self._days: set[date] = set()

    def record(self, submissions: Sequence[Submission]) -> None:
        """Record submissions in one transaction and note the outcome of each event.

        An event that PostgreSQL will not take is `rejected` alone; the others are recorded.
        """
        submissions = [each for each in submissions if each.events]
        if not submissions:
            return
        try:
            self._record_together(submissions)
        except (DBAPIError, ValueError, OverflowError) as error:
            if not _is_poison(error):
                raise
            self._record_apart(submissions, error)

    def _record_apart(self, submissions: Sequence[Submission], error: Exception) -> None:
        """Halve what failed until the event that made it fail stands alone."""
        if len(submissions) > 1:
            middle = len(submissions) // 2
            self.record(submissions[:middle])
            self.record(submissions[middle:])
            return
        whole = submissions[0]
        if len(whole.events) == 1:
            whole.outcomes = ["rejected"]
            log.error("usage.rejected", workspace=whole.workspace_id, error=str(error)[:500])
            return
        middle = len(whole.events) // 2
        halves = [
            replace(whole, events=events, outcomes=[], _arrival=None)
            for events in (whole.events[:middle], whole.events[middle:])
        ]
        for half in halves:
            self.record([half])
        whole.outcomes = halves[0].outcomes + halves[1].outcomes

    def _record_together(self, submissions: Sequence[Submission]) -> None:
        arrived: dict[str, list[Submission]] = defaultdict(list)
        for submission in submissions:
            arrived[submission.workspace_id].append(submission)
        # In one order of workspaces, so that no two processes wait for each other.
        arrivals = {
            workspace_id: [each.arrival() for each in arrived[workspace_id]]
            for workspace_id in sorted(arrived)
        }
        now = max(each.now for each in submissions)
        outcomes = self._book(arrivals, now)
        for workspace_id, told in outcomes.items():
            following = iter(told)
            for submission in arrived[workspace_id]:
                submission.outcomes = list(islice(following, len(submission.events)))

    def _book(self, arrivals: dict[str, list[Arrival]], now: datetime) -> dict[str, list[Outcome]]:
        days = {day for each in arrivals.values() for arrival in each for day in arrival.days}
        for attempt in range(1, ATTEMPTS + 1):
            self._make_room(days)
            try:
                with self._transactions.begin() as session:
                    return {
                        workspace_id: book_calls(session, workspace_id, each, self._settings, now)
                        for workspace_id, each in arrivals.items()
                    }
            except DBAPIError as error:
                if not self._is_worth_another_try(error) or attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _is_worth_another_try(self, error: DBAPIError) -> bool:
        """A race was lost, or retention dropped a day that we remembered."""
        state = getattr(error.orig, "sqlstate", None)
        if state == NO_PARTITION:
            self._days.clear()
        return state in {DEADLOCK, UNIQUE, NO_PARTITION}

    def _make_room(self, days: set[date]) -> None:
        """Make partitions for days nobody foresaw, such as those of very late usage."""
        unsure = sorted(days - self._days)
        if not unsure:
            return
        with self._transactions.begin() as session:
            missing = ledger.missing_days(session, unsure)
        for start in range(0, len(missing), DAYS_AT_ONCE):
            with self._transactions.begin() as session:
                ledger.make_partitions(session, missing[start : start + DAYS_AT_ONCE])
        self._days |= days


def _is_poison(error: Exception) -> bool:
    """Whether the data is at fault: class 22 of SQLSTATE, or text that cannot be encoded."""
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None) or "").startswith("22")
    return isinstance(error, (UnicodeError, OverflowError))
