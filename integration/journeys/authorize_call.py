"""Journey: clients ask whether calls may spend, before they call the model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from integration.caps.cover import CapsInForce
from integration.caps.decision_queries import held_still
from integration.caps.decision_store import recording
from integration.caps.policy import (
    Amounts,
    Balance,
    Denied,
    FailurePolicy,
    Granted,
    Table,
    failure_policy,
)
from integration.caps.request import AuthorizationRequest, Decided, StoredCall
from integration.foundation.errors import Conflict, StoryMeterError, Unavailable
from integration.foundation.round_trip import round_trip
from integration.journeys.call_scope import SurroundingsMemory, labels_of
from integration.journeys.cap_notices import promise_denial_notice
from integration.journeys.fitting_models import Fitting, Trial, fitting_models
from integration.journeys.worst_case import worst_case

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from integration.caps.policy import CallScope
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.journeys.call_scope import Surroundings

    More = Callable[[Callable[[StoredCall], bool]], list[StoredCall]]

__all__ = ["Answer", "AuthorizationRequest", "authorize_call", "authorize_calls"]

RACES = 5
"""How often caps or ids may turn out others than thought before the client has to come again."""
NOTHING_FITS = Fitting()


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, with the worst case it was made on and what was assumed for it."""

    authorization_id: str
    decision: Granted | Denied
    amounts: Amounts
    state: str
    expires_at: datetime
    fitting: Fitting = NOTHING_FITS
    """Models with which the same call would have been granted."""
    assumptions: tuple[str, ...] = ()
    failure_policy: FailurePolicy = "fail_closed"
    """What the caps that cover the call want done with the next ones, should nobody answer."""


def authorize_call(
    transactions: Transactions, workspace_id: str, asked: AuthorizationRequest, books: Books, *,
    now: datetime,
) -> Answer:  # fmt: skip
    """Hold a call's worst case under every cap that covers it, or say which cap refuses it.

    Raises:
        InvalidInput: a field is out of range, or the story's Sprint is closed.
        Conflict: the id was used for another request, or for a call that has ended.
    """
    (answer,) = authorize_calls(transactions, workspace_id, [asked], books, now=now)
    if isinstance(answer, StoryMeterError):
        raise answer
    return answer


def authorize_calls(
    transactions: Transactions, workspace_id: str, asked: Sequence[AuthorizationRequest],
    books: Books, *, now: datetime,
) -> list[Answer | StoryMeterError]:  # fmt: skip
    """Decide calls one after the other, in one round of locks; answer each with what it met.

    The answers are those that `authorize_call` would give in the same order.
    """
    labels = frozenset(map(labels_of, asked))
    memory = SurroundingsMemory(0)
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

    def decide(
        self, calls: list[StoredCall], more: More | None = None
    ) -> list[Answer | StoryMeterError]:
        """Decide calls in one round of locks; `more` gives those that may join once these are held.

        Who joins is added to `calls` and answered with them.

        Raises:
            Unavailable: caps keep changing, or other processes keep using the same ids.
        """
        if not calls:
            return []
        for _ in range(RACES):
            with self.transactions() as session:
                round_ = _Round(session, self)
                answers = round_.decide(calls, more)
                if answers is None:
                    continue
                if round_.keep():
                    return answers
                more = None  # Those who joined are among the calls now, and looked up with them.
        raise Unavailable("Caps are being changed, or ids used by others, at this moment")


class _Round:
    """One transaction that decides calls in order of arrival."""

    def __init__(self, session: Session, by: Decider) -> None:
        self._session = session
        self._by = by
        self._workspace_id = by.workspace_id
        self._now = by.now
        self._in_force = CapsInForce(())
        self._table = Table()
        self._known: dict[str, tuple[str, StoredCall, datetime, Granted]] = {}
        self._decided: dict[str, Decided] = {}
        self._denied_before: set[str] = set()
        self._denials: dict[str, tuple[Denied, str, Fitting]] = {}

    def decide(
        self, calls: list[StoredCall], more: More | None
    ) -> list[Answer | StoryMeterError] | None:
        """Lock what covers the calls, then decide each on what the ones before it left.

        None when the caps are others than this process has seen last.
        """

        def cover(caps: CapsInForce) -> set[str]:
            return {cap.cap_id for call in calls for cap in caps.covering(call.scope)}

        held = held_still(
            self._session, self._workspace_id, _ids(calls), cover, self._by.memory.caps
        )
        if held is None:
            return None
        self._in_force = held.in_force
        self._table.balances = {
            cap.cap_id: Balance(cap.at(self._now), *held.amounts[cap.cap_id])
            for cap in held.in_force.caps
            if cap.cap_id in held.amounts
        }
        for each in held.known.values():
            granted = Granted(each.holds)
            self._known[each.authorization_id] = each.state, each.call, each.expires_at, granted
        self._denied_before = {
            each.authorization_id for each in held.known.values() if each.state == "denied"
        }
        if more is not None:
            # Nobody has looked whether one of these is stored: its id's key will say so.
            calls += more(self._is_locked)
        return [self._answer(call) for call in calls]

    def _is_locked(self, call: StoredCall) -> bool:
        """Whether every cap that covers a call is held already."""
        return self._table.balances.keys() >= set(self._cover(call.scope))

    def _policy(self, cover: Sequence[str]) -> FailurePolicy:
        return failure_policy(self._table.balances[each].cap for each in cover)

    def keep(self) -> bool:
        """Write and commit what was decided.

        False, and nothing is written, when one of the ids is stored already and was not looked for.
        """
        session, new = self._session, list(self._decided.values())
        try:
            with round_trip(session) as trip:
                again = self._denied_before & self._decided.keys()
                for statement in recording(self._workspace_id, new, again, self._now):
                    trip.ask(statement)
                if not self._denials:
                    trip.commit()
        except IntegrityError:
            return False
        if self._denials:
            self._promise_notices()
            with round_trip(session) as trip:
                trip.commit()
        session.commit()
        return True

    def _promise_notices(self) -> None:
        for cap_id, (denied, story_key, fitting) in sorted(self._denials.items()):
            promise_denial_notice(
                self._session, self._table.balances[cap_id], denied, story_key, self._now,
                alternative=fitting.cheapest, greener=fitting.greener,
            )  # fmt: skip

    def _cover(self, scope: CallScope) -> list[str]:
        return [cap.cap_id for cap in self._in_force.covering(scope)]

    def _answer(self, call: StoredCall) -> Answer | StoryMeterError:
        cover = self._cover(call.scope)
        earlier = self._known.get(call.asked.authorization_id)
        if earlier is None:
            return self._decide(call, cover, was_denied=False)
        state, stored, expires_at, granted = earlier
        name = call.asked.authorization_id
        if stored.asked != call.asked:
            return Conflict(f"Authorization {name!r} was used before for another request")
        if state == "denied":
            return self._decide(call, cover, was_denied=True)
        if state != "held" or expires_at <= self._now:
            ended = "expired" if state == "held" else state
            return Conflict(f"Authorization {name!r} is {ended} already: a new call needs a new id")
        return Answer(
            name, granted, stored.amounts, state, expires_at, NOTHING_FITS, stored.assumptions,
            self._policy(cover),
        )  # fmt: skip

    def _decide(self, call: StoredCall, cover: list[str], *, was_denied: bool) -> Answer:
        asked = call.asked
        decision = self._table.decide(cover, call.amounts, asked.model)
        expires_at = self._now + timedelta(seconds=asked.ttl_seconds)
        name, fitting = asked.authorization_id, NOTHING_FITS
        if isinstance(decision, Granted):
            state, holds, denied = "held", decision.holds, None
            self._known[name] = state, call, expires_at, decision
        else:
            state, holds, denied = "denied", {}, decision
            fitting = self._fitting(call)
            self._known[name] = state, call, expires_at, Granted({})
            if not was_denied:
                self._denials[denied.cap_id] = denied, call.scope.story_key, fitting
        if denied is None or not was_denied:
            self._decided[name] = Decided(name, state, call, expires_at, holds, denied)
        return Answer(
            name, decision, call.amounts, state, expires_at, fitting, call.assumptions,
            self._policy(cover),
        )  # fmt: skip

    def _fitting(self, call: StoredCall) -> Fitting:
        books, now = self._by.books, self._now
        region = call.asked.region or self._by.memory.default_region(self._workspace_id)
        here = Trial(self._table, self._cover, lambda asked: worst_case(asked, region, books, now))
        return fitting_models(self._session, self._workspace_id, call, here, self._by.memory.models)


def _ids(calls: Sequence[StoredCall]) -> set[str]:
    return {call.asked.authorization_id for call in calls}
