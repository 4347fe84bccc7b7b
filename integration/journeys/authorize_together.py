"""Journey: the calls that ask at the same time in one process are decided together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integration.caps.combiner import Combiner
from integration.foundation.errors import StoryMeterError
from integration.journeys.authorize_call import Answer, authorize_calls
from integration.journeys.call_scope import SurroundingsMemory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.caps.request import AuthorizationRequest
    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.journeys.book_shelf import BookShelf

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
        self._combiner: Combiner[tuple[str, AuthorizationRequest], Answer] = Combiner(
            self._decide, capacity=capacity, deadline_s=deadline_s
        )

    def authorize(self, workspace_id: str, asked: AuthorizationRequest) -> Answer:
        """Hold a call's worst case, or say which cap refuses it.

        Raises:
            InvalidInput, Conflict: as `authorize_call`.
            Unavailable: too many ask, or there was no answer in time; ask again with the same id.
        """
        asked.check()
        return self._combiner.ask((workspace_id, asked))

    def stop(self) -> None:
        """Let the deciding thread end."""
        self._combiner.stop()

    def _decide(
        self, together: Sequence[tuple[str, AuthorizationRequest]]
    ) -> list[Answer | Exception]:
        """One transaction for each workspace among those who ask."""
        by_workspace: dict[str, list[int]] = {}
        for place, (workspace_id, _) in enumerate(together):
            by_workspace.setdefault(workspace_id, []).append(place)
        outcomes: dict[int, Answer | Exception] = {}
        for workspace_id, places in by_workspace.items():
            asked = [together[place][1] for place in places]
            answers = self._decide_one_workspace(workspace_id, asked)
            outcomes |= dict(zip(places, answers, strict=True))
        return [outcomes[place] for place in range(len(together))]

    def _decide_one_workspace(
        self, workspace_id: str, asked: Sequence[AuthorizationRequest]
    ) -> list[Answer | Exception]:
        """Halve what the journey cannot take, until the call at fault is alone."""
        try:
            books = self._books.for_workspace(workspace_id)
            answers = authorize_calls(
                self._transactions, workspace_id, asked, books, now=self._clock.now(),
                memory=self._memory,
            )  # fmt: skip
            return list(answers)
        except Exception as fault:  # Whatever it is, the threads that wait must hear of it.
            if len(asked) == 1 or is_passing(fault):
                return [fault] * len(asked)
            half = len(asked) // 2
            return [
                *self._decide_one_workspace(workspace_id, asked[:half]),
                *self._decide_one_workspace(workspace_id, asked[half:]),
            ]


def is_passing(fault: Exception) -> bool:
    """Say whether the database was away or busy: no fault of the call that asked."""
    return isinstance(fault, (OperationalError, InterfaceError, PoolTimeout, StoryMeterError))
