"""Questions that meet in one process: all answered, in order, none for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from integration.caps.combiner import Combiner
from integration.foundation.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_each_thread_gets_its_own_answer_and_each_exception_its_own_thread() -> None:
    def double_all(asked: Sequence[int]) -> list[int | Exception]:
        return [Conflict(str(each)) if each % 10 == 0 else 2 * each for each in asked]

    combiner: Combiner[int, int] = Combiner(double_all)

    def ask(number: int) -> int | str:
        try:
            return combiner.ask(number)
        except Conflict as refused:
            return refused.message

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(500)))
    combiner.stop()
    assert answers == [str(n) if n % 10 == 0 else 2 * n for n in range(500)]


def test_what_queues_while_a_round_runs_is_decided_together_in_order_of_arrival() -> None:
    rounds: list[list[int]] = []
    has_begun, may_go_on = Event(), Event()

    def decide_all(asked: Sequence[int]) -> list[int | Exception]:
        rounds.append(list(asked))
        has_begun.set()
        may_go_on.wait()
        return list(asked)

    combiner: Combiner[int, int] = Combiner(decide_all)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(combiner.ask, 0)]
        has_begun.wait()
        for number in (1, 2, 3):
            asked.append(pool.submit(combiner.ask, number))
            while combiner.queued < number:
                pass
        may_go_on.set()
        assert [each.result() for each in asked] == [0, 1, 2, 3]
    combiner.stop()
    assert rounds == [[0], [1, 2, 3]]


def test_a_full_queue_and_a_passed_deadline_say_come_again() -> None:
    has_begun, may_go_on = Event(), Event()

    def decide_all(asked: Sequence[int]) -> list[int | Exception]:
        has_begun.set()
        may_go_on.wait()
        return list(asked)

    combiner: Combiner[int, int] = Combiner(decide_all, capacity=1, deadline_s=0.01)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(combiner.ask, 0)
        has_begun.wait()
        with pytest.raises(Unavailable, match="in time"):
            combiner.ask(1)
        with pytest.raises(Unavailable, match="Too many"):
            combiner.ask(2)
        with pytest.raises(Unavailable, match="in time"):
            first.result()
    may_go_on.set()
    combiner.stop()


def test_who_gave_up_keeps_the_answer_from_nobody_behind() -> None:
    may_go_on = Event()

    def decide_all(asked: Sequence[int]) -> list[int | Exception]:
        may_go_on.wait()
        return [-each for each in asked]

    combiner: Combiner[int, int] = Combiner(decide_all, deadline_s=0.5)
    with pytest.raises(Unavailable, match="in time"):
        combiner.ask(1)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(combiner.ask, number) for number in (2, 3)]
        while combiner.queued < 2:
            pass
        may_go_on.set()
        assert sorted(each.result() for each in asked) == [-3, -2]
    combiner.stop()


def test_a_fault_reaches_everyone_who_waits_and_the_next_round_is_unharmed() -> None:
    is_away = True

    def decide_all(asked: Sequence[int]) -> list[int | Exception]:
        if is_away:
            raise OSError
        return list(asked)

    combiner: Combiner[int, int] = Combiner(decide_all)
    with pytest.raises(OSError):  # noqa: PT011 -- ours, without a message.
        combiner.ask(1)
    is_away = False
    assert combiner.ask(2) == 2
    combiner.stop()
