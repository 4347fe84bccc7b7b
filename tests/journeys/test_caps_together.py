"""Calls decided together get the answers they would have got one by one."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from integration.caps import queries as cap_queries
from integration.caps.combiner import Batch, _Line, _Waiting
from integration.caps.decision_store import recording
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
from tests.journeys.stage import ACME, NOON, Stage, asked
from tests.journeys.test_caps_races import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.caps.request import AuthorizationRequest, Decided, StoredCall


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
    return authorizer._decide(Batch([_Waiting(each) for each in asking], _Line(), 256))


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
        return recording(workspace_id, new, *others)

    monkeypatch.setattr(authorize_call, "recording", refuse)
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


def test_calls_join_a_round_only_under_the_caps_that_it_holds(stage: Stage) -> None:
    stage.story(2)
    stage.cap(1000, "one", scope_kind="story", scope_value="SHOP-1")
    stage.cap(1000, "two", scope_kind="story", scope_value="SHOP-2")
    names = {"a": "SHOP-1", "b": "SHOP-1", "c": "SHOP-2", "d": "SHOP-1"}
    requests = [asked(name, 10, story_key=key) for name, key in names.items()]
    a, *waiting = calls_of(stage, requests)
    fitted: list[str] = []

    def more(fits: Callable[[StoredCall], bool]) -> list[StoredCall]:
        while waiting and fits(waiting[0]):
            fitted.append(waiting[0].asked.authorization_id)
            joined.append(waiting.pop(0))
        return joined

    joined: list[StoredCall] = []
    decider = Decider(stage.transactions, ACME, stage.books, SurroundingsMemory(0), NOON)
    answers = decider.decide([a], more)
    # Of another cap and nobody behind it: who came later must not be decided before.
    assert fitted == ["b"]
    assert [getattr(each, "state", each) for each in answers] == ["held", "held"]
    assert (stage.stands("one"), stage.stands("two")) == ((0, 20), (0, 0))


def test_an_id_that_joins_is_answered_as_if_it_had_been_looked_up(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("held", 100)
    stage.asks("denied", 2000)
    new, *waiting = calls_of(
        stage, [asked("new", 10), asked("held", 100), asked("held", 7), asked("denied", 2000)]
    )
    memory = SurroundingsMemory(0)
    decider = Decider(stage.transactions, ACME, stage.books, memory, NOON)
    answers = decider.decide([new], lambda _: waiting)
    assert [getattr(each, "state", "conflict") for each in answers] == [
        "held", "held", "conflict", "denied",
    ]  # fmt: skip
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
