"""Calls decided together get the answers they would have got one by one."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from integration.caps.policy import Granted
from integration.foundation.clock import FixedClock
from integration.foundation.database import connect, transactions_on
from integration.foundation.errors import InvalidInput, StoryMeterError
from integration.journeys.authorize_call import authorize_calls
from integration.journeys.authorize_together import Authorizer
from integration.journeys.book_shelf import BookShelf
from tests.journeys.stage import ACME, NOON, Stage, asked
from tests.journeys.test_caps_races import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from integration.caps.request import AuthorizationRequest


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


def test_a_call_that_postgresql_refuses_is_alone_in_its_failure(stage: Stage) -> None:
    stage.cap(10_000)
    shelf = BookShelf(stage.transactions, stage.books)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(NOON))
    poisoned = [asked(f"a{n}", 10) for n in range(9)]
    # Past the checks at the door, a text that no column can take.
    object.__setattr__(poisoned[4], "region", "\0")
    authorizer_round = authorizer._decide([(ACME, each) for each in poisoned])
    assert isinstance(authorizer_round[4], InvalidInput)
    assert stage.stands() == (0, 80)


def test_a_fault_in_one_call_does_not_take_the_others_with_it(stage: Stage, engine: Engine) -> None:
    stage.cap(10_000)
    shelf = BookShelf(stage.transactions, stage.books)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(NOON))

    def refuse(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.lstrip().startswith("WITH kept") and "a4" in parameters["ids"]:
            raise ValueError("poisoned")

    event.listen(engine, "before_cursor_execute", refuse)
    outcomes = authorizer._decide([(ACME, asked(f"a{n}", 10)) for n in range(9)])
    event.remove(engine, "before_cursor_execute", refuse)
    assert [isinstance(each, ValueError) for each in outcomes] == [n == 4 for n in range(9)]
    assert stage.stands() == (0, 80)


def test_a_database_that_is_away_is_nobodys_fault(stage: Stage) -> None:
    away = transactions_on(connect("postgresql://nobody@127.0.0.1:1/none"))
    authorizer = Authorizer(away, BookShelf(away, stage.books), FixedClock(NOON))
    outcomes = authorizer._decide([(ACME, asked(f"a{n}", 10)) for n in range(3)])
    assert {type(each).__name__ for each in outcomes} == {"OperationalError"}


def test_calls_of_several_workspaces_are_decided_each_on_its_own_caps(stage: Stage) -> None:
    stage.cap(100)
    shelf = BookShelf(stage.transactions, stage.books)
    authorizer = Authorizer(stage.transactions, shelf, FixedClock(NOON))
    outcomes = authorizer._decide(
        [(ACME, asked("a", 90)), ("unknown", asked("a", 90)), (ACME, asked("b", 90))]
    )
    states = [getattr(each, "state", type(each).__name__) for each in outcomes]
    assert states == ["held", "NotFound", "denied"]


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
