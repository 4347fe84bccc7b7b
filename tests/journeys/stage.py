"""A small stage for tests of caps: the Acme team, story SHOP-1 in Sprint 14, and its caps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from integration.assembly import default_books
from integration.backlog.story import Membership, Sprint, Story
from integration.caps import queries as cap_queries
from integration.caps import recount_queries
from integration.caps.policy import Balance, Cap
from integration.journeys.authorize_call import Answer, AuthorizationRequest, authorize_call
from integration.journeys.book_shelf import BookShelf
from integration.journeys.call_scope import SurroundingsMemory
from integration.journeys.end_holds import expire_holds, void_call
from integration.journeys.keep_backlog import take_in_sprint, take_in_story
from integration.journeys.keep_partitions import keep_partitions
from integration.journeys.record_usage import record_usage
from integration.journeys.set_cap import set_cap
from integration.metering.usage import UsageEvent
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Team, Workspace

if TYPE_CHECKING:
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
START, END = NOON - timedelta(days=9), NOON + timedelta(days=5)
MODEL, PROVIDER = "gpt-4o", "openai"
ACME = "acme"


@dataclass(frozen=True, slots=True)
class Stage:
    """What happens in the workspace `acme`, through the journeys. One token counts as one token."""

    transactions: Transactions
    books: Books
    memory: SurroundingsMemory = field(default_factory=lambda: SurroundingsMemory(0))
    """What the process that decides remembers: the caps as it read them last."""

    def cap(self, limit: int, cap_id: str = "sprint-14", **changes: Any) -> Balance:
        """Set a blocking cap of so many tokens on Sprint 14."""
        cap = replace(Cap(ACME, cap_id, "sprint", "14", "tokens", limit), **changes)
        return set_cap(self.transactions, cap, actor="cli:test", now=NOON)

    def asks(
        self, authorization_id: str, tokens: int, now: datetime = NOON, **changes: Any
    ) -> Answer:
        """Ask for a call of so many output tokens on SHOP-1."""
        return authorize_call(
            self.transactions, ACME, asked(authorization_id, tokens, **changes), self.books,
            now=now, memory=self.memory,
        )  # fmt: skip

    def uses(self, authorization_id: str, tokens: int, at: datetime = NOON, **changes: Any) -> str:
        """Report what an authorized call used."""
        event = UsageEvent(
            **{
                "source": "api", "occurred_at": at, "provider_name": PROVIDER,
                "request_model": MODEL, "output_tokens": tokens, "story_key": "SHOP-1",
                "authorization_id": authorization_id, "event_id": f"used-{authorization_id}",
                **changes,
            }
        )  # fmt: skip
        (outcome,) = record_usage(self.transactions, ACME, [event], self.books, now=at)
        return outcome

    def voids(self, authorization_id: str, now: datetime = NOON) -> None:
        """Say that an authorized call did not happen."""
        void_call(self.transactions, ACME, authorization_id, now=now)

    def expires(self, now: datetime) -> int:
        """Let the worker end the holds whose time is up."""
        return expire_holds(self.transactions, BookShelf(self.transactions, self.books), now=now)

    def stands(self, cap_id: str = "sprint-14") -> tuple[int, int]:
        """What is spent and held under a cap."""
        with self.transactions.begin() as session:
            balance = cap_queries.balances(session, ACME, [cap_id])[cap_id]
            assert recount_queries.drifts(session) == []
        return balance.spent, balance.held

    def state(self, authorization_id: str) -> str:
        """The state of a stored authorization."""
        with self.transactions.begin() as session:
            return cap_queries.authorizations(session, ACME, [authorization_id])[
                authorization_id
            ].state

    def sprint(self, sprint_id: int = 14, **changes: Any) -> None:
        """Keep a Sprint as Jira tells it."""
        sprint = Sprint(sprint_id, 7, f"Sprint {sprint_id}", "active", "", START, END)
        take_in_sprint(self.transactions, ACME, replace(sprint, **changes), now=NOON)

    def story(self, number: int = 1, *memberships: Membership, **changes: Any) -> None:
        """Keep a story, in Sprint 14 since its start unless told otherwise."""
        take_in_story(
            self.transactions, ACME, story(number, *memberships, **changes), self.books, rows=None,
            has_section=False, now=NOON,
        )  # fmt: skip


def story(number: int, *memberships: Membership, **changes: Any) -> Story:
    """A story in Sprint 14 since its start unless told otherwise."""
    told = Story(
        str(number), f"SHOP-{number}", "SHOP", f"Story {number}", "Story", "In Progress",
        "indeterminate", updated_at=NOON, created_at=START,
        memberships=memberships or (Membership(14, START),),
    )  # fmt: skip
    return replace(told, **changes)


def asked(authorization_id: str, tokens: int, **changes: Any) -> AuthorizationRequest:
    """A request for so many output tokens on SHOP-1."""
    request = AuthorizationRequest(authorization_id, MODEL, 0, tokens, PROVIDER, "SHOP-1")
    return msgspec.structs.replace(request, **changes)


def stage_on(transactions: Transactions) -> Stage:
    """Found the workspace with its team, its Sprint and its story."""
    with transactions.begin() as session:
        workspaces.create(session, Workspace(ACME, "Acme", "UTC", "eu-west-1"), START)
        team = Team(ACME, "assist", "Acme Assist", 7, "C0ASSIST", product_owner="robin")
        workspaces.save_team(session, team)
    keep_partitions(transactions, now=NOON)
    stage = Stage(transactions, default_books())
    stage.sprint()
    stage.story()
    return stage
