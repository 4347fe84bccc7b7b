"""Journey: the calls that ask at the same time in one process are decided together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integration.caps.combiner import Combiner
from integration.foundation.errors import StoryMeterError
from integration.journeys.authorize_call import Answer, Decider, prepared
from integration.journeys.call_scope import SurroundingsMemory, labels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.caps.request import AuthorizationRequest, StoredCall
    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.journeys.book_shelf import BookShelf

    Asking = tuple[str, StoredCall]

SURROUNDINGS_KEPT_S = 1.0
"""How much later than in Jira's webhook a story's move between Sprints may count."""


class Authorizer:
    """Answers as `authorize_call` does, for many threads at once. One per process.

    Strict across processes as well: each round holds the rows of the caps it decides on.
    """

    def __init__(
        self, transactions: Transactions, books: BookShelf, clock: Clock, *,
        surroundings_kept_s: float = SURROUNDINGS_KEPT_S, capacity: int = 1000,
        deadline_s: float = 10.0,
    ) -> None:  # fmt: skip
        self._transactions = transactions
        self._books = books
        self._clock = clock
        self._memory = SurroundingsMemory(surroundings_kept_s)
        self._combiner: Combiner[Asking, Answer] = Combiner(
            self._decide, capacity=capacity, deadline_s=deadline_s
        )

    def authorize(self, workspace_id: str, asked: AuthorizationRequest) -> Answer:
        """Hold a call's worst case, or say which cap refuses it.

        All that does not rest on how the caps stand is worked out in the thread that asks.

        Raises:
            InvalidInput, Conflict: as `authorize_call`.
            Unavailable: too many ask, or there was no answer in time; ask again with the same id.
        """
        asked.check()
        now, labels = self._clock.now(), frozenset((labels_of(asked),))
        around = self._memory.look(self._transactions, workspace_id, labels, now)
        books = self._books.for_workspace(workspace_id)
        return self._combiner.ask((workspace_id, prepared(asked, around, books, now)))

    def stop(self) -> None:
        """Let the deciding thread end."""
        self._combiner.stop()

    def _decide(self, asked: Sequence[Asking]) -> list[Answer | Exception]:
        """One transaction for each workspace among those who ask."""
        by_workspace: dict[str, list[int]] = {}
        for place, (workspace_id, _) in enumerate(asked):
            by_workspace.setdefault(workspace_id, []).append(place)
        outcomes: dict[int, Answer | Exception] = {}
        for workspace_id, places in by_workspace.items():
            answers = self._decide_one_workspace(workspace_id, [asked[each][1] for each in places])
            outcomes |= dict(zip(places, answers, strict=True))
        return [outcomes[place] for place in range(len(asked))]

    def _decide_one_workspace(
        self, workspace_id: str, calls: Sequence[StoredCall]
    ) -> Sequence[Answer | Exception]:
        """Halve what the journey cannot take, until the call at fault is alone."""
        try:
            books = self._books.for_workspace(workspace_id)
            decider = Decider(
                self._transactions, workspace_id, books, self._memory, self._clock.now()
            )
            return decider.decide(calls)
        except Exception as fault:  # Whatever it is, the threads that wait must hear of it.
            if len(calls) == 1 or is_passing(fault):
                return [fault] * len(calls)
            half = len(calls) // 2
            return [
                *self._decide_one_workspace(workspace_id, calls[:half]),
                *self._decide_one_workspace(workspace_id, calls[half:]),
            ]


def is_passing(fault: Exception) -> bool:
    """Say whether the database was away or busy: no fault of the call that asked."""
    return isinstance(fault, (OperationalError, InterfaceError, PoolTimeout, StoryMeterError))
