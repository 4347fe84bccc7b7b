"""Many threads, each with its own connection, on the same caps at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING

from integration.caps.policy import Granted
from integration.caps.raising.terms import Terms
from integration.foundation.errors import Conflict
from integration.journeys.raise_cap import Who, raise_cap
from tests.journeys.stage import ACME, NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tests.journeys.stage import Stage

THREADS = 8
HOUR = timedelta(hours=1)


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the tasks in as many threads, all let go at the same moment; exceptions are results."""
    gate = Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return task()
        except Exception as fault:
            return fault

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def granted(answers: Sequence[Any]) -> int:
    """Count the grants; anything but an answer is an error of the test."""
    return sum(isinstance(answer.decision, Granted) for answer in answers)


def test_threads_on_one_cap_are_granted_exactly_what_fits(stage: Stage) -> None:
    stage.cap(1000)

    def worker(number: int) -> list[Any]:
        return [stage.asks(f"{number}-{n}", 30) for n in range(10)]

    answers = at_once([partial(worker, number) for number in range(THREADS)])
    # 33 times 30 is 990; a 34th call would go over.
    assert sum(granted(each) for each in answers) == 33
    assert stage.stands() == (0, 990)


def test_a_request_repeated_at_the_same_moment_holds_once(stage: Stage) -> None:
    stage.cap(10_000)
    answers = at_once([lambda: stage.asks("a", 30)] * THREADS)
    assert granted(answers) == THREADS
    assert stage.stands() == (0, 30)


def test_one_id_for_two_requests_at_the_same_moment_is_granted_to_one(stage: Stage) -> None:
    """No cap covers them, so only the id itself stands between them."""
    answers = at_once([partial(stage.asks, "a", n) for n in range(1, THREADS + 1)])
    refused = [each for each in answers if isinstance(each, Conflict)]
    assert len(refused) == THREADS - 1


def test_usage_and_expiry_at_the_same_moment_count_the_call_once(stage: Stage) -> None:
    stage.cap(100_000)
    for n in range(12):
        stage.asks(f"a{n}", 30)
    tasks: list[Callable[[], Any]] = [
        partial(stage.uses, f"a{n}", 20, NOON + HOUR) for n in range(12)
    ]
    outcomes = at_once([*tasks, *[lambda: stage.expires(NOON + HOUR)] * 3])
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    stage.expires(NOON + HOUR)
    assert stage.stands() == (12 * 20, 0)
    assert {stage.state(f"a{n}") for n in range(12)} == {"captured"}


def test_usage_and_void_at_the_same_moment_release_once(stage: Stage) -> None:
    stage.cap(100_000)
    for n in range(8):
        stage.asks(f"a{n}", 30)
    tasks: list[Callable[[], Any]] = [partial(stage.uses, f"a{n}", 20) for n in range(8)]
    at_once([*tasks, *[partial(stage.voids, f"a{n}") for n in range(8)]])
    assert stage.stands() == (8 * 20, 0)


def test_a_cap_set_while_calls_are_booked_counts_each_of_them_once(stage: Stage) -> None:
    def uses(number: int) -> None:
        for n in range(6):
            stage.uses(f"{number}-{n}", 10)

    def sets() -> None:
        for limit in range(1, 5):
            stage.cap(limit * 10**6)

    outcomes = at_once([*[partial(uses, n) for n in range(THREADS)], sets])
    assert [each for each in outcomes if each is not None] == []
    assert stage.stands() == (THREADS * 6 * 10, 0)


def test_a_cap_set_while_calls_ask_holds_for_each_of_them(stage: Stage) -> None:
    tasks: list[Callable[[], Any]] = [partial(stage.asks, f"a{n}", 10) for n in range(THREADS)]
    at_once([*tasks, lambda: stage.cap(10**6)])
    assert stage.stands() == (0, THREADS * 10)


def test_a_raise_while_calls_are_denied_lets_later_calls_through(stage: Stage) -> None:
    stage.cap(100, thresholds=(50, 100))
    stage.asks("first", 90)
    stage.uses("first", 90)

    def asks(number: int) -> list[Any]:
        return [stage.asks(f"{number}-{n}", 20) for n in range(5)]

    def raises() -> None:
        raise_cap(
            stage.transactions, ACME, "sprint-14", Terms(300, "agreed"),
            who=Who("slack:U1", "Robin"), now=NOON,
        )  # fmt: skip

    outcomes = at_once([*[partial(asks, n) for n in range(THREADS)], raises])
    assert outcomes[-1] is None
    spent, held = stage.stands()
    assert spent == 90
    assert spent + held <= 300
    assert held == 20 * sum(granted(each) for each in outcomes[:-1])
    assert stage.asks("last", 300 - spent - held).state == "held"


def test_all_journeys_at_once_never_wait_in_a_circle(stage: Stage) -> None:
    stage.cap(10**6)
    stage.cap(10**6, "all", scope_kind="workspace", scope_value="acme", thresholds=(1, 2, 3))
    for n in range(40):
        stage.asks(f"a{n}", 50)

    def mixed(number: int) -> None:
        for n in range(number, 40, THREADS):
            stage.asks(f"b{n}", 50)
            stage.uses(f"a{n}", 400)
            stage.voids(f"b{n}")

    def changes() -> None:
        for limit in (30_000, 20_000, 40_000):
            stage.cap(limit, "all", scope_kind="workspace", scope_value="acme", thresholds=(1, 50))

    def expires() -> None:
        stage.expires(NOON + timedelta(minutes=1))

    outcomes = at_once(
        [
            *[partial(mixed, n) for n in range(THREADS)],
            changes,
            expires,
        ]
    )
    assert [each for each in outcomes if each is not None] == []
    assert stage.stands() == (40 * 400, 0)
    assert stage.stands("all") == (40 * 400, 0)
