"""Thousands of interleavings of everything that can happen to a cap, against a plain model.

Several clients act on one PostgreSQL. A step may stop at any statement, as when its process is
killed; and at the moment before it locks the caps, another client's whole step may come between.
After each step the books are compared with a dictionary that knows only the rules. Two planted
faults show that the comparison can fail.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from integration.caps import decision_store, recount_queries
from integration.caps import queries as cap_queries
from integration.caps.policy import Balance, Granted
from integration.caps.raising.terms import Terms
from integration.foundation.database import transactions_on
from integration.foundation.errors import Conflict, InvalidInput
from integration.foundation.round_trip import ask
from integration.journeys import authorize_call, capture_holds, end_holds
from integration.journeys.raise_cap import Who, raise_cap
from integration.journeys.turn_caps import turn_caps
from tests.each_statement import before_each_statement
from tests.journeys.stage import ACME, NOON, Stage, stage_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

STEPS = 400
SEEDS = range(3)
TTL = timedelta(seconds=60)


Standing = tuple[int, "datetime | None", int | None]
"""A cap's limit, until when it is raised for a time, and what it falls back to."""


class Killed(Exception):
    """The process ends here; PostgreSQL rolls back what it had not committed."""


@dataclass
class Model:
    """What the rules say: each call's hold, how it ended, and what was really used."""

    terms: Standing = (0, None, None)
    holds: dict[str, int] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    expires_at: dict[str, datetime] = field(default_factory=dict)
    is_closed: bool = False

    def limit_at(self, now: datetime) -> int:
        """A raise for a time ends on the dot, also when nobody has noted it yet."""
        limit, until, after = self.terms
        return after if until is not None and after is not None and now >= until else limit

    @property
    def held(self) -> int:
        return sum(amount for name, amount in self.holds.items() if name not in self.ends)

    @property
    def spent(self) -> int:
        """What was used, and the hold itself where nobody said what was."""
        estimated = sum(
            self.holds[name]
            for name, end in self.ends.items()
            if end == "expired" and name not in self.used
        )
        return estimated + sum(self.used.values())


class Play:
    """Chooses what happens next, does it, and compares."""

    def __init__(self, stage: Stage, engine: Engine, seed: int) -> None:
        self.stage, self.model = stage, Model()
        self.chance = random.Random(seed)
        self.now = NOON
        self.asked = 0
        self.may_stand: set[Standing] = set()
        self.statements_left = -1
        self.comes_between: Callable[[], None] | None = None
        before_each_statement(engine, self._before)

    def _before(self, statement: str) -> None:
        self.statements_left -= 1
        if self.statements_left == 0:
            raise Killed
        if self.comes_between and statement.startswith("SELECT 1 FROM cap"):
            other, self.comes_between = self.comes_between, None
            left, self.statements_left = self.statements_left, -1
            other()
            self.statements_left = left

    def step(self) -> None:
        actions: list[Callable[[], None]] = [
            self.ask, self.ask, self.ask, self.ask, self.repeat, self.use, self.use, self.use_twice,
            self.void, self.pass_time, self.set_limit, self.raise_for_a_time, self.turn,
            self.close_or_reopen,
        ]  # fmt: skip
        action = self.chance.choice(actions)
        if self.chance.random() < 0.2:
            self.statements_left = self.chance.randint(1, 25)
        if self.chance.random() < 0.4 and action not in {
            self.set_limit, self.raise_for_a_time, self.turn, self.close_or_reopen,
        }:  # fmt: skip
            self.comes_between = self.chance.choice([self.ask, self.void, self.pass_time])
        try:
            action()
        except Killed:
            pass
        finally:
            self.statements_left, self.comes_between = -1, None
        self.compare()

    def ask(self) -> None:
        self.asked += 1
        self._ask(f"call-{self.asked}", self.chance.randint(1, 400))

    def repeat(self) -> None:
        if self.model.holds:
            name = self.chance.choice(list(self.model.holds))
            try:
                self._ask(name, self.model.holds[name])
            except Conflict:
                self.read_ends()
                assert name in self.model.ends or self.model.expires_at[name] <= self.now

    def _ask(self, name: str, tokens: int) -> None:
        now = self.now
        try:
            answer = self.stage.asks(name, tokens, now, ttl_seconds=int(TTL.total_seconds()))
        except InvalidInput:
            assert self.model.is_closed
            return
        except Killed:
            self._heard(name, tokens, now, is_granted=self.read_ends().get(name) == "held")
            raise
        assert not self.model.is_closed
        self.read_ends()
        self._heard(
            name, tokens, now, is_granted=isinstance(answer.decision, Granted), is_told=True
        )

    def _heard(
        self, name: str, tokens: int, now: datetime, *, is_granted: bool, is_told: bool = False
    ) -> None:
        """Compare what was decided; who was killed may have been granted without being told."""
        room = self.model.limit_at(now) - self.model.spent - self.model.held
        if name not in self.model.holds and (is_told or is_granted):
            assert is_granted == (tokens <= room), "granted against the rules"
            self.model.expires_at[name] = now + TTL
        if is_granted:
            self.model.holds[name] = tokens

    def use(self) -> None:
        """Report an earlier call's usage: for less, for more, in time, or late."""
        waiting = [name for name in self.model.holds if name not in self.model.used]
        if waiting:
            name = self.chance.choice(waiting)
            tokens = self.chance.choice([1, self.model.holds[name], self.model.holds[name] + 50])
            self.stage.uses(name, tokens, self.now, occurred_at=NOON)
            self.model.used[name] = tokens
            self.model.ends.setdefault(name, "captured")

    def use_twice(self) -> None:
        if self.model.used:
            name = self.chance.choice(list(self.model.used))
            outcome = self.stage.uses(name, self.model.used[name], self.now, occurred_at=NOON)
            assert outcome == "duplicate"

    def void(self) -> None:
        if self.model.holds:
            name = self.chance.choice(list(self.model.holds))
            try:
                self.stage.voids(name, self.now)
            except Conflict:
                self.read_ends()
                assert self.model.ends[name] != "void", "ended in two ways"
            except Killed:  # Perhaps after its commit, before it was told.
                if self.stage.state(name) == "void":
                    assert self.model.ends.setdefault(name, "void") == "void", "ended in two ways"
                raise
            else:
                assert self.model.ends.setdefault(name, "void") == "void", "ended in two ways"

    def pass_time(self) -> None:
        self.now += timedelta(seconds=self.chance.randint(1, 90))
        self.stage.expires(self.now)

    def turn(self) -> None:
        """Let the clock note that a raise has ended; it may be late."""
        _, until, _ = self.model.terms
        is_over = until is not None and until <= self.now
        wanted = (self.model.limit_at(self.now), None, None) if is_over else self.model.terms
        self._changes(wanted, lambda: turn_caps(self.stage.transactions, now=self.now))

    def set_limit(self) -> None:
        limit = self.chance.randint(500, 6000)
        self._changes((limit, None, None), lambda: self.stage.cap(limit))

    def raise_for_a_time(self) -> None:
        """Raise what stands, also above a raise that is running or has ended unnoticed."""
        limit, _, after = self.model.terms
        higher, until = limit + 500, self.now + timedelta(seconds=self.chance.randint(1, 200))
        terms, who = Terms(higher, "a customer", until), Who("slack:U1")
        self._changes(
            (higher, until, limit if after is None else after),
            lambda: raise_cap(
                self.stage.transactions, ACME, "sprint-14", terms, who=who, now=self.now
            ),
        )

    def _changes(self, wanted: Standing, change: Callable[[], object]) -> None:
        """Change the limit: done, or as before when the process was killed on the way."""
        self.may_stand = {self.model.terms, wanted}
        change()
        self.may_stand = {wanted}

    def close_or_reopen(self) -> None:
        closed_at = self.now + timedelta(seconds=1)
        closed: dict[str, Any] = {"state": "closed", "completed_at": closed_at}
        self.stage.sprint(**({} if self.model.is_closed else closed))
        self.model.is_closed = not self.model.is_closed
        self.now += timedelta(seconds=2)

    def read_ends(self) -> dict[str, str]:
        """Take over which holds the worker has ended; it may have been killed between two.

        Returns the state of every authorization.
        """
        self.statements_left = -1
        with self.stage.transactions.begin() as session:
            states = text('SELECT authorization_id, state FROM "authorization"')
            found = {row[0]: row[1] for row in session.execute(states)}
        for name, state in found.items():
            if state == "expired":
                assert self.model.ends.setdefault(name, "expired") == "expired", "ended in two ways"
            elif state in {"captured", "void"}:
                assert name in self.model.ends, "a hold ended by itself"
        return found

    def compare(self) -> None:
        """Compare what stands with what the rules say."""
        self.read_ends()
        with self.stage.transactions.begin() as session:
            assert recount_queries.drifts(session) == [], "held is not the sum of the open holds"
            astray = session.scalar(
                text(
                    'SELECT count(*) FROM hold JOIN "authorization" a USING (authorization_id) '
                    "WHERE is_open <> (a.state = 'held')"
                )
            )
            balance = cap_queries.balances(session, ACME)["sprint-14"]
        assert astray == 0, "a hold ended otherwise than its call"
        cap = balance.cap
        terms = cap.limit, cap.raised_until, cap.limit_after
        assert terms in (self.may_stand or {self.model.terms}), "a limit changed by itself"
        self.model.terms, self.may_stand = terms, set()
        stands, by_rule = (balance.spent, balance.held), (self.model.spent, self.model.held)
        assert stands == by_rule, "spent or held otherwise than by the rules"


def played(engine: Engine, seed: int, steps: int = STEPS) -> Play:
    stage = stage_on(transactions_on(engine))
    play = Play(stage, engine, seed)
    stage.cap(3000)
    play.model.terms = (3000, None, None)
    for _ in range(steps):
        play.step()
    return play


@pytest.mark.parametrize("seed", SEEDS)
def test_no_interleaving_grants_over_the_limit_or_loses_a_hold(engine: Engine, seed: int) -> None:
    play = played(engine, seed)
    assert set(play.model.ends.values()) == {"captured", "void", "expired"}


def ignores_what_is_held(patch: pytest.MonkeyPatch) -> None:
    """Check against the limit only."""
    patch.setattr(Balance, "available", property(lambda self: self.cap.limit - self.spent))


def settles_without_locks(patch: pytest.MonkeyPatch) -> None:
    """Believe what was read before the locks."""

    def locked(session: Session, workspace_id: str, ids: Collection[str]) -> dict[str, Any]:
        found = cap_queries.authorizations(session, workspace_id, ids)
        cap_ids = {cap_id for each in found.values() for cap_id in each.holds}
        ask(session, cap_queries.locking(workspace_id, cap_ids))
        return found

    patch.setattr(capture_holds, "locked_with_caps", locked)
    patch.setattr(end_holds, "locked_with_caps", locked)


def takes_for_granted_that_all_fits(patch: pytest.MonkeyPatch) -> None:
    """Write what would fit, and do not let PostgreSQL look."""

    def keeping(workspace_id: str, decided: Any, limits: Any, *others: Any) -> Any:
        return decision_store.keeping_if_they_fit(workspace_id, decided, {}, *others)

    patch.setattr(authorize_call, "keeping_if_they_fit", keeping)


@pytest.mark.parametrize(
    "plant", [ignores_what_is_held, settles_without_locks, takes_for_granted_that_all_fits]
)
def test_a_planted_fault_is_caught(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=r"granted against the rules|in two ways|otherwise"):
        played(engine, 1)
