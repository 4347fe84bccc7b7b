"""Journey: calls are decided one after the other, each on what the ones before it left.

For what cannot be granted as a whole: a cap is nearly full, or an id has come before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from integration.caps.cover import CapsInForce
from integration.caps.decision_queries import held_still
from integration.caps.decision_store import recording
from integration.caps.policy import Balance, Denied, Granted, Table, failure_policy
from integration.caps.request import Decided
from integration.foundation.errors import Conflict
from integration.foundation.round_trip import round_trip
from integration.journeys.call_answer import NOTHING_FITS, Answer
from integration.journeys.cap_notices import promise_denial_notice
from integration.journeys.fitting_models import Trial, fitting_models
from integration.journeys.worst_case import worst_case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.policy import CallScope, FailurePolicy
    from integration.caps.request import StoredCall
    from integration.foundation.errors import StoryMeterError
    from integration.journeys.authorize_call import Decider
    from integration.journeys.fitting_models import Fitting


class Turns:
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

    def decide(self, calls: Sequence[StoredCall]) -> list[Answer | StoryMeterError] | None:
        """Lock what covers the calls, then decide each on what the ones before it left.

        None when the caps are others than this process has seen last.
        """

        def cover(caps: CapsInForce) -> set[str]:
            return {cap.cap_id for call in calls for cap in caps.covering(call.scope)}

        ids = {call.asked.authorization_id for call in calls}
        held = held_still(self._session, self._workspace_id, ids, cover, self._by.memory.caps)
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
        return [self._answer(call) for call in calls]

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

    def _policy(self, cover: Sequence[str]) -> FailurePolicy:
        return failure_policy(self._table.balances[each].cap for each in cover)

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
        decision = self._table.decide(cover, call.amounts, call.asked.model)
        expires_at = self._now + timedelta(seconds=call.asked.ttl_seconds)
        decided, fitting = Decided(call, decision, expires_at), NOTHING_FITS
        name, state = decided.authorization_id, decided.state
        if isinstance(decision, Denied):
            fitting = self._fitting(call)
            if not was_denied:
                self._denials[decision.cap_id] = decision, call.scope.story_key, fitting
        self._known[name] = state, call, expires_at, Granted(decided.holds)
        if state == "held" or not was_denied:
            self._decided[name] = decided
        return Answer(
            name, decision, call.amounts, state, expires_at, fitting, call.assumptions,
            self._policy(cover),
        )  # fmt: skip

    def _fitting(self, call: StoredCall) -> Fitting:
        books, now = self._by.books, self._now
        region = call.asked.region or self._by.memory.default_region(self._workspace_id)
        here = Trial(self._table, self._cover, lambda asked: worst_case(asked, region, books, now))
        return fitting_models(self._session, self._workspace_id, call, here, self._by.memory.models)
