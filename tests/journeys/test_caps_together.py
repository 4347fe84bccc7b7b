"""Calls decided together get the answers they would have got one by one."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from integration.caps import decision_store
from integration.caps import queries as cap_queries
from integration.caps.decision_store import keeping_if_they_fit
from integration.caps.policy import Granted
from integration.foundation.clock import FixedClock
from integration.foundation.database import connect, transactions_on
from integration.foundation.errors import InvalidInput, NotFound, StoryMeterError
from integration.journeys import authorize_call
from integration.journeys.authorize_call import Decider, authorize_calls, prepared
from integration.journeys.authorize_together import Authorizer
from integration.journeys.book_shelf import BookShelf
from integration.journeys.call_scope import SurroundingsMemory, labels_of
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.each_statement import before_each_statement
from tests.journeys.stage import ACME, NOON, Stage, asked
from tests.journeys.test_caps_races import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from integration.caps.request import AuthorizationRequest, Decided, StoredCall


A_NEW_CAP = """
INSERT INTO cap (workspace_id, cap_id, scope_kind, scope_value, unit, limit_amount, mode,
    thresholds, failure_policy, approved_models, approvers, created_at)
VALUES ('acme', 'new', 'workspace', 'acme', 'tokens', 100, 'block', '{}', 'fail_closed', '{}', '{}',
    now())
"""


def some_requests(seed: int) -> list[AuthorizationRequest]:
    """Calls of several stories and sizes; some ids come again, with the same amount or another."""
    chance = random.Random(seed)
    return [
        asked(
            f"call-{chance.randint(1, 30)}", chance.choice([10, 10, 40, 200]),
            story_key=chance.choice(["SHOP-1", "SHOP-2", "", "nonsense"]),
            model=chance.choice(["gpt-4o", "gpt-4o-mini"]),
            ttl_seconds=chance.choice([300, 300, 300, 0]),
        )
        for _ in range(40)
    ]  # fmt: skip


def caps_on(stage: Stage) -> None:
    stage.story(2)
    stage.cap(900)
    stage.cap(500, "story", scope_kind="story", scope_value="SHOP-1")
    stage.cap(300, "mini", scope_kind="model", scope_value="gpt-4o-mini", mode="warn")


def told(answer: Any) -> Any:
    """An answer or an error in a form that can be compared."""
    if isinstance(answer, StoryMeterError):
        return type(answer), answer.message
    return answer


@pytest.mark.parametrize("seed", range(6))
def test_a_round_decides_as_one_call_after_the_other(stage: Stage, seed: int) -> None:
    requests = some_requests(seed)
    caps_on(stage)
    together = authorize_calls(stage.transactions, ACME, requests, stage.books, now=NOON)
    stood = [stage.stands(cap_id) for cap_id in ("sprint-14", "story", "mini")]
    with stage.transactions.begin() as session:
        for table in ('"authorization"', "hold", "cap_denial", "outbox"):
            session.connection().exec_driver_sql(f"TRUNCATE {table}")
        session.connection().exec_driver_sql("UPDATE cap SET held = 0")
    alone = [
        authorize_calls(stage.transactions, ACME, [each], stage.books, now=NOON)[0]
        for each in requests
    ]
    assert [told(each) for each in together] == [told(each) for each in alone]
    assert [stage.stands(cap_id) for cap_id in ("sprint-14", "story", "mini")] == stood


def test_two_processes_with_many_threads_grant_exactly_what_fits(stage: Stage) -> None:
    stage.cap(1000)
    shelf = BookShelf(stage.transactions, stage.books)
    processes = [Authorizer(stage.transactions, shelf, FixedClock(NOON)) for _ in range(2)]

    def client(number: int) -> int:
        answers = [
            processes[number % 2].authorize(ACME, asked(f"{number}-{n}", 30)) for n in range(5)
        ]
        return sum(isinstance(answer.decision, Granted) for answer in answers)

    grants = at_once([partial(client, number) for number in range(16)])
    for process in processes:
        process.stop()
    # 33 times 30 is 990.
    assert sum(grants) == 33
    assert stage.stands() == (0, 990)


def calls_of(stage: Stage, requests: list[AuthorizationRequest]) -> list[StoredCall]:
    """What the threads that ask have worked out before they queue."""
    labels = frozenset(map(labels_of, requests))
    around = SurroundingsMemory(0).look(stage.transactions, ACME, labels, NOON)
    return [prepared(each, around, stage.books, NOON) for each in requests]


def decided(authorizer: Authorizer, asking: list[tuple[str, StoredCall]]) -> list[Any]:
    """Let the deciding thread's work be done here, with nobody in the line behind."""
    return authorizer._decide(asking)


def test_a_call_that_postgresql_refuses_is_alone_in_its_failure(stage: Stage) -> None:
    stage.cap(10_000)
    shelf = BookShelf(stage.transactions, stage.books)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(NOON))
    calls = calls_of(stage, [asked(f"a{n}", 10) for n in range(9)])
    # Past the checks at the door, a text that no column can take.
    msgspec.structs.force_setattr(calls[4].asked, "region", "\0")
    outcomes = decided(authorizer, [(ACME, each) for each in calls])
    assert [isinstance(each, DBAPIError) for each in outcomes] == [n == 4 for n in range(9)]
    assert stage.stands() == (0, 80)


def test_a_fault_in_one_call_does_not_take_the_others_with_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.cap(10_000)
    shelf = BookShelf(stage.transactions, stage.books)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(NOON))
    calls = calls_of(stage, [asked(f"a{n}", 10) for n in range(9)])

    def refuse(workspace_id: str, new: list[Decided], *others: Any) -> Any:
        if any(each.authorization_id == "a4" for each in new):
            raise ValueError("poisoned")
        return keeping_if_they_fit(workspace_id, new, *others)

    monkeypatch.setattr(authorize_call, "keeping_if_they_fit", refuse)
    monkeypatch.setattr(decision_store, "keeping_if_they_fit", refuse)
    outcomes = decided(authorizer, [(ACME, each) for each in calls])
    assert [isinstance(each, ValueError) for each in outcomes] == [n == 4 for n in range(9)]
    assert stage.stands() == (0, 80)


def test_a_database_that_is_away_is_nobodys_fault(stage: Stage) -> None:
    away = transactions_on(connect("postgresql://nobody@127.0.0.1:1/none"))
    authorizer = Authorizer(away, BookShelf(stage.transactions, stage.books), FixedClock(NOON))
    calls = calls_of(stage, [asked(f"a{n}", 10) for n in range(3)])
    outcomes = decided(authorizer, [(ACME, each) for each in calls])
    assert {type(each).__name__ for each in outcomes} == {"OperationalError"}
    with pytest.raises(OperationalError):
        authorizer.authorize(ACME, asked("a", 10))


def test_calls_of_several_workspaces_are_decided_each_on_its_own_caps(stage: Stage) -> None:
    with stage.transactions.begin() as session:
        workspaces.create(session, Workspace("umbrella", "Umbrella"), NOON)
    stage.cap(100)
    shelf = BookShelf(stage.transactions, stage.books)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(NOON))
    first, other, second = calls_of(stage, [asked(name, 90) for name in ("a", "b", "c")])
    outcomes = decided(authorizer, [(ACME, first), ("umbrella", other), (ACME, second)])
    assert [each.state for each in outcomes] == ["held", "held", "denied"]
    with pytest.raises(NotFound):
        authorizer.authorize("unheard-of", asked("d", 90))


def test_calls_that_fit_are_granted_in_one_round_trip(stage: Stage, engine: Engine) -> None:
    stage.cap(1000)
    stage.cap(10, "watched", scope_kind="workspace", scope_value="acme", mode="observe")
    stage.asks("first", 10)
    decider = Decider(stage.transactions, ACME, stage.books, stage.memory, NOON)
    calls = calls_of(stage, [asked(f"a{n}", 30) for n in range(33)])
    sent: list[str] = []
    before_each_statement(engine, lambda statement: sent.append(statement.split()[0]))
    assert {getattr(each, "state", "") for each in decider.decide(calls)} == {"held"}
    assert sent == ["BEGIN", "SELECT", "SELECT", "WITH", "SET", "COMMIT", "SELECT"]
    assert (stage.stands(), stage.stands("watched")) == ((0, 1000), (0, 1000))
    # One more does not fit: looked at by itself, it is refused.
    (over,) = calls_of(stage, [asked("over", 1)])
    assert [getattr(each, "state", "") for each in decider.decide([over])] == ["denied"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cap SET limit_amount = 100",
        "UPDATE cap SET removed_at = now() WHERE cap_id = 'other'",
        A_NEW_CAP,
        "DELETE FROM cap WHERE cap_id = 'other'",
    ],
)
def test_caps_that_anybody_changed_are_not_decided_under_as_remembered(
    stage: Stage, change: str
) -> None:
    """Also when the version before this one changes them: no code of ours has to remember it."""
    stage.cap(1000)
    stage.cap(100, "other", scope_kind="story", scope_value="SHOP-1")
    stage.asks("first", 10)
    with stage.transactions.begin() as session:
        session.connection().exec_driver_sql(change)
    # 95 more fit under 1000 alone, and not under 100 as well.
    assert stage.asks("second", 95).state == ("held" if "'other'" in change else "denied")
    remembered = stage.memory.caps.last(ACME)
    assert remembered is not None
    with stage.transactions.begin() as session:
        counted = text("SELECT version FROM cap_version WHERE workspace_id = 'acme'")
        assert session.scalar(counted) == remembered.version


def test_an_id_that_came_before_is_found_among_calls_that_would_fit(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("held", 100)
    stage.asks("denied", 2000)
    calls = calls_of(stage, [asked("new", 10), asked("held", 100), asked("held", 7)])
    denied = calls_of(stage, [asked("denied", 2000)])
    decider = Decider(stage.transactions, ACME, stage.books, stage.memory, NOON)
    assert [getattr(each, "state", "conflict") for each in decider.decide(calls)] == [
        "held", "held", "conflict",
    ]  # fmt: skip
    assert [getattr(each, "state", "") for each in decider.decide(denied)] == ["denied"]
    assert stage.stands() == (0, 110)
    with stage.transactions.begin() as session:
        assert cap_queries.denials(session, ACME) == {"sprint-14": (1, 2000)}


def test_what_was_denied_may_be_granted_under_the_same_id_once_there_is_room(stage: Stage) -> None:
    stage.cap(1000)
    assert stage.asks("a", 2000).state == "denied"
    stage.cap(3000)
    assert stage.asks("a", 2000).state == "held"
    assert stage.stands() == (0, 2000)


def test_the_authorizer_sees_a_changed_cap_at_once(stage: Stage) -> None:
    stage.cap(100)
    shelf = BookShelf(stage.transactions, stage.books)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(NOON), surroundings_kept_s=3600)
    ask: Callable[[str], str] = lambda name: authorizer.authorize(ACME, asked(name, 150)).state  # noqa: E731
    assert ask("a") == "denied"
    stage.cap(200)
    assert ask("b") == "held"
    authorizer.stop()


def test_without_memory_a_closed_sprint_is_seen_at_once(stage: Stage) -> None:
    shelf = BookShelf(stage.transactions, stage.books)
    later = NOON + timedelta(hours=1)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(later), surroundings_kept_s=0)
    assert authorizer.authorize(ACME, asked("a", 1)).state == "held"
    stage.sprint(state="closed", completed_at=NOON)
    with pytest.raises(InvalidInput, match="closed"):
        authorizer.authorize(ACME, asked("b", 1))
    authorizer.stop()
