"""Journey: clients ask whether calls may spend, before they call the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.caps.policy import (
    Amounts,
    Balance,
    Denied,
    FailurePolicy,
    Granted,
    Table,
    covers,
    failure_policy,
)
from integration.caps.request import AuthorizationRequest, Decided, StoredCall
from integration.foundation.errors import Conflict, StoryMeterError, Unavailable
from integration.journeys.call_scope import SurroundingsMemory, labels_of
from integration.journeys.cap_notices import promise_denial_notice
from integration.journeys.worst_case import worst_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from integration.caps.policy import CallScope, Cap
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.journeys.call_scope import Surroundings

__all__ = ["Answer", "AuthorizationRequest", "authorize_call", "authorize_calls"]

RACES = 5
"""How often two processes may meet on one id before the client is asked to come again."""
MOST_ALTERNATIVES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, with the worst case it was made on and what was assumed for it."""

    authorization_id: str
    decision: Granted | Denied
    amounts: Amounts
    state: str
    expires_at: datetime
    alternative: str = ""
    """An approved model with which the same call would have been granted."""
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
    books: Books, *, now: datetime, memory: SurroundingsMemory | None = None,
) -> list[Answer | StoryMeterError]:  # fmt: skip
    """Decide calls one after the other, in one round of locks; answer each with what it met.

    The answers are those that `authorize_call` would give in the same order.
    """
    answers: dict[int, Answer | StoryMeterError] = {}
    labels = frozenset(map(labels_of, asked))
    around = (memory or SurroundingsMemory(0)).look(transactions, workspace_id, labels, now)
    calls: dict[int, StoredCall] = {}
    for place, each in enumerate(asked):
        try:
            each.check()
            calls[place] = _call(each, around, books, now)
        except StoryMeterError as refused:
            answers[place] = refused
    for _ in range(RACES if calls else 0):
        with transactions() as session:
            round_ = _Round(session, workspace_id, books, around.default_region, now)
            decided = round_.decide(list(calls.values()))
            if round_.keep():
                session.commit()
                answers |= dict(zip(calls, decided, strict=True))
                break
    else:
        if calls:
            raise Unavailable("Other calls are using the same ids at this moment")
    return [answers[place] for place in range(len(asked))]


def _call(
    asked: AuthorizationRequest, around: Surroundings, books: Books, now: datetime
) -> StoredCall:
    amounts = worst_case(asked, asked.region or around.default_region, books, now)
    return StoredCall(asked, amounts, around.scope_of(asked, now))


class _Round:
    """One transaction that decides calls in order of arrival."""

    def __init__(
        self, session: Session, workspace_id: str, books: Books, default_region: str, now: datetime
    ) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._books = books
        self._default_region = default_region
        self._now = now
        self._in_force: list[Cap] = []
        self._covering: dict[CallScope, list[str]] = {}
        self._table = Table()
        self._known: dict[str, tuple[str, StoredCall, datetime, Granted]] = {}
        self._decided: dict[str, Decided] = {}
        self._denials: dict[str, tuple[Denied, str, str]] = {}

    def decide(self, calls: Sequence[StoredCall]) -> list[Answer | StoryMeterError]:
        """Lock what covers the calls, then decide each on what the ones before it left."""
        session, workspace_id = self._session, self._workspace_id
        ids = {call.asked.authorization_id for call in calls}
        self._in_force, known = cap_queries.caps_and_known(session, workspace_id, ids)
        for each in known.values():
            granted = Granted(each.holds)
            self._known[each.authorization_id] = each.state, each.call, each.expires_at, granted
        wanted = {cap_id for call in calls for cap_id in self._cover(call.scope)}
        amounts = cap_queries.locked_amounts(session, workspace_id, wanted) if wanted else {}
        self._table.balances = {
            cap.cap_id: Balance(cap.at(self._now), *amounts[cap.cap_id])
            for cap in self._in_force
            if cap.cap_id in amounts
        }
        return [self._answer(call) for call in calls]

    def _policy(self, call: StoredCall) -> FailurePolicy:
        cover = self._cover(call.scope)
        return failure_policy(self._table.balances[each].cap for each in cover)

    def keep(self) -> bool:
        """Write what was decided; False when another process was first with one of the ids."""
        if not self._decided:
            return True
        new = list(self._decided.values())
        if not caps.record(self._session, self._workspace_id, new, self._now):
            return False
        for cap_id, (denied, story_key, alternative) in sorted(self._denials.items()):
            promise_denial_notice(
                self._session, self._table.balances[cap_id], denied, story_key, self._now,
                alternative,
            )  # fmt: skip
        return True

    def _cover(self, scope: CallScope) -> list[str]:
        found = self._covering.get(scope)
        if found is None:
            found = [cap.cap_id for cap in self._in_force if covers(cap, scope)]
            self._covering[scope] = found
        return found

    def _answer(self, call: StoredCall) -> Answer | StoryMeterError:
        earlier = self._known.get(call.asked.authorization_id)
        if earlier is None:
            return self._decide(call, was_denied=False)
        state, stored, expires_at, granted = earlier
        name = call.asked.authorization_id
        if stored.asked != call.asked:
            return Conflict(f"Authorization {name!r} was used before for another request")
        if state == "denied":
            return self._decide(call, was_denied=True)
        if state != "held" or expires_at <= self._now:
            ended = "expired" if state == "held" else state
            return Conflict(f"Authorization {name!r} is {ended} already: a new call needs a new id")
        policy = self._policy(call)
        return Answer(name, granted, stored.amounts, state, expires_at, "", assumed(stored), policy)

    def _decide(self, call: StoredCall, *, was_denied: bool) -> Answer:
        asked, cap_ids = call.asked, self._cover(call.scope)
        decision = self._table.decide(cap_ids, call.amounts, asked.model)
        expires_at = self._now + timedelta(seconds=asked.ttl_seconds)
        name, alternative = asked.authorization_id, ""
        if isinstance(decision, Granted):
            state, holds, denied = "held", decision.holds, None
            self._known[name] = state, call, expires_at, decision
        else:
            state, holds, denied = "denied", {}, decision
            alternative = self._alternative(call, cap_ids)
            self._known[name] = state, call, expires_at, Granted({})
            if not was_denied:
                self._denials[denied.cap_id] = denied, call.scope.story_key, alternative
        if denied is None or not was_denied:
            self._decided[name] = Decided(name, state, call, expires_at, holds, denied)
        return Answer(
            name, decision, call.amounts, state, expires_at, alternative, assumed(call),
            self._policy(call),
        )  # fmt: skip

    def _alternative(self, call: StoredCall, cap_ids: Sequence[str]) -> str:
        """Name the cheapest approved model with which the call would be granted; else empty."""
        lists = [self._table.balances[cap_id].cap.approved_models for cap_id in cap_ids]
        models = dict.fromkeys(model for names in lists for model in names)
        fitting: list[tuple[int, str]] = []
        for model in list(models)[:MOST_ALTERNATIVES]:
            if model == call.asked.model:
                continue
            covering = self._cover(replace(call.scope, model=model))
            if not self._table.balances.keys() >= set(covering):
                continue
            asked = replace(call.asked, model=model, max_output_tokens=_output(call))
            region = asked.region or self._default_region
            amounts = worst_case(asked, region, self._books, self._now)
            decision = self._table.would_decide(covering, amounts, model)
            if isinstance(decision, Granted) and amounts.nanousd is not None:
                fitting.append((amounts.nanousd, model))
        return min(fitting)[1] if fitting else ""


def _output(call: StoredCall) -> int:
    return call.amounts.tokens - call.asked.input_tokens


def assumed(call: StoredCall) -> tuple[str, ...]:
    """Say what the worst case takes for granted, as stable codes with their figures."""
    said = []
    if call.asked.max_output_tokens is None:
        said.append(f"max_output_tokens:model_maximum:{_output(call)}")
    if call.asked.story_key and not call.scope.story_key:
        said.append("story_key:not_a_known_story")
    return tuple(said)
