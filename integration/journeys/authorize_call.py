"""Journey: clients ask whether calls may spend, before they call the model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from integration.caps.decision_store import keeping_if_they_fit
from integration.caps.policy import failure_policy, granted_with_room
from integration.caps.queries import locking, steady
from integration.caps.request import AuthorizationRequest, Decided, StoredCall
from integration.foundation.errors import StoryMeterError, Unavailable
from integration.foundation.round_trip import whole_transaction
from integration.journeys.call_answer import NOTHING_FITS, Answer
from integration.journeys.call_scope import SurroundingsMemory, labels_of
from integration.journeys.decide_in_turn import Turns
from integration.journeys.worst_case import worst_case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from integration.caps.cover import CapsInForce
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.journeys.call_scope import Surroundings

__all__ = ["Answer", "AuthorizationRequest", "authorize_call", "authorize_calls"]

RACES = 5
"""How often caps or ids may turn out others than thought before the client has to come again."""


def authorize_call(
    transactions: Transactions, workspace_id: str, asked: AuthorizationRequest, books: Books, *,
    now: datetime, memory: SurroundingsMemory | None = None,
) -> Answer:  # fmt: skip
    """Hold a call's worst case under every cap that covers it, or say which cap refuses it.

    Raises:
        InvalidInput: a field is out of range, or the story's Sprint is closed.
        Conflict: the id was used for another request, or for a call that has ended.
    """
    (answer,) = authorize_calls(transactions, workspace_id, [asked], books, now=now, memory=memory)
    if isinstance(answer, StoryMeterError):
        raise answer
    return answer


def authorize_calls(
    transactions: Transactions, workspace_id: str, asked: Sequence[AuthorizationRequest],
    books: Books, *, now: datetime, memory: SurroundingsMemory | None = None,
) -> list[Answer | StoryMeterError]:  # fmt: skip
    """Decide calls one after the other, in one round of locks; answer each with what it met.

    The answers are those that `authorize_call` would give in the same order.
    """
    labels = frozenset(map(labels_of, asked))
    memory = memory or SurroundingsMemory(0)
    around = memory.look(transactions, workspace_id, labels, now)
    answers: dict[int, Answer | StoryMeterError] = {}
    calls: dict[int, StoredCall] = {}
    for place, each in enumerate(asked):
        try:
            each.check()
            calls[place] = prepared(each, around, books, now)
        except StoryMeterError as refused:
            answers[place] = refused
    desk = Decider(transactions, workspace_id, books, memory, now)
    answers |= dict(zip(calls, desk.decide(list(calls.values())), strict=True))
    return [answers[place] for place in range(len(asked))]


def prepared(
    asked: AuthorizationRequest, around: Surroundings, books: Books, now: datetime
) -> StoredCall:
    """Work out all of a call that does not rest on how the caps stand.

    Raises:
        InvalidInput: its worst case cannot be known, or the story's Sprint is closed.
    """
    region = asked.region or around.default_region
    return StoredCall(asked, worst_case(asked, region, books, now), around.scope_of(asked, now))


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides prepared calls of one workspace, in order of arrival."""

    transactions: Transactions
    workspace_id: str
    books: Books
    memory: SurroundingsMemory
    now: datetime

    def decide(self, calls: Sequence[StoredCall]) -> Sequence[Answer | StoryMeterError]:
        """Decide calls in one round of locks.

        Raises:
            Unavailable: caps keep changing, or other processes keep using the same ids.
        """
        if not calls:
            return []
        return self._granted_together(calls) or self._decided_in_turn(calls)

    def _granted_together(self, calls: Sequence[StoredCall]) -> list[Answer] | None:
        """Grant all calls in one round trip if all of them fit; None, and nothing is held, if not.

        What a call holds does not rest on how the caps stand. Whether it all fits PostgreSQL says
        itself once it has the rows, so that nobody waits at them for a thread of ours.
        """
        remembered = self.memory.caps.last(self.workspace_id)
        if remembered is None:
            return None
        found = [granted_whole(call, remembered.caps, self.now) for call in calls]
        granted = [each for each in found if each is not None]
        if len(granted) < len(calls):
            return None
        caps = remembered.caps.named({cap_id for each in granted for cap_id in each.holds})
        limits = {cap.cap_id: cap.at(self.now).limit for cap in caps if cap.mode != "observe"}
        keeping = keeping_if_they_fit(
            self.workspace_id, granted, limits, self.now, remembered.version
        )
        try:
            with whole_transaction(self.transactions) as trip:
                trip.ask(steady(self.workspace_id))
                if caps:
                    trip.ask(locking(self.workspace_id, [cap.cap_id for cap in caps]))
                fits = trip.ask(keeping)
                trip.commit()
        except DBAPIError:
            return None  # Such as an id that is known: who looks at each call finds out which.
        return [answer_of(each, remembered.caps) for each in granted] if fits() else None

    def _decided_in_turn(self, calls: Sequence[StoredCall]) -> list[Answer | StoryMeterError]:
        for _ in range(RACES):
            with self.transactions() as session:
                turns = Turns(session, self)
                answers = turns.decide(calls)
                if answers is not None and turns.keep():
                    return answers
        raise Unavailable("Caps are being changed, or ids used by others, at this moment")


def granted_whole(call: StoredCall, caps: CapsInForce, now: datetime) -> Decided | None:
    """What a call is granted where all of it fits; None where a cap refuses it all the same."""
    decision = granted_with_room(caps.covering(call.scope), call.amounts, call.asked.model)
    expires_at = now + timedelta(seconds=call.asked.ttl_seconds)
    return None if decision is None else Decided(call, decision, expires_at)


def answer_of(granted: Decided, caps: CapsInForce) -> Answer:
    """What is told of a call that was granted."""
    call = granted.call
    return Answer(
        call.asked.authorization_id, granted.decision, call.amounts, "held", granted.expires_at,
        NOTHING_FITS, call.assumptions, failure_policy(caps.named(granted.holds)),
    )  # fmt: skip
