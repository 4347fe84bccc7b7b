"""Random Sprints of two teams against a plain model that knows only the rules.

Usage comes late, twice and in any order; stories move between Sprints; Sprints close, open again
and close; what Jira says arrives late or not for a long time; caps are set and raised; and a step
may be cut off at any statement, as when its process is killed, and is done again later. In the end
the books, the roll-ups, the caps and every report must say what the model says.

A failing seed is the bug report. STORYMETER_SIMULATIONS=100 plays a hundred seeds instead of two.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from integration.backlog.story import Membership, Sprint
from integration.caps import queries as cap_queries
from integration.caps import recount_queries
from integration.caps.policy import Cap
from integration.foundation.clock import FixedClock
from integration.foundation.database import transactions_on
from integration.foundation.errors import InvalidInput
from integration.foundation.secrets import SecretBox
from integration.jobs.drain_inbox import drain_inbox
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.journeys.book_shelf import BookShelf
from integration.journeys.close_sprint import close_sprint
from integration.journeys.keep_backlog import take_in_sprint, take_in_story
from integration.journeys.record_usage import record_usage
from integration.journeys.set_cap import set_cap
from integration.metering.usage import UsageEvent
from integration.reconciliation import store as reconciliation
from tests.each_statement import before_each_statement
from tests.journeys.ledger_recount import disagreements, double_reversals, spend_by_story
from tests.journeys.stage import ACME, START, stage_on, story

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from integration.backlog.story import SprintState

KEY = "b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="
STEPS = 100
SEEDS = range(int(os.environ.get("STORYMETER_SIMULATIONS", "2")))
STORIES = range(2, 8)
"""SHOP-1 belongs to the stage."""
SPRINTS = {21: 7, 22: 7, 31: 8, 32: 8}
"""Sprint and board."""
NANOUSD = {"gpt-4o-mini": (150, 600), "gpt-4o": (2500, 10_000)}
"""List price of an input and of an output token, as the provider publishes them per million."""


class Killed(BaseException):
    """The process ends here; PostgreSQL rolls back what it had not committed."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it really happened."""

    number: int
    story: int
    at: datetime
    model: str
    input_tokens: int
    output_tokens: int

    @property
    def list_cost_nanousd(self) -> int:
        given, made = NANOUSD[self.model]
        return self.input_tokens * given + self.output_tokens * made

    def sent(self) -> UsageEvent:
        return UsageEvent(
            source="api", occurred_at=self.at, provider_name="openai", request_model=self.model,
            response_id=f"call-{self.number}", input_tokens=self.input_tokens,
            output_tokens=self.output_tokens, story_key=f"SHOP-{self.story}",
        )  # fmt: skip


@dataclass
class Truth:
    """What Jira and the team know, whether or not it has reached us."""

    memberships: dict[int, list[Membership]] = field(default_factory=dict)
    completed_at: dict[int, datetime | None] = field(default_factory=lambda: dict.fromkeys(SPRINTS))
    calls: list[Call] = field(default_factory=list)

    def sprint_of(self, call: Call) -> int:
        """The rule in words: the Sprint joined last of those that the story was in at the moment;
        before the first one, the first; a Sprint's closing ends it for its stories.
        """
        told = [
            (each.joined_at, each.left_at, self.completed_at[each.sprint_id], each.sprint_id)
            for each in self.memberships[call.story]
        ]
        inside = [
            (joined, sprint_id)
            for joined, left, completed, sprint_id in told
            if joined <= call.at
            and (left is None or call.at < left)
            and (completed is None or call.at < completed)
        ]
        if inside:
            return max(inside)[1]
        first = min(told, default=None)
        return first[3] if first and call.at < first[0] else 0

    def spend(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Calls and list cost by story and Sprint."""
        calls: Counter[tuple[str, int]] = Counter()
        cost: Counter[tuple[str, int]] = Counter()
        for call in self.calls:
            place = (f"SHOP-{call.story}", self.sprint_of(call))
            calls[place] += 1
            cost[place] += call.list_cost_nanousd
        return {place: (calls[place], cost[place]) for place in calls}

    def tokens_of(self, sprint_id: int) -> int:
        return sum(
            call.input_tokens + call.output_tokens
            for call in self.calls
            if self.sprint_of(call) == sprint_id
        )


class Play:
    """Lets things happen, brings word of them in its own time, and compares in the end."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine = engine
        self.transactions = transactions_on(engine)
        self.books = stage_on(self.transactions).books
        self.chance = random.Random(seed)
        self.truth = Truth()
        self.now = START
        self.usage: list[Call] = []
        self.hints: list[Callable[[], None]] = []
        self.statements_left = -1
        before_each_statement(engine, self._before)
        for number in STORIES:
            self.truth.memberships[number] = []
            self.hints.append(partial(self.read_story, number))
        self.hints += [partial(self.read_sprint, sprint_id) for sprint_id in SPRINTS]

    def _before(self, _: str) -> None:
        self.statements_left -= 1
        if self.statements_left == 0:
            raise Killed

    def run(self) -> None:
        happenings = [self.call] * 6 + [self.move] * 2 + [self.close, self.reopen, self.cap]
        for _ in range(STEPS):
            self.now += timedelta(minutes=self.chance.randint(1, 120))
            self.chance.choice(happenings)()
            if self.chance.random() < 0.7:
                self.deliver(self.chance.choice((self.some_usage, self.some_hint, self.drain)))

    def settle(self) -> None:
        """Everything that was on its way arrives."""
        while self.usage or self.hints:
            self.some_usage()
            self.some_hint()
        self.now += timedelta(days=1)
        with self.engine.begin() as connection:
            # What a killed worker had in hand is free again after two minutes.
            connection.execute(text("UPDATE inbox SET leased_until = NULL"))
        self.drain()

    def deliver(self, what: Callable[[], None]) -> None:
        if self.chance.random() < 0.3:
            self.statements_left = self.chance.randint(1, 20)
        try:
            what()
        except Killed:
            pass
        finally:
            self.statements_left = -1

    def call(self) -> None:
        story_number = self.chance.choice(STORIES)
        for _ in range(self.chance.randint(1, 4)):
            call = Call(
                len(self.truth.calls), story_number,
                self.now - timedelta(seconds=self.chance.randint(0, 5000)),
                self.chance.choice(list(NANOUSD)), self.chance.randint(0, 9000),
                self.chance.randint(1, 900),
            )  # fmt: skip
            self.truth.calls.append(call)
            self.usage += [call] * self.chance.choice((1, 1, 1, 2, 3))

    def move(self) -> None:
        """A story leaves the Sprint it is in, or joins another, or both."""
        number = self.chance.choice(STORIES)
        history = self.truth.memberships[number]
        if history and history[-1].left_at is None and self.chance.random() < 0.8:
            last = history.pop()
            history.append(Membership(last.sprint_id, last.joined_at, self.now))
        open_sprints = [name for name, at in self.truth.completed_at.items() if at is None]
        elsewhere = set(open_sprints) - {each.sprint_id for each in history}
        if elsewhere and self.chance.random() < 0.8:
            history.append(Membership(self.chance.choice(sorted(elsewhere)), self.now))
        self.hints.append(partial(self.read_story, number))

    def close(self) -> None:
        self._change_sprint(self.now, lambda at: at is None)

    def reopen(self) -> None:
        self._change_sprint(None, lambda at: at is not None)

    def _change_sprint(
        self, completed_at: datetime | None, fits: Callable[[datetime | None], bool]
    ) -> None:
        sprints = [name for name, at in self.truth.completed_at.items() if fits(at)]
        if sprints:
            sprint_id = self.chance.choice(sprints)
            self.truth.completed_at[sprint_id] = completed_at
            self.hints.append(partial(self.read_sprint, sprint_id))

    def cap(self) -> None:
        """A person sets or changes a cap; nobody has to bring word of it."""
        sprint_id = self.chance.choice(list(SPRINTS))
        limit = self.chance.randint(1, 10**6)
        cap = Cap(ACME, f"cap-{sprint_id}", "sprint", str(sprint_id), "tokens", limit, "observe")

        def set_it() -> None:
            # Refused while we know nothing of the Sprint, or that it has closed.
            with suppress(InvalidInput):
                set_cap(self.transactions, cap, actor="test", now=self.now)

        self.deliver(set_it)

    def some_usage(self) -> None:
        """Send a part of what is waiting, in any order; what is cut off is sent again later."""
        size = self.chance.randint(1, 12)
        self.chance.shuffle(self.usage)
        part, rest = self.usage[:size], self.usage[size:]
        events = [call.sent() for call in part]
        record_usage(self.transactions, ACME, events, self.books, now=self.now)
        self.usage = rest

    def some_hint(self) -> None:
        """Jira's webhooks are hints: whoever gets one reads what is true now."""
        if self.hints:
            place = self.chance.randrange(len(self.hints))
            self.hints[place]()
            self.hints.pop(place)

    def read_story(self, number: int) -> None:
        told = story(
            number, *self.truth.memberships[number] or (Membership(0, self.now, self.now),),
            updated_at=self.now,
        )  # fmt: skip
        take_in_story(
            self.transactions, ACME, told, self.books, rows=None, has_section=False, now=self.now
        )

    def read_sprint(self, sprint_id: int) -> None:
        completed_at = self.truth.completed_at[sprint_id]
        state: SprintState = "active" if completed_at is None else "closed"
        told = Sprint(
            sprint_id, SPRINTS[sprint_id], f"Sprint {sprint_id}", state, "", START,
            START + timedelta(days=14), completed_at,
        )  # fmt: skip
        take_in_sprint(self.transactions, ACME, told, now=self.now)
        close_sprint(self.transactions, ACME, sprint_id, self.books, reason="closed", now=self.now)

    def drain(self) -> None:
        """The worker revises the reports of Sprints whose spend changed after their closing."""
        clock = FixedClock(self.now)
        outside = Outside(self.transactions, SecretBox(KEY), clock)
        shelf = BookShelf(self.transactions, self.books)
        house = House(self.transactions, shelf, outside, clock, "http://localhost")
        while drain_inbox(house):
            pass

    def compare(self) -> None:
        assert disagreements(self.transactions) == []
        assert double_reversals(self.transactions) == 0
        expected = self.truth.spend()
        assert spend_by_story(self.transactions) == expected
        with self.transactions.begin() as session:
            assert recount_queries.drifts(session) == []
            for sprint_id, completed_at in self.truth.completed_at.items():
                cost = sum(value[1] for place, value in expected.items() if place[1] == sprint_id)
                standing = reconciliation.latest(session, ACME, sprint_id)
                if completed_at is not None:
                    assert standing is not None
                    assert int(standing.body["totals"]["list_cost_nanousd"]) == cost
                found = cap_queries.balances(session, ACME, [f"cap-{sprint_id}"])
                for balance in found.values():
                    assert balance.spent == self.truth.tokens_of(sprint_id)


# Whoever is killed closes nothing.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_whole_system_says_what_a_plain_model_says(engine: Engine, seed: int) -> None:
    play = Play(engine, seed)
    play.run()
    play.settle()
    play.compare()
